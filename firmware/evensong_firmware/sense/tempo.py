"""Heart rate under movement: a belief over frequencies, which follows the spectrum that movement does not explain.

Every two seconds ten seconds of pulse slope and of three axes are transformed. Where the axes have a line, the pulse's
spectrum is held down in proportion (spectral masking, as the Wiener filter of Temko 2017, IEEE Trans. Biomed. Eng. 64:
2016-2024, does by subtraction); what is left, at a frequency and its double, is the evidence for that heart rate. A
hidden Markov model whose rate wanders by some beats a minute per update sums it up; how narrow the belief is says how
sure it is. A rate that lies on a line of the steps is never sure: there the two cannot be told apart.

All integers below 2^30, no allocation after the start. A transform costs as much as some hundred samples, every 200.
"""

from array import array

from evensong_firmware.sense.fourier import POINTS, Fourier

LOW, HIGH = 13, 73  # half bins of 25 / 512 Hz: 38 to 211 beats a minute
_BINS = 64
_MOST = 8191  # mg
_ONE = 1 << 14
_FLOOR = 5  # of likelihood, of 260: what anything may be wrong by
_ON_A_LINE = 40  # percent of the strongest line of movement
_STILL = 3  # mg, amplitude in a bin: less is not movement


class Tempo:
    """After `update`: period_ms of the heart, 0 if unknown; sure, 0-100."""

    def __init__(self):
        self.period_ms = 0
        self.sure = 0
        self._fourier = Fourier()
        self._slopes = array("i", bytes(4 * POINTS))
        self._axes = tuple(array("h", bytes(2 * POINTS)) for _ in range(3))
        self._at = 0
        self._odd = False
        self._slope = 0
        self._pulse = array("i", bytes(4 * _BINS))
        self._moved = array("i", bytes(4 * _BINS))
        self._belief = array("i", bytes(4 * HIGH + 16))
        self._spare = array("i", bytes(4 * HIGH + 16))
        self.forget()

    def forget(self):
        for j in range(LOW, HIGH):
            self._belief[j] = _ONE // (HIGH - LOW)

    def double_cosine(self, times):
        """Twice the cosine of the angle that the heart's phase turns by in a step, times a number up to 2^14."""
        sixteenths = 81920 // self.period_ms
        i = (sixteenths >> 4) + 32
        sine = self._fourier.sine
        cosine = sine[i] + ((sine[i + 1] - sine[i]) * (sixteenths & 15) >> 4)
        return (cosine * times >> 14) * 2

    def add(self, slope, x, y, z):
        """A step: slope below 2^23, acceleration less gravity in mg."""
        self._odd = not self._odd
        if self._odd:
            self._slope = slope
            return
        at = self._at
        self._slopes[at] = (slope + self._slope) >> 1
        axes = self._axes
        axes[0][at] = _MOST if x > _MOST else -_MOST if x < -_MOST else x
        axes[1][at] = _MOST if y > _MOST else -_MOST if y < -_MOST else y
        axes[2][at] = _MOST if z > _MOST else -_MOST if z < -_MOST else z
        self._at = (at + 1) % POINTS

    def believe(self, period_ms):
        """What beats without movement say: the belief becomes a narrow one around their rate."""
        at = 20480 // period_ms
        for j in range(LOW, HIGH):
            away = j - at if j > at else at - j
            self._belief[j] = _ONE >> (2 + away) if away < 5 else 8
        self.period_ms = period_ms
        self.sure = 100

    def update(self):
        """Take in the last ten seconds."""
        self._spectra()
        top = self._weigh()
        if top:
            self._read()
        else:
            self.sure = 0

    def _spectra(self):
        fourier = self._fourier
        slopes = self._slopes
        axes = self._axes
        at = self._at
        total = 0
        for v in slopes:
            total += (v if v >= 0 else -v) >> 7
        most = 4 * total + 1  # what is larger is no pulse but a jump
        shift = 0
        while most >> shift > 8191:
            shift += 1
        lift = 0
        while most << lift < 2048:
            lift += 1
        x, y, z = axes
        for i in range(POINTS):
            k = (at + i) % POINTS
            v = slopes[k]
            v = most if v > most else -most if v < -most else v
            fourier.load(i, v << lift >> shift, x[k])
        fourier.transform()
        pulse, moved = self._pulse, self._moved
        for k in range(3, _BINS):
            pulse[k] = fourier.first(k)
            moved[k] = fourier.second(k)
        for i in range(POINTS):
            k = (at + i) % POINTS
            fourier.load(i, y[k], z[k])
        fourier.transform()
        most = 0
        for k in range(3, _BINS):
            moved[k] += fourier.first(k) + fourier.second(k)
            if moved[k] > most:
                most = moved[k]
        floor = (most >> 4) + _STILL
        for k in range(3, _BINS):  # a slope's spectrum rises with frequency; a part of that is undone
            line = self._line(k)
            pulse[k] = pulse[k] * 16384 // (k + 32) * floor // (line + floor)
        for k in range(3, _BINS):
            moved[k] = moved[k] * 100 // (most + _STILL)

    def _line(self, k):
        """How strong movement is at a bin: its own line, or half of one at its double or half. An arm swings once in
        two steps, and shakes the light more than the acceleration shows."""
        moved = self._moved
        line = moved[k]
        for j in range(2 * k - 1, 2 * k + 2 if 2 * k + 2 < _BINS else _BINS):
            line = moved[j] >> 1 if moved[j] >> 1 > line else line
        for j in range(k >> 1 if k > 6 else 3, (k + 1 >> 1) + 1):
            line = moved[j] >> 1 if moved[j] >> 1 > line else line
        return line

    def _weigh(self):
        """Carry the belief on and weigh it with the evidence. Returns the greatest evidence."""
        pulse = self._pulse
        belief = self._belief
        prior = self._spare
        top = 0
        for j in range(LOW, HIGH):
            k = j >> 1
            here = pulse[k] if not j & 1 else (pulse[k] + pulse[k + 1]) * 19 >> 5
            here += pulse[j] >> 1 if j < _BINS else 0
            prior[j] = here
            if here > top:
                top = here
        if not top:
            return 0
        total = 0
        far = belief[LOW - 1] = belief[LOW - 2] = belief[HIGH] = belief[HIGH + 1] = 0
        far = _ONE // 2000
        before, b = 0, 0
        for j in range(LOW, HIGH):
            here = belief[j]
            carried = (b + 4 * before + 6 * here + 4 * belief[j + 1] + belief[j + 2] >> 4) + far
            b, before = before, here
            likely = prior[j] * 128 // top
            prior[j] = carried * ((likely * likely >> 6) + _FLOOR)
            total += prior[j]
        total = (total >> 8) + 1
        for j in range(LOW, HIGH):
            belief[j] = (prior[j] >> 8) * _ONE // total
        return top

    def _read(self):
        belief = self._belief
        best = LOW
        total = 1
        for j in range(LOW, HIGH):
            total += belief[j]
            if belief[j] > belief[best]:
                best = j
        near = mean = 0
        for j in range(best - 2, best + 3):
            if LOW <= j < HIGH:
                near += belief[j]
                mean += belief[j] * (j - best + 2)
        place = 16 * (best - 2) + 16 * mean // (near + 1)
        self.period_ms = 20480 * 16 // place
        self.sure = near * 100 // total
        if self.on_a_line(self.period_ms):
            self.sure = self.sure * 3 // 4

    def on_a_line(self, period_ms):
        """True if movement is periodic with this period, so that what has it may be steps."""
        k = (10240 + period_ms // 2) // period_ms
        return 2 < k < _BINS and self._line(k) > _ON_A_LINE
