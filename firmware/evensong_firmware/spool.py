"""The night's memory: whole numbered frames until the hub has acknowledged them, and the samples of frames still open.

Two rings share one raw flash partition. The frame ring holds whole frames. The log ring holds checkpoints: the state
of this boot (ids, counters, clock, acknowledgement) and the samples taken since the checkpoint before. A frame that
closes makes the checkpointed samples of its stream moot; nothing says so but the frame itself, so there is no moment
at which a sample is in neither place or counts twice. See docs/decisions/0004-spool.md.

It does not encode: the recorder puts frames into `frame`, and after a reboot gets the open samples back to encode them.

Invariants, whatever byte the power fails at: a frame that `append` took is there until it is acknowledged; a sample
that `checkpoint` took is in one frame or comes back from `open_samples`, never both; a number (boot id, seq) under
which a frame could be read is never given to another frame; nothing is allocated by the calls that a sample causes.

A sample is 8 bytes wherever the firmware passes one on: t_s (3), t_ms | stream << 10 (2), a (1), b (2), little endian.
"""

from struct import pack_into

from evensong_firmware.ring import HEADER, MAX_PAYLOAD, SECTOR, Ring, Window, get16, get24, put24
from evensong_firmware.state import (
    ACK_BOOT,
    ACK_SEQ,
    BOOT_ID,
    CLOSED,
    DROPPED,
    INCARNATION,
    NEXT_SEQ,
    STATE,
    STORED,
    UNREPORTED,
    State,
)
from evensong_firmware.wire import EVENT_SPOOL_FULL, KIND_EVENT, MAX_FRAME_BYTES, MAX_SEALED_BYTES

SAMPLE = 8
STREAMS = 3  # streams have the numbers 0 to 2
_PER_CHECKPOINT = (MAX_PAYLOAD - STATE) // SAMPLE
_CHECKPOINT = "%ds%ds" % (STATE, SAMPLE * _PER_CHECKPOINT)  # a slice allocates before MicroPython 1.26

# Where a frame in a window has what the spool looks at: behind length and tag of its record.
_KIND = 2 + 1
_BOOT = 2 + 6
_SEQ = 2 + 8
_CODE = 2 + 16  # of an event


class Cursor:
    """A place in the frame ring: in front of the first frame at or behind `offset` in sector `number`."""

    def __init__(self):
        self.number = 0
        self.offset = HEADER

    def put(self, other):
        self.number = other.number
        self.offset = other.offset


def not_after(boot_a, seq_a, boot_b, seq_b):
    """True if frame a comes before b or is b. Boot ids wrap; a spool never holds half of all of them."""
    if boot_a == boot_b:
        return seq_a <= seq_b
    return (boot_b - boot_a) & 0xFFFF < 0x8000


