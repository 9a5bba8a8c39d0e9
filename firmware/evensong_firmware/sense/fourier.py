"""A Fourier transform of 128 points in integers, scaled down by two in each of its seven stages, so nothing overflows:
with inputs below 2^13 no intermediate exceeds 2^28. Two real signals ride in one, as real and imaginary part.
"""

from array import array

POINTS = 128
_QUARTER = (0, 804, 1606, 2404, 3196, 3981, 4756, 5520, 6270, 7005, 7723, 8423, 9102, 9760, 10394, 11003, 11585)
_REST = (12140, 12665, 13160, 13623, 14053, 14449, 14811, 15137, 15426, 15679, 15893, 16069, 16207, 16305, 16364, 16384)


class Fourier:
    """re, im: the points; `load` them, then `transform`. sine: 16384 sin(2 pi i / 128) for i below 160."""

    def __init__(self):
        self.re = array("i", bytes(4 * POINTS))
        self.im = array("i", bytes(4 * POINTS))
        quarter = _QUARTER + _REST
        self.sine = sine = array("h", bytes(320))
        for i in range(160):
            j = i % 64
            v = quarter[j if j <= 32 else 64 - j]
            sine[i] = -v if i % 128 >= 64 else v
        self._reversed = places = bytearray(POINTS)
        for i in range(1, POINTS):
            places[i] = places[i >> 1] >> 1 | (64 if i & 1 else 0)

    def load(self, i, first, second):
        """Put point i of both signals, less than 2^13 in size, under Hann's window."""
        window = 16384 - self.sine[i + 32] >> 1
        at = self._reversed[i]
        self.re[at] = first * window >> 14
        self.im[at] = second * window >> 14

    def transform(self):
        """Decimation in time (Cooley and Tukey 1965)."""
        re = self.re
        im = self.im
        sine = self.sine
        half = 1
        while half < POINTS:
            turn = 64 // half
            for j in range(half):
                s = sine[j * turn]
                c = sine[j * turn + 32]
                i = j
                while i < POINTS:  # (a range whose step is no constant would allocate)
                    k = i + half
                    x, y = re[k], im[k]
                    p = x * c + y * s >> 14
                    q = y * c - x * s >> 14
                    x, y = re[i], im[i]
                    re[k] = x - p >> 1
                    im[k] = y - q >> 1
                    re[i] = x + p >> 1
                    im[i] = y + q >> 1
                    i += 2 * half
            half *= 2

    def first(self, k):
        """Size of the first signal at frequency k of 128, within 4 %."""
        return _size(self.re[k] + self.re[POINTS - k], self.im[k] - self.im[POINTS - k]) >> 1

    def second(self, k):
        return _size(self.im[k] + self.im[POINTS - k], self.re[k] - self.re[POINTS - k]) >> 1


def _size(a, b):
    if a < 0:
        a = -a
    if b < 0:
        b = -b
    return a + (b * 3 >> 3) if a > b else b + (a * 3 >> 3)
