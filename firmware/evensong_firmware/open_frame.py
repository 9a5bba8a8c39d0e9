"""A frame that is still filling: its bytes, its writer and when it began. One for each stream of samples.

It knows when a sample cannot join (no room, time ran backwards, an epoch off the grid) and says so; the recorder then
closes it and begins the next. Nothing is allocated by a sample.
"""

from evensong_firmware import wire
from evensong_firmware.clock import between_ms
from evensong_firmware.ibi_coding import MAX_GAP_MS, IbiEncoder
from evensong_firmware.ring import get16, get24
from evensong_firmware.series_coding import MISSING, ActivityWriter, HeartRateWriter

EPOCH_S = 30
MAX_MISSING = 20  # epochs that a frame may hold for nothing: ten minutes


class OpenFrame:
    """t_s, t_ms: device time of its header, when it holds anything. samples: measurements in it. put_count: of `wire`.

    A subclass says `kind`, `start` (the device time at which the sample at buf[i] begins, into at_s and at_ms; False if
    that was before this boot) and `join` (False if it cannot).
    """

    def __init__(self, writer, put_count):
        self.put_count = put_count
        self.buf = bytearray(wire.MAX_FRAME_BYTES)
        self.writer = writer(self.buf, wire.HEADER_BYTES + 1, wire.PAYLOAD_LIMIT)
        self.samples = 0
        self.t_s = self.t_ms = 0
        self.at_s = self.at_ms = 0

    def put(self, buf, i):
        """True if the sample at buf[i], whose `start` was just called, is in."""
        if self.samples == 0:
            self.t_s = self.at_s
            self.t_ms = self.at_ms
        if not self.join(buf, i):
            return False
        self.samples += 1
        return True

    def join(self, buf, i):
        raise NotImplementedError

    def clear(self):
        self.samples = 0
        self.writer.reset()


class BeatFrame(OpenFrame):
    kind = wire.KIND_IBI

    def __init__(self):
        super().__init__(IbiEncoder, wire.put_ibi)
        self._last_s = self._last_ms = 0  # the beat before

    def start(self, buf, i):
        ms = (get16(buf, i + 3) & 1023) - get16(buf, i + 6)
        self.at_s = get24(buf, i) + ms // 1000
        self.at_ms = ms % 1000
        return self.at_s >= 0

    def join(self, buf, i):
        gap_ms = between_ms(self._last_s, self._last_ms, self.at_s, self.at_ms) if self.samples else 0
        if not 0 <= gap_ms <= MAX_GAP_MS or not self.writer.put(gap_ms, get16(buf, i + 6), min(100, buf[i + 5])):
            return False
        self._last_s = get24(buf, i)
        self._last_ms = get16(buf, i + 3) & 1023
        return True


class HeartRateFrame(OpenFrame):
    kind = wire.KIND_HEART_RATE

    def __init__(self):
        super().__init__(HeartRateWriter, wire.put_heart_rate)
        self._last_s = self._last_ms = 0

    def start(self, buf, i):
        self.at_s = get24(buf, i)
        self.at_ms = get16(buf, i + 3) & 1023
        return True

    def join(self, buf, i):
        dt_ms = between_ms(self._last_s, self._last_ms, self.at_s, self.at_ms) if self.samples else 0
        if dt_ms < 0 or not self.writer.put(dt_ms, get16(buf, i + 6)):
            return False
        self._last_s = self.at_s
        self._last_ms = self.at_ms
        return True


class ActivityFrame(OpenFrame):
    kind = wire.KIND_ACTIVITY

    def __init__(self):
        super().__init__(ActivityWriter, wire.put_activity)

    def start(self, buf, i):
        self.at_s = get24(buf, i) - EPOCH_S
        self.at_ms = get16(buf, i + 3) & 1023
        return self.at_s >= 0

    def join(self, buf, i):
        if self.samples:
            late_ms = between_ms(self.t_s, self.t_ms, self.at_s, self.at_ms) - 1000 * EPOCH_S * self.writer.count
            missing = late_ms // (1000 * EPOCH_S)
            if late_ms % (1000 * EPOCH_S) or not 0 <= missing <= MAX_MISSING:
                return False
            for _ in range(missing):
                if not self.writer.put(MISSING):
                    return False
        return self.writer.put(buf[i + 5] << 16 | get16(buf, i + 6))
