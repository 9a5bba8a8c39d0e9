"""What a spool promises, as a model that drives a real one and checks it. Runs on CPython and on MicroPython.

Its frames are stand-ins: a right header, and as payload the samples themselves, so that every sample can be looked for.
"""

from nor import Nor, PowerLoss

from evensong_firmware.ring import put16, put24
from evensong_firmware.spool import SAMPLE, Cursor, Spool, not_after

FULL = 20  # samples of a frame
SPOOL_FULL_EVENT = bytes((5, 0, 0, 0, 0))


def stream_of(kind):
    return kind - 2 if 2 <= kind <= 4 else -1


class Model:
    def __init__(self, sectors):
        self.nor = Nor(sectors)
        self.births = 0
        self.made = 0  # samples so far
        self.frames = {}  # (boot id, seq) -> bytes, of every frame that could ever be read
        self.kept = []  # keys of those that must be readable, in order
        self.safe = set()  # samples that must not get lost
        self.forgotten = set()  # samples in frames that were acknowledged
        self.excused = set()  # samples in frames that found no room
        self.sent = Cursor()
        self.boot()

    def entropy(self, n):
        self.births += 1
        return bytes((self.births,) * n)

    # --- what a recorder does ---

    def boot(self):
        """Power on: mount, recover, begin a boot, compare with what was promised."""
        self.spool = spool = Spool(self.nor, self.entropy, stream_of)
        self.sent.put(spool.tail)
        self.compare()
        self.open = [[], [], []]
        self.held = set()
        spool.open_samples(self._recover)
        for stream in range(3):
            self.close(stream)
        spool.begin_boot(self.entropy)
        self.compare(whole=True)

    def _recover(self, buf, i):
        sample = bytes(buf[i : i + SAMPLE])
        self.open[sample[4] >> 2].append(sample)

    def sample(self, stream):
        self.made += 1
        sample = bytearray(SAMPLE)
        put24(sample, 0, self.made)
        sample[4] = stream << 2
        self.open[stream].append(bytes(sample))
        self.held.add(self.made)
        self.spool.hold(sample, 0)
        if len(self.open[stream]) == FULL:
            self.close(stream)

    def checkpoint(self):
        self.spool.checkpoint(self.made, 0)
        self.safe |= self.held
        self.held = set()
        if self.spool.crowded():
            for stream in range(3):
                self.close(stream)

    def close(self, stream):
        samples = self.open[stream]
        if samples:
            self.open[stream] = []
            self.append(2 + stream, b"".join(samples), len(samples))

    def append(self, kind, payload, samples=0):
        spool = self.spool
        state = spool.state
        frame = bytearray(16) + payload + b"crc!"
        frame[0] = 0x10
        frame[1] = kind
        frame[2:6] = state.raw_incarnation
        put16(frame, 6, state.boot_id)
        put24(frame, 8, state.next_seq)
        key = (state.boot_id, state.next_seq)
        spool.frame[: len(frame)] = frame
        self.trying = key, bytes(frame)
        numbers = self.numbers(frame)
        fits = spool.append(len(frame), samples)
        self.trying = None
        if fits:
            self.took(key, bytes(frame))
        else:
            self.excused |= numbers
        self.held -= numbers

    def took(self, key, frame):
        assert key not in self.frames, "a number given twice"
        self.frames[key] = frame
        self.kept.append(key)
        self.safe |= self.numbers(frame)

    trying = None

    @staticmethod
    def numbers(frame):
        if stream_of(frame[1]) < 0:
            return set()
        body = frame[16:-4]
        return {body[i] | body[i + 1] << 8 | body[i + 2] << 16 for i in range(0, len(body), SAMPLE)}

    # --- what a hub does ---

    def send(self, frames):
        for _ in range(frames):
            if not self.spool.read(self.sent):
                return

    def acknowledge(self, back):
        """Acknowledge all frames but the last `back`, whether they were sent or not."""
        if len(self.kept) <= back:
            return
        acknowledged = self.kept[: len(self.kept) - back]
        boot_id, seq = acknowledged[-1]
        self.spool.acknowledge(boot_id, seq, self.sent)
        first = self.spool.first()
        while self.kept and self.kept[0] != first and not_after(*self.kept[0], *first):
            key = self.kept.pop(0)
            assert key in acknowledged, "forgotten without an acknowledgement"
            self.forgotten |= self.numbers(self.frames[key])

    # --- what was promised ---

    def readable(self):
        """[(key, frame)] from the oldest frame that the spool still has on flash."""
        cursor = Cursor()
        cursor.put(self.spool.tail)
        frames = []
        while True:
            n = self.spool.read(cursor)
            if not n:
                return frames
            frame = bytes(self.spool.found[:n])
            frames.append(((frame[6] | frame[7] << 8, frame[8] | frame[9] << 8 | frame[10] << 16), frame))

    def compare(self, whole=False):
        """whole: open samples have been put into frames, so every safe sample must be in one."""
        found = self.readable()
        keys = [key for key, _ in found]
        if self.trying:  # the power failed while it was written: it may be there or not
            if self.trying[0] in keys:
                self.took(*self.trying)
            self.trying = None
        # An acknowledgement becomes durable later, so some acknowledged frames may be back: they are the oldest.
        again = len(keys) - len(self.kept)
        assert again >= 0, "a frame got lost"
        assert keys[again:] == self.kept
        assert len(set(keys)) == len(keys)
        samples = []
        for key, frame in found:
            assert self.frames[key] == frame
            samples += self.numbers(frame)
        assert len(set(samples)) == len(samples), "a sample is in two frames"
        if whole:
            assert self.safe <= set(samples) | self.forgotten | self.excused, "a sample got lost"
            for key in keys[again:]:
                assert not (self.numbers(self.frames[key]) & self.forgotten), "a sample came back in another frame"

    def survive(self, step, *args):
        """Take a step; if the power fails in it, power on again."""
        try:
            step(*args)
        except PowerLoss:
            self.nor.budget = None
            self.boot()
            return False
        return True
