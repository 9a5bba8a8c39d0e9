"""Heart rate in the six 5 s bins of an epoch, from readings or from beats, as they come.

Readings are averaged. Where a bin has none, beats per time over the 25 s that end with it, which is about as smooth as
what a wrist reports. A beat is believed if its quality is 50 or more, its interval 300 to 2000 ms long and, once eleven
were plausible, within 30 % of the median of the last eleven.
"""

from array import array

BINS = 6
SMOOTH = 5  # bins over which beats are averaged
LEAST_Q4, MOST_Q4 = 25 << 4, 250 << 4
LEAST_MS, MOST_MS = 300, 2000
LEAST_QUALITY = 50
NEIGHBOURS = 11
MOST = 50  # beats or readings of one bin; more cannot be
_BEFORE = SMOOTH - 1


class Rates:
    """q6: (6,) bpm of the epoch's bins in 1/64, 0 where nothing was measured; valid after `close`."""

    def __init__(self):
        self.q6 = array("H", bytes(2 * BINS))
        self._sum_q4 = [0] * BINS  # of readings
        self._readings = bytearray(BINS)
        self._sum_ms = [0] * (_BEFORE + BINS)  # of intervals; the last bins of the previous epoch come first
        self._beats = bytearray(_BEFORE + BINS)
        self._last = array("H", bytes(2 * NEIGHBOURS))  # a ring of plausible intervals
        self._sorted = []
        self._plausible = self._oldest = 0

    def reading(self, place, hr_q4):
        """A heart rate measured in bin `place`, 0 to 5, of the epoch."""
        if LEAST_Q4 <= hr_q4 <= MOST_Q4 and self._readings[place] < MOST:
            self._sum_q4[place] += hr_q4
            self._readings[place] += 1

    def beat(self, place, ibi_ms, quality):
        """A beat in bin `place`, and the interval that it ends. In order of time."""
        if quality < LEAST_QUALITY or not LEAST_MS <= ibi_ms <= MOST_MS:
            return
        self._remember(ibi_ms)
        if self._plausible >= NEIGHBOURS:
            median = self._sorted[NEIGHBOURS // 2]
            if 10 * abs(ibi_ms - median) > 3 * median:
                return
        place += _BEFORE
        if self._beats[place] < MOST:
            self._sum_ms[place] += ibi_ms
            self._beats[place] += 1

    def close(self):
        """The epoch is over: work out `q6` and begin the next one."""
        for i in range(BINS):
            rate = 0
            if self._readings[i]:
                rate = 4 * self._sum_q4[i] // self._readings[i]
            elif self._beats[_BEFORE + i]:
                total_ms = number = 0
                for j in range(i, i + SMOOTH):
                    total_ms += self._sum_ms[j]
                    number += self._beats[j]
                rate = number * (60000 << 6) // total_ms
            self.q6[i] = rate
        for i in range(_BEFORE + BINS):
            tail = i < _BEFORE
            self._sum_ms[i] = self._sum_ms[BINS + i] if tail else 0
            self._beats[i] = self._beats[BINS + i] if tail else 0
        for i in range(BINS):
            self._sum_q4[i] = self._readings[i] = 0

    def _remember(self, ibi_ms):
        """Keep the last eleven, and the same in order of size."""
        order = self._sorted
        if self._plausible < NEIGHBOURS:
            at = self._plausible
            self._plausible += 1
        else:
            at = self._oldest
            self._oldest = (at + 1) % NEIGHBOURS
            order.remove(self._last[at])
        self._last[at] = ibi_ms
        i = len(order) // 2
        while i > 0 and order[i - 1] > ibi_ms:
            i -= 1
        while i < len(order) and order[i] < ibi_ms:
            i += 1
        order.insert(i, ibi_ms)
