"""What a pulse of this wearer looks like: candidates are compared with a template that good beats teach.

The slope is given as a ring of one value per step of 40 ms; a shape is 12 of them, the steepest the sixth.
"""

from array import array

STEP_MS = 40
BEHIND = 8  # steps from a candidate to now, so that its shape lies in the ring
_BEFORE = 5
_LENGTH = 12
_TAUGHT = 8  # beats until the template is the wearer's own
_FORGET = 50  # steps without a pulse after which smaller ones are looked for
_ALIKE, _ALIKE_AT_FIRST = 84, 40  # correlation, percent
_STILL_ENOUGH_MG = 90
_ONE = 1024

# A rise of 60 ms with its dicrotic wave, as the slope shows it: sum 0, norm 1024.
_TEMPLATE = (-165, -93, 61, 266, 410, 431, 313, 92, -154, -329, -411, -421)


class Shape:
    """size: slope of a usual beat, 0 before the first. After `compare`: alike 0-100, Pearson's correlation with the
    template; percent: the candidate's slope, of the usual; learned: it has taught the template."""

    def __init__(self):
        self.size = 0
        self.alike = 0
        self.percent = 0
        self._template = array("h", _TEMPLATE)
        self._taught = 0
        self._idle = 0

    def idle(self, motion_mg):
        """A step passes; after two still seconds without a pulse the usual size shrinks, and strangers may teach."""
        if motion_mg < _STILL_ENOUGH_MG:
            self._idle += 1
        if self._idle > _FORGET:
            self._idle = 0
            self.size -= self.size >> 2
            if self._taught > _TAUGHT // 2:
                self._taught -= 1

    def compare(self, ring, at, motion_mg):
        """Look at the candidate whose slope is steepest in step `at` of the ring, whose length is a power of two."""
        template, last = self._template, len(ring) - 1
        peak = ring[at & last]
        first = at - _BEFORE
        shift = 0
        while peak >> shift > 1023:
            shift += 1
        total = energy = product = 0
        for i in range(_LENGTH):
            v = ring[(first + i) & last] >> shift
            v = 4095 if v > 4095 else -4095 if v < -4095 else v
            total += v
            energy += v * v
            product += v * template[i]
        energy -= (total >> 2) * (total >> 2) // 3 * 4
        norm = root(energy) or 1
        alike = (product >> 7) * 100 // (norm << 3)
        self.alike = alike if alike > 0 else 0
        still = motion_mg < _STILL_ENOUGH_MG
        if not self.size or (still and self._taught < _TAUGHT and peak > 2 * self.size):
            self.size = peak
        percent = (peak >> 2) * 100 // ((self.size >> 2) + 1)
        self.percent = percent if percent < 400 else 400
        if still and percent > 60 and (alike > _ALIKE or (self._taught < _TAUGHT and alike > _ALIKE_AT_FIRST)):
            self.size += (peak - self.size) >> 3
            if percent < 160:
                self._learn(ring, first, shift, total // _LENGTH, norm)

    def agree(self, peak):
        """A candidate under movement is where the tone tells a beat: pulses of that size are to be expected."""
        self.size += (peak - self.size) >> 4

    def _learn(self, ring, first, shift, mean, norm):
        """Move the template an eighth of the way, and bring it back to sum 0 and norm 1024."""
        template, last = self._template, len(ring) - 1
        total = energy = 0
        for i in range(_LENGTH):
            v = ring[(first + i) & last] >> shift
            v = 4095 if v > 4095 else -4095 if v < -4095 else v
            v = template[i] + (((v - mean) * _ONE // norm - template[i]) >> 3)
            template[i] = v
            total += v
        total //= _LENGTH
        for i in range(_LENGTH):
            v = template[i] - total
            template[i] = v
            energy += v * v
        norm = root(energy) or 1
        for i in range(_LENGTH):
            template[i] = template[i] * _ONE // norm
        self._taught += 1
        self._idle = 0


def root(square):
    """The integer square root of 0 to 2^30 - 1."""
    found, bit = 0, 1 << 28
    while bit > square:
        bit >>= 2
    while bit:
        if square >= found + bit:
            square -= found + bit
            found = (found >> 1) + bit
        else:
            found >>= 1
        bit >>= 2
    return found


def between(before, peak, after):
    """Where a peak lies beside its sample, in ms: the top of the parabola through three. peak > before, >= after."""
    return STEP_MS // 2 * (before - after) // (before - 2 * peak + after)
