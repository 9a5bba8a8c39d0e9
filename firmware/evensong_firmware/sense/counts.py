"""Activity counts from the raw acceleration of one axis, in integers.

After te Lindert and Van Someren (SLEEP 2013; 36(5): 781-789): band-pass 3-11 Hz at 50 Hz, rectify, sort into 128 bins
of 0 to 5 g, take the maximum of each second, sum 15 seconds to x, count = max(0, (x - 18) * 3.07). An epoch of 30 s
gets the mean of its two counts, so it is on the scale of the 15 s counts that were published. Unlike theirs the
filter runs forwards only, because a wearable cannot wait for the night's end: it is a Butterworth band-pass of the
fifth order as five biquads, within 0.04 % of the exact response.

No allocation per sample and no intermediate of 2^30 or more: five products of 2^14 and 2^13 to 2^14 at most.
"""

RATE_HZ = 50
EPOCH_S = 30
EPOCH_SAMPLES = EPOCH_S * RATE_HZ
ONE_G = 1024  # the filter's unit
_HALF_S = EPOCH_S // 2
_LIMIT = (1 << 14) - 1
_BIN_TOP = 128  # of 5 g in 128 bins; above them is one more
_COUNT_X2_Q8 = 393  # 3.07 * 256 / 2: half of a 15 s count, in 1/256
_QUIET = 18

# b0 = -b2, a1, a2 of each biquad in 1/8192, ordered so that no stage's peak gain exceeds 1; b1 = 0 and a0 = 1.
# scipy.signal.butter(5, [3, 11], "bandpass", fs=50), its zeros paired as one at 1 and one at -1.
_BIQUADS = (
    (2906, -7690, 2380),
    (3263, -3901, 2554),
    (2836, -11811, 4948),
    (2599, -2828, 5561),
    (4753, -14154, 7074),
)


class Counts:
    """lsb_per_g: sensor units to one g. Feed every sample, at 50 Hz or some per cent beside it.

    Either `add` each, of which every 50th is taken to end a second; or `put` them and say `second` when one ends. The
    thirtieth second completes an epoch.
    """

    def __init__(self, lsb_per_g):
        self._lsb_per_g = lsb_per_g
        self._states = [[0, 0, 0, 0] for _ in _BIQUADS]  # x1, x2, y1, y2
        self._n = 0  # samples in this second, of `add`
        self._peak = 0  # of this second
        self.begin()

    def begin(self):
        """A new epoch; the filter goes on."""
        self._s = 0  # seconds in this epoch
        self._sum = 0  # of the maxima in this half epoch
        self._count_q8 = 0  # of the first half

    def add(self, z):
        """z: one sample in sensor units. Returns the epoch's count in 1/256 if it completes one, else -1."""
        self.put((z,), 0, 1)
        self._n += 1
        if self._n < RATE_HZ:
            return -1
        self._n = 0
        return self.second()

    def put(self, samples, at, n):
        """n samples in sensor units: samples[at] and every third behind it. (Many at once, because MicroPython takes
        the variables of a function that has so many from the heap at each call.)"""
        states, peak = self._states, self._peak
        for _ in range(n):
            y = samples[at] * ONE_G // self._lsb_per_g
            at += 3
            for i in range(5):
                b, a1, a2 = _BIQUADS[i]
                state = states[i]
                x = y
                y = (b * (x - state[1]) - a1 * state[2] - a2 * state[3] + 4096) >> 13
                if y > _LIMIT:
                    y = _LIMIT
                elif y < -_LIMIT:
                    y = -_LIMIT
                state[1] = state[0]
                state[0] = x
                state[3] = state[2]
                state[2] = y
            if y < 0:
                y = -y
            if y > peak:
                peak = y
        self._peak = peak

    def second(self):
        """A second has ended. Returns the epoch's count in 1/256 if that completes one, else -1."""
        peak_bin = self._peak * _BIN_TOP // (5 * ONE_G)
        self._sum += 1 + (peak_bin if peak_bin < _BIN_TOP else _BIN_TOP)
        self._peak = 0
        self._s += 1
        if self._s % _HALF_S:
            return -1
        count_q8 = (self._sum - _QUIET) * _COUNT_X2_Q8 if self._sum > _QUIET else 0
        self._sum = 0
        if self._s < EPOCH_S:
            self._count_q8 = count_q8
            return -1
        count_q8 += self._count_q8
        self.begin()
        return count_q8
