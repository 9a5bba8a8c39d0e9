"""What acceleration foretells of the slope is taken out of it: an adaptive filter by normalised least mean squares
(Widrow et al. 1975, Proc. IEEE 63: 1692-1716), over the last 400 ms of three axes.

It learns while its wearer moves. It also takes out a pulse that keeps step with the movement; `tempo` does not trust a
rate there. No intermediate reaches 2^30, and nothing is allocated after the start.
"""

from array import array

TAPS = 10  # steps of 40 ms, of each axis
_N = 3 * TAPS
_MOST = 2047  # of acceleration, 2 mg
_RATE = 20  # 2^-5 of what would cancel an error at once, in weights of 1/128, with `_power` in 1/1024
_WEIGHT = 8191
_PUSH = (1 << 18) - 1
_FAR = 1 << 15  # of what is foretold
_LARGE = 3 << 12  # error that counts for no more
_AT_REST = 750  # added to the power, lest noise teach
_ROUND = 1 << (_RATE - 1)


class Canceller:
    """Call `clean` with each step."""

    def __init__(self):
        self._axes = array("h", bytes(2 * _N))  # a ring of TAPS triples
        self._weights = array("h", bytes(2 * _N))
        self._at = 0
        self._before = self._after = 0  # power of slopes, and of what is left of them
        self._shift = 0  # by which slopes are made smaller, so that a usual pulse's is 2^11 to 2^12

    def clean(self, slope, away, size, moving):
        """Returns the slope without what moves. away: acceleration less gravity, mg; size: slope of a usual beat, 0 if
        there is none yet."""
        axes = self._axes
        at = self._at
        for i in range(3):
            a = away[i] >> 1
            axes[at + i] = _MOST if a > _MOST else -_MOST if a < -_MOST else a
        self._at = at = (at + 3) % _N
        if not moving or not size:
            return slope
        self._scale(size)
        weights = self._weights
        power = _AT_REST
        foretold = 64
        j = at
        for i in range(_N):
            a = axes[j]
            power += a * a
            foretold += a * weights[i]
            j += 1
            if j == _N:
                j = 0
        foretold >>= 7
        foretold = _FAR if foretold > _FAR else -_FAR if foretold < -_FAR else foretold
        size *= 8
        error = size if slope > size else -size if slope < -size else slope
        shift = self._shift
        left = slope
        if shift < 0:
            error <<= -shift
            left -= foretold >> -shift
        else:
            error >>= shift
            left -= foretold << shift
        b = error >> 3
        self._before += (b * b - self._before) >> 6
        error -= foretold
        b = error >> 3
        self._after += (b * b - self._after) >> 6
        error = _LARGE if error > _LARGE else -_LARGE if error < -_LARGE else error
        self._teach((error << 12) // ((power >> 10) + 1), at)
        return left if self._after * 8 < self._before * 7 else slope

    def _teach(self, push, j):
        axes, weights = self._axes, self._weights
        push = _PUSH if push > _PUSH else -_PUSH if push < -_PUSH else push
        for i in range(_N):
            w = weights[i] + (push * axes[j] + _ROUND >> _RATE)
            weights[i] = _WEIGHT if w > _WEIGHT else -_WEIGHT if w < -_WEIGHT else w
            j += 1
            if j == _N:
                j = 0

    def _scale(self, size):
        """Follow the size of a usual beat, and the weights with it."""
        weights = self._weights
        shift = self._shift
        while shift > -12 and (size >> shift if shift > 0 else size << -shift) < 2048:
            shift -= 1
            for i in range(_N):
                w = weights[i] * 2
                weights[i] = _WEIGHT if w > _WEIGHT else -_WEIGHT if w < -_WEIGHT else w
        while (size >> shift if shift > 0 else size << -shift) > 4095:
            shift += 1
            for i in range(_N):
                weights[i] >>= 1
        self._shift = shift
