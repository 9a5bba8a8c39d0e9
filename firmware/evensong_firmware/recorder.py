"""Samples to frames to spool: what a wearable does with what its sensors say.

Samples of a stream share an open frame until it is full, ten minutes old, flushed, or a second old while somebody
watches live. Wear, mood and events are frames of their own. A frame gets its number when it closes, so numbers follow
one another in the spool. Samples of open frames are held in the spool's checkpoints, and encoded again after a
reboot.

Invariant: of the samples that `add` took, `sampled` counts each once, and each ends in exactly one frame.
"""

from struct import pack_into

from evensong_firmware import wire
from evensong_firmware.boards import EVENT, MOOD, WEAR
from evensong_firmware.clock import between_ms, carried_utc
from evensong_firmware.open_frame import ActivityFrame, BeatFrame, HeartRateFrame
from evensong_firmware.ring import get16, get24

OLDEST_MS = 600000
OLDEST_LIVE_MS = 1000
CHECKPOINT_MS = 3000  # so at every second poll of two seconds
RESTART_MARGIN = 3600  # seconds, numbers and samples before BOOT_LIMIT

INFO, WARNING, ERROR = 1, 2, 3

_WHOLE = "%ds" % wire.MAX_FRAME_BYTES

_STREAM_OF_KIND = {wire.KIND_IBI: 0, wire.KIND_HEART_RATE: 1, wire.KIND_ACTIVITY: 2}  # numbers as in `boards`


def stream_of(kind):
    """The stream whose samples a kind of frame holds, -1 if none."""
    return _STREAM_OF_KIND.get(kind, -1)