class Spool:
    """device: block device with MicroPython's extended protocol and sectors of 4096 bytes. entropy: n -> n random
    bytes, for the incarnation of a spool that was never used. stream_of: frame kind -> its stream, -1 if it has none.

    state: of the boot that `begin_boot` began; until then of the one before. frame: where `append` takes a frame from.
    found: where `read` leaves one, with room to seal it; nothing needs it afterwards.
    """

    def __init__(self, device, entropy, stream_of):
        self._out = Window()
        self._seen = Window()
        self.frame = memoryview(self._out.buf)[2 : 2 + MAX_FRAME_BYTES]
        self.found = memoryview(self._seen.buf)[2 : 2 + MAX_SEALED_BYTES]
        self.stream_of = stream_of
        self.state = State()
        self._pending = bytearray(SAMPLE * _PER_CHECKPOINT)  # samples since the last checkpoint
        self._pending_n = 0
        self._live_from = [-1] * STREAMS  # log sector with the first open sample of each stream; -1: none
        blocks = device.ioctl(4, 0)
        if device.ioctl(5, 0) != SECTOR or blocks < 6:
            raise ValueError("a spool needs at least 6 sectors of 4096 bytes")
        log_sectors = min(16, max(3, blocks // 4))
        self.log = Ring(device, 0, log_sectors, 0xE6, self._seen, self._out)
        self.frames = Ring(device, log_sectors, blocks - log_sectors, 0xE5, self._seen, self._out)
        self.tail = Cursor()
        self._last = Cursor()
        if not self._load_state():
            self.frames.forget_all()
            self.state.raw[INCARNATION : INCARNATION + 4] = entropy(4)
            self.checkpoint(0, 0)
        self.rewind(self.tail, get16(self.state.raw, ACK_BOOT), get24(self.state.raw, ACK_SEQ), True)
        self._count_late_frames()

    # --- mounting ---

    def _load_state(self):
        """Take the state of the last whole checkpoint; False if there is none."""
        log = self.log
        number = log.head
        while number >= 0 and number >= log.oldest():
            found = False
            after = log.read(number, HEADER) if log.header(number) else 0
            while after:
                if self._seen.buf[0] >= STATE:
                    self.state.raw[:] = self._seen.first[16][2 : 2 + STATE]
                    found = True
                after = log.read(number, after)
            if found:
                return True
            number -= 1
        return False

    def _count_late_frames(self):
        """Take into the state what was appended after the last checkpoint."""
        state, buf = self.state.raw, self._seen.buf
        late = Cursor()
        self.rewind(late, self.state.boot_id, self.state.next_seq)
        while self.read(late):
            if get16(buf, _BOOT) != self.state.boot_id:
                continue
            seq = get24(buf, _SEQ)
            put24(state, NEXT_SEQ, seq + 1)
            put24(state, STORED, get24(state, STORED) + buf[1])
            stream = self.stream_of(buf[_KIND])
            if stream >= 0:
                put24(state, CLOSED + 3 * stream, seq + 1)
            elif buf[_KIND] == KIND_EVENT and buf[_CODE] == EVENT_SPOOL_FULL:
                self.state.told()

    def open_samples(self, visit):
        """Call `visit(buf, i)` for each sample, in order, that the boot in `state` left in no frame; it is at buf[i].

        `visit` may append frames. A second call would visit them again: follow with `begin_boot`.
        """
        log, buf = self.log, self._seen.buf
        boot_id = self.state.boot_id
        closed = [get24(self.state.raw, CLOSED + 3 * stream) for stream in range(STREAMS)]
        for number in range(log.oldest(), log.head + 1):
            after = log.read(number, HEADER) if log.header(number) else 0
            while after:
                n = buf[0]
                if n >= STATE and get16(buf, 2 + BOOT_ID) == boot_id:
                    next_seq = get24(buf, 2 + NEXT_SEQ)
                    for i in range(2 + STATE, 2 + n - SAMPLE + 1, SAMPLE):
                        stream = buf[i + 4] >> 2
                        if stream < STREAMS and closed[stream] <= next_seq:
                            visit(buf, i)
                after = log.read(number, after)

    def begin_boot(self, entropy):
        """The next boot id; numbers and counters start again. Durable when it returns."""
        raw = self.state.raw
        boot_id = self.state.boot_id + 1
        if boot_id > 0xFFFF:  # ids start again: under a new incarnation nothing can be taken for a duplicate
            boot_id = 1
            raw[INCARNATION : INCARNATION + 4] = entropy(4)
        self.state.begin(boot_id)
        self._pending_n = 0
        for stream in range(STREAMS):
            self._live_from[stream] = -1
        self.checkpoint(0, 0)

    # --- writing ---

    def append(self, n, samples):
        """Store the n bytes in `frame`, a frame that has the number `next_seq` and holds this many samples.

        Returns False if there is no room: the frame is gone, its number is used up, its samples count as dropped.
        """
        ring, raw, buf = self.frames, self.state.raw, self._out.buf
        seq = get24(raw, NEXT_SEQ)
        stream = self.stream_of(buf[_KIND])
        fits = ring.fits(n)
        if not fits and ring.head + 1 - ring.sectors < self.tail.number:
            ring.open_next(get16(raw, BOOT_ID), seq)
            fits = True
        put24(raw, NEXT_SEQ, seq + 1)
        if fits:
            ring.append(n, samples)
            put24(raw, STORED, get24(raw, STORED) + samples)
        else:
            put24(raw, DROPPED, get24(raw, DROPPED) + samples)
            put24(raw, UNREPORTED, get24(raw, UNREPORTED) + samples)
        if stream >= 0:
            put24(raw, CLOSED + 3 * stream, seq + 1)
            self._live_from[stream] = -1
            self._strike(stream)
        return fits

    def _strike(self, stream):
        """Take a stream's samples out of `pending`: they are in a frame now."""
        pending, kept = self._pending, 0
        for i in range(self._pending_n):
            at = SAMPLE * i
            if pending[at + 4] >> 2 != stream:
                for k in range(SAMPLE):
                    pending[SAMPLE * kept + k] = pending[at + k]
                kept += 1
        self._pending_n = kept

    def hold(self, sample, at):
        """Remember the sample at sample[at] until the next checkpoint, which is at once if there is no more room."""
        if self._pending_n == _PER_CHECKPOINT:
            self.checkpoint(self.state.t_s, self.state.t_ms)
        i = self._pending_n * SAMPLE
        for k in range(SAMPLE):
            self._pending[i + k] = sample[at + k]
        self._pending_n += 1

    def checkpoint(self, t_s, t_ms):
        """Make the state and all samples held durable; every sample up to this device time was handed in."""
        self.state.set_time(t_s, t_ms)
        log, buf, raw = self.log, self._out.buf, self.state.raw
        n = STATE + self._pending_n * SAMPLE
        if not log.fits(n):
            log.open_next(0, 0)
        pending = self._pending
        pack_into(_CHECKPOINT, buf, 2, raw, pending)  # all of it, which is quicker than its first part
        for i in range(self._pending_n):
            stream = pending[SAMPLE * i + 4] >> 2
            if self._live_from[stream] < 0:
                self._live_from[stream] = log.head
        log.append(n, self._pending_n)
        self._pending_n = 0

    def crowded(self):
        """True if the log will soon have to overwrite samples of open frames: close them."""
        soon = self.log.head + 2 - self.log.sectors
        for live_from in self._live_from:
            if 0 <= live_from <= soon:
                return True
        return False

    # --- reading and forgetting ---

    def read(self, cursor):
        """Length of the frame at the cursor, which is then in `found` and the cursor behind it; 0 at the end."""
        ring = self.frames
        if cursor.number < ring.oldest():
            cursor.number = ring.oldest()
            cursor.offset = HEADER
        while cursor.number <= ring.head:
            if cursor.offset != HEADER or ring.header(cursor.number):
                after = ring.read(cursor.number, cursor.offset)
                if after:
                    cursor.offset = after
                    return self._seen.buf[0]
            if cursor.number == ring.head:
                break
            cursor.number += 1
            cursor.offset = HEADER
        return 0

    def rewind(self, cursor, boot_id, seq, behind=False):
        """Put the cursor in front of the first frame that is not before this number; if `behind`, that is after it."""
        ring = self.frames
        number = ring.head
        while number > ring.oldest():
            if ring.header(number) and not_after(get16(ring.top, 4), get24(ring.top, 6), boot_id, seq):
                break
            number -= 1
        cursor.number = max(0, number)
        cursor.offset = HEADER
        buf, last = self._seen.buf, self._last
        while True:
            last.put(cursor)
            if not self.read(cursor):
                return
            if behind:
                found = not not_after(get16(buf, _BOOT), get24(buf, _SEQ), boot_id, seq)
            else:
                found = not_after(boot_id, seq, get16(buf, _BOOT), get24(buf, _SEQ))
            if found:
                self._step_back(cursor)
                return

    def _step_back(self, cursor):
        """Undo the last read of a cursor that was copied to `_last` before it."""
        cursor.offset = self._last.offset if cursor.number == self._last.number else HEADER

    def acknowledge(self, boot_id, seq, sent):
        """Forget the frames up to and including this number, but none that the cursor `sent` has not passed.

        It becomes durable with the next checkpoint: a frame forgotten twice is only sent twice.
        """
        buf, raw, tail = self._seen.buf, self.state.raw, self.tail
        while True:
            self._last.put(tail)
            if not self.read(tail):
                return
            passed = tail.number < sent.number or (tail.number == sent.number and tail.offset <= sent.offset)
            if not passed or not not_after(get16(buf, _BOOT), get24(buf, _SEQ), boot_id, seq):
                self._step_back(tail)
                return
            raw[ACK_BOOT : ACK_BOOT + 2] = buf[_BOOT : _BOOT + 2]
            raw[ACK_SEQ : ACK_SEQ + 3] = buf[_SEQ : _SEQ + 3]

    def first(self):
        """(boot id, seq) of the oldest frame held; of the next one if there is none."""
        self._last.put(self.tail)
        if not self.read(self.tail):
            return self.state.boot_id, self.state.next_seq
        self._step_back(self.tail)
        return get16(self._seen.buf, _BOOT), get24(self._seen.buf, _SEQ)

    def used_bytes(self):
        """What waits for a hub."""
        ring, tail = self.frames, self.tail
        if ring.head < tail.number:
            return 0
        return (ring.head - tail.number) * SECTOR + ring.end - tail.offset

    def free_bytes(self):
        ring = self.frames
        if ring.head < 0:
            return ring.sectors * SECTOR
        return (ring.sectors - 1 - ring.head + self.tail.number) * SECTOR + SECTOR - ring.end
