"""Breathing rate from beats: the heart quickens and the pulse shrinks with each breath in.

Both series, laid on a grid of 4 Hz and freed of what is slower than breathing, are compared with themselves at delays
of 2 to 10 s; the delay at which they repeat best is the breath. A rhythm that both show counts for more than one alone
(fusion as in Karlen et al. 2013, IEEE Trans. Biomed. Eng. 60: 1946-1953). Breaths faster than 30 or slower than 6 a
minute are not looked for. Give it beats that are vouched for; call `measure` every some seconds.
"""

from array import array

STEP_MS = 250
POINTS = 128  # 32 s
_SHORTEST, _LONGEST = 8, 40
_GAP_MS = 4000
_LEAST = 24  # of 32 s that beats must cover


class Breathing:
    """After `measure` is True: rate_q4, breaths a minute in sixteenths; quality 0-100, how well the breath repeats."""

    def __init__(self):
        self.rate_q4 = 0
        self.quality = 0
        self._series = (array("h", bytes(2 * POINTS)), array("h", bytes(2 * POINTS)))
        self._mean_q4 = [0, 0]
        self._last = [0, 0]
        self._left_ms = 0  # of the last interval, before the next point
        self._filled = 0
        self._at = 0
        self._scores = array("h", bytes(2 * (_LONGEST + 2)))

    def add(self, ibi_ms, rise):
        """A beat, its interval from the one before it and its height in any unit below 2^15 (0: not known)."""
        if ibi_ms <= 0 or ibi_ms > _GAP_MS:
            self._filled = 0
            return
        rise = rise or self._last[1]
        if not self._filled:
            self._mean_q4[0], self._mean_q4[1] = ibi_ms << 4, rise << 4
            self._last[0], self._last[1] = ibi_ms, rise
        at_ms = STEP_MS - self._left_ms
        while at_ms <= ibi_ms:
            self._put(0, self._last[0] + (ibi_ms - self._last[0]) * at_ms // ibi_ms)
            self._put(1, self._last[1] + (rise - self._last[1]) * at_ms // ibi_ms)
            self._at = (self._at + 1) % POINTS
            self._filled += self._filled < POINTS
            at_ms += STEP_MS
        self._left_ms = ibi_ms - at_ms + STEP_MS
        self._last[0], self._last[1] = ibi_ms, rise

    def _put(self, which, value):
        away = value - (self._mean_q4[which] >> 4)
        self._mean_q4[which] += away
        self._series[which][self._at] = 4095 if away > 4095 else -4095 if away < -4095 else away

    def measure(self):
        """True if the last half minute tells a rate."""
        self.quality = 0
        n = self._filled
        if n * STEP_MS < _LEAST * 1000:
            return False
        scores = self._scores
        for lag in range(_SHORTEST - 1, _LONGEST + 2):
            scores[lag] = 0
        for series in self._series:
            self._compare(series, n)
        most = best = 0
        for lag in range(_SHORTEST, _LONGEST + 1):
            most = scores[lag] if scores[lag] > most else most
        for lag in range(_SHORTEST, _LONGEST + 1):
            here = scores[lag]
            if here >= scores[lag - 1] and here > scores[lag + 1] and here * 2 > most:
                best = lag  # the first that repeats well: the next are two and three breaths
                break
        if not best:
            return False
        before = scores[best - 1]
        peak = scores[best]
        after = scores[best + 1]
        lag_q4 = best * 16 + 8 * (before - after) // (before - 2 * peak + after)
        self.rate_q4 = 60 * 4 * 16 * 16 // lag_q4
        self.quality = peak * 2 if peak < 50 else 100
        return True

    def _compare(self, series, n):
        """Add the squared correlation of a series with itself, 50 for each, so that the clearer one decides."""
        scores, at = self._scores, self._at - n
        largest = 1
        for i in range(n):
            v = series[(at + i) % POINTS]
            v = -v if v < 0 else v
            largest = v if v > largest else largest
        shift = 0
        while largest >> shift > 1023:
            shift += 1
        power = 1
        for i in range(n):
            v = series[(at + i) % POINTS] >> shift
            power += v * v
        for lag in range(_SHORTEST - 1, _LONGEST + 2):
            total = 0
            for i in range(n - lag):
                total += (series[(at + i) % POINTS] >> shift) * (series[(at + i + lag) % POINTS] >> shift)
            alike = (total // (n - lag)) * 100 // (power // n + 1)
            if alike > 0:
                scores[lag] += (alike if alike < 100 else 100) * alike // 200