class Recorder:
    """live: somebody watches, so frames close early."""

    def __init__(self, spool, clock, board):
        self.live = False
        self.spool = spool
        self._state = spool.state
        self._clock = clock
        self._board = board
        self._frames = (BeatFrame(), HeartRateFrame(), ActivityFrame())
        self._saved_s = self._saved_ms = 0  # device time of the last checkpoint
        self._recovering = True

    # --- boots ---

    def start(self):
        """Close what the previous boot left open, begin a boot of our own and say so. Once, before anything else."""
        state = self._state
        if state.boot_id:
            self.spool.open_samples(self._add_again)
            self.flush()
        self._recovering = False
        self._begin_boot(self._board.reset_cause(), *carried_utc(state, self._board.rtc_s()))

    def _add_again(self, buf, i):
        """A sample of the previous boot: it is counted already."""
        frame = self._frames[buf[i + 4] >> 2]
        if frame.start(buf, i):
            self._put(frame, buf, i)

    def _begin_boot(self, cause, utc_s, utc_uncertainty_s):
        state = self._state
        before = state.boot_id, state.t_s, state.t_ms, state.stored + state.dropped
        state.set_utc(utc_s, 0, utc_uncertainty_s)
        self._clock.set_utc(utc_s, utc_uncertainty_s)
        self.spool.begin_boot(self._board.entropy)
        self._saved_s = self._saved_ms = 0
        frame = self.spool.frame
        at = self._header(wire.KIND_BOOT, 0, self._clock.t_s, self._clock.t_ms)
        self._store(wire.put_boot(frame, at, cause, *before, utc_s >> 16, utc_s & 0xFFFF, utc_uncertainty_s), 0)

    def _restart(self):
        """A new boot id without a reset, before numbers or seconds of this one run out."""
        self.flush()
        self.checkpoint()
        for source in self._board.sources:
            source.restart(self._clock.t_s, self._clock.t_ms)
        self._clock.restart()
        self._begin_boot(wire.RESET_SOFT, *self._clock.utc())

    # --- samples ---

    def add(self, buf, i):
        """Take the sample at buf[i] (see `boards`). False if it is none that a frame can hold, such as an interval that
        began before this boot.
        """
        stream = buf[i + 4] >> 2
        if stream < len(self._frames):
            frame = self._frames[stream]
            if not frame.start(buf, i):
                return False
            self._put(frame, buf, i)
            self._state.count(1)
            self.spool.hold(buf, i)
            return True
        return self._add_alone(stream, get24(buf, i), get16(buf, i + 3) & 1023, buf[i + 5], get16(buf, i + 6))

    def _put(self, frame, buf, i):
        if not frame.put(buf, i):
            self._close(frame, 0)
            frame.put(buf, i)

    def _add_alone(self, stream, t_s, t_ms, a, b):
        """A sample that is a frame by itself."""
        frame = self.spool.frame
        samples = 1
        if stream == WEAR:
            end = wire.put_wear(frame, self._header(wire.KIND_WEAR, 0, t_s, t_ms), a)
        elif stream == MOOD:
            end = wire.put_ema(frame, self._header(wire.KIND_EMA, 0, t_s, t_ms), a >> 4, a & 15, 1 if b else 0)
        elif stream == EVENT:
            end = wire.put_event(frame, self._header(wire.KIND_EVENT, 0, t_s, t_ms), a, b)
            samples = 0
        else:
            return False
        self._state.count(samples)
        self._store(end, samples)
        return True

    # --- time passes ---

    def turn(self):
        """Close what is old enough and checkpoint; after each poll of the sources, when the clock was read."""
        clock = self._clock
        oldest_ms = OLDEST_LIVE_MS if self.live else OLDEST_MS
        for frame in self._frames:
            if frame.samples and between_ms(frame.t_s, frame.t_ms, clock.t_s, clock.t_ms) >= oldest_ms:
                self._close(frame, wire.FLAG_CUT_SHORT)
        if between_ms(self._saved_s, self._saved_ms, clock.t_s, clock.t_ms) >= CHECKPOINT_MS:
            self.checkpoint()
        limit = wire.BOOT_LIMIT - RESTART_MARGIN
        if clock.t_s > limit or self._state.next_seq > limit or self._state.sampled > limit:
            self._restart()

    def checkpoint(self):
        self.spool.checkpoint(self._clock.t_s, self._clock.t_ms)
        self._saved_s = self._clock.t_s
        self._saved_ms = self._clock.t_ms
        if self.spool.crowded():
            self.flush()

    def flush(self):
        """Close every open frame."""
        for frame in self._frames:
            if frame.samples:
                self._close(frame, wire.FLAG_CUT_SHORT)

    # --- the device about itself ---

    def status(self):
        """Store a status frame."""
        clock, state = self._clock, self._state
        battery_mv, battery_pct = self._board.battery()
        at = self._header(wire.KIND_STATUS, 0, clock.t_s, clock.t_ms)
        end = wire.put_status(
            self.spool.frame,
            at,
            battery_mv,
            battery_pct,
            self._board.temp_cdeg(),
            self.spool.free_bytes() >> 10,
            127,  # MicroPython does not tell a peripheral its RSSI
            state.sampled,
            state.stored,
            state.dropped,
        )
        self._store(end, 0)

    def event(self, code, arg):
        """Store an event of this moment."""
        at = self._header(wire.KIND_EVENT, 0, self._clock.t_s, self._clock.t_ms)
        self._store(wire.put_event(self.spool.frame, at, code, arg), 0)

    def log(self, level, text):
        """Store a line for people, cut to what a frame holds."""
        at = self._header(wire.KIND_LOG, 0, self._clock.t_s, self._clock.t_ms)
        self._store(wire.put_log(self.spool.frame, at, level, text.encode()[:200]), 0)

    # --- frames ---

    def _header(self, kind, flags, t_s, t_ms):
        state = self._state
        return wire.begin(
            self.spool.frame, flags, kind, state.raw_incarnation, state.boot_id, state.next_seq, t_s, t_ms
        )

    def _close(self, frame, flags):
        end, count, samples = frame.writer.finish(), frame.writer.count, frame.samples
        whole = self.spool.frame
        pack_into(_WHOLE, whole, 0, frame.buf)
        frame.put_count(whole, self._header(frame.kind, flags, frame.t_s, frame.t_ms), count)
        frame.clear()
        self._store(end, samples)

    def _store(self, end, samples):
        """Seal the frame whose payload ends here and put it into the spool."""
        spool, state = self.spool, self._state
        if spool.append(wire.finish(spool.frame, end), samples) and state.unreported and not self._recovering:
            at = self._header(wire.KIND_EVENT, 0, self._clock.t_s, self._clock.t_ms)
            end = wire.put_event(spool.frame, at, wire.EVENT_SPOOL_FULL, state.unreported)
            if spool.append(wire.finish(spool.frame, end), 0):
                state.told()
