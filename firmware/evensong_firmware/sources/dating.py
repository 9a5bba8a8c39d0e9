"""When a sample was taken: by counting samples, at a rate that is measured.

A chip's oscillator is its own and off by some per cent; what it counts is exact. Over a window of samples the
device's clock says how long they took, and that is their period from then on. The device's clock itself is good to some
ppm, and the hub fits it to the world's.

Periods are in 1/65536 ms; no intermediate reaches 2^30.
"""

from evensong_firmware.clock import between_ms

FIRST_WINDOW = 1000  # samples
NEXT_WINDOW = 8000
_TOLERANCE = 10  # per cent: beyond it something else is wrong


class Dating:
    """t_s, t_ms: device time of the last sample that was passed. steady: its rate was measured."""

    def __init__(self, rate_hz):
        self._nominal = (1000 // rate_hz) << 16
        self.period = self._nominal
        self.steady = False
        self.t_s = self.t_ms = self._part = 0
        self.at_s = self.at_ms = 0
        self._from_s = self._from_ms = 0
        self._n = 0  # samples of this window so far
        self._fresh = True

    def gap(self):
        """The next sample does not follow the last."""
        self._fresh = True

    def look(self, n, t_s, t_ms):
        """It is now this late, the chip holds n samples, and took the newest of them just now."""
        total = self._n + n
        if self._fresh:
            self._fresh = False
        elif total < (NEXT_WINDOW if self.steady else FIRST_WINDOW):
            return
        else:
            self._measure(between_ms(self._from_s, self._from_ms, t_s, t_ms), total)
        self._from_s = t_s
        self._from_ms = t_ms
        self._n = 0
        self.t_s = t_s
        self.t_ms = t_ms
        self._part = 0
        self.forward(-n)

    def _measure(self, ms, samples):
        whole = ms // samples
        period = (whole << 16) + (((ms - whole * samples) << 13) // samples << 3)
        if abs(period - self._nominal) * _TOLERANCE < self._nominal:
            self.period = period
            self.steady = True

    def forward(self, n):
        """n samples further, at most 1000 either way."""
        self._n += n
        part = self._part + n * self.period
        self._part = part & 0xFFFF
        ms = self.t_ms + (part >> 16)
        self.t_s += ms // 1000
        self.t_ms = ms % 1000

    def true_ms(self, ms):
        """What so much at the nominal rate really was; at most 8000 ms."""
        return (ms * (self.period // (self._nominal >> 16)) + 0x8000) >> 16

    def at(self, n, before_ms):
        """Put into at_s, at_ms: so many nominal ms before the sample that comes n samples behind the last."""
        ms = self.t_ms + ((self._part + n * self.period + 0x8000) >> 16) - self.true_ms(before_ms)
        self.at_s = self.t_s + ms // 1000
        self.at_ms = ms % 1000
