"""Beats while movement hides the pulses' shape: the slope, filtered a quarter of a hertz wide around the heart rate
that `tempo` believes in. The filter's peaks come at the heart's rhythm but at some distance from the beats, which
depends on rate and shape; so the slope is averaged around them, where all that is not the heart's averages out, and the
steepest place of the average says how far off the beats are.
"""

from array import array

from evensong_firmware.sense.canceller import Canceller
from evensong_firmware.sense.shape import BEHIND, STEP_MS, between
from evensong_firmware.sense.tempo import Tempo

SURE = 80  # of the tempo: from here on its rate guides
FAR_MS = 160
_STILL_MG = 18  # hands on a handlebar move little and shake the light
_MOVING = 250  # steps for which a movement stays in the tempo's ten seconds
_EVERY = 50  # steps between two looks
_FOLD = 9  # steps around the tone's peak
_RING = 16
# A resonator with poles at radius 0.97, its zeros at 0 and at half the rate, 1 at its centre; in 1/16384.
_RADIUS, _RADIUS2, _GAIN = 15892, 15416, 484


class Tone:
    """period_ms: the rhythm that guides, 0 if there is none or no movement. peak_ms: after `peak` is True, the time of
    the beat that the tone tells."""

    def __init__(self):
        self.period_ms = 0
        self.peak_ms = 0
        self.moving = 0
        self.tempo = Tempo()
        self.canceller = Canceller()
        self._turn = 0
        self._inputs = array("h", bytes(8))
        self._ring = array("h", bytes(2 * _RING))
        self._fold = array("i", bytes(4 * _FOLD))
        self._offset_ms = 0

    def follow(self, step, slope, away, motion_mg, size, ibi_ms):
        """A step. away: acceleration less gravity, mg; ibi_ms: the last interval that was vouched for, or 0."""
        tempo = self.tempo
        tempo.add(slope, away[0], away[1], away[2])
        if motion_mg > _STILL_MG:
            self.moving = _MOVING
        elif self.moving:
            self.moving -= 1
        self._turn -= 1
        if self._turn <= 0:
            self._turn = _EVERY
            if self.moving:
                tempo.update()
            elif ibi_ms:
                tempo.believe(ibi_ms)
        self.period_ms = tempo.period_ms if self.moving and tempo.sure >= SURE else 0
        if self.moving and tempo.period_ms:
            self._filter(step, slope, size)

    def _filter(self, step, slope, size):
        while 0 < size < 2048:
            size <<= 1
            slope <<= 1
        while size > 4095:
            size >>= 1
            slope >>= 1
        slope = 8191 if slope > 8191 else -8191 if slope < -8191 else slope
        x, y = self._inputs, self._ring
        turned = self.tempo.double_cosine(_RADIUS) * y[(step - 1) & 15] - _RADIUS2 * y[(step - 2) & 15]
        tone = (turned + _GAIN * (slope - x[(step - 2) & 3])) >> 14
        x[step & 3] = slope
        y[step & 15] = 16383 if tone > 16383 else -16383 if tone < -16383 else tone

    def peak(self, at, slopes, size):
        """True if a tone's peak lies in step `at`, BEHIND steps ago."""
        y = self._ring
        before = y[(at - 1) & 15]
        peak = y[at & 15]
        after = y[(at + 1) & 15]
        if peak <= before or peak < after or peak <= 0:
            return False
        self._average(at, slopes, 2 * size)
        self.peak_ms = at * STEP_MS + between(before, peak, after) + self._offset_ms
        return True

    def _average(self, at, slopes, most):
        fold = self._fold
        first = at - _FOLD // 2
        last = len(slopes) - 1
        best = 1
        for i in range(_FOLD):
            v = slopes[(first + i) & last]
            v = most if v > most else -most if v < -most else v
            fold[i] += (v - fold[i]) >> 3
            if 0 < i < _FOLD - 1 and fold[i] > fold[best]:
                best = i
        before = fold[best - 1]
        peak = fold[best]
        after = fold[best + 1]
        if peak > before and peak >= after:
            self._offset_ms = (best - _FOLD // 2) * STEP_MS + between(before, peak, after)

    def gap_ms(self, at, time_ms):
        """How far a candidate of step `at` is from where the tone tells a beat; at most FAR_MS."""
        y = self._ring
        gap = FAR_MS
        for i in range(at - 3, at + BEHIND // 2):
            before = y[(i - 1) & 15]
            peak = y[i & 15]
            after = y[(i + 1) & 15]
            if peak > before and peak >= after and peak > 0:
                off = i * STEP_MS + between(before, peak, after) + self._offset_ms - time_ms
                off = -off if off < 0 else off
                gap = off if off < gap else gap
        return gap
