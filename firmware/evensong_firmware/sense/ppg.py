"""Photoplethysmogram to beats, in integers: a beat is where the pulse rises most steeply.

Per step of 40 ms: the mean of the samples, then the difference of two boxcars of 120 ms, a band-pass slope. Its peaks
are candidates; `shape` compares them with the wearer's own pulse, `beat_path` chooses among them, `vouch` says what
each beat is worth. With `follow_movement`, `tempo` and `tone` find the heart rate beside the steps', and candidates are
measured by it; without, few beats under movement are vouched for. docs/beats.md tells how well.

No allocation per sample; no intermediate of 2^30 or more for samples below 2^20 and accelerations below 2^15 mg.
"""

from array import array

from evensong_firmware.sense.beat_path import BeatPath
from evensong_firmware.sense.shape import BEHIND, STEP_MS, Shape, between
from evensong_firmware.sense.vouch import Voucher

STEP_HZ = 25
VOUCHED = 50
_LIMIT = (1 << 23) - 1
_RING = 32
_LAG_MS = 100  # to the middle of the boxcars
_STILL_MG = 30
_THRESHOLD = 55  # of reward: what shape times size must exceed to be worth a beat
_TOLD_REWARD = 10
_BONUS = 20  # of a candidate that is where the tone tells it
_NEAR_MS = 50
_REBASE = 1 << 22  # steps, two days


class BeatDetector:
    """rate_hz: of samples, a multiple of 25. Samples rise with blood volume: the source of a reflective sensor gives
    its full scale less its counts.

    After `add` is True: ibi_ms since the beat before, 0 if that one is not known; quality 0-100 of beat and interval;
    ago_ms from the beat to the sample just added, 4.5 to 7 s; rise, how much this pulse rose within 120 ms in the
    samples' unit, 0 if movement hid it.

    level: mean sample of the last step. motion_mg: how far acceleration is from gravity, over a third of a second."""

    def __init__(self, rate_hz, follow_movement=False):
        if rate_hz % STEP_HZ or rate_hz < STEP_HZ:
            raise ValueError("rate_hz must be a multiple of 25")
        self.ibi_ms = self.quality = self.ago_ms = self.rise = self.level = self.motion_mg = 0
        self._every = rate_hz // STEP_HZ
        self._lag_ms = _LAG_MS + 500 * (self._every - 1) // rate_hz
        self._path = BeatPath()
        self._shape = Shape()
        self._voucher = Voucher()
        self._tone = None
        if follow_movement:
            from evensong_firmware.sense.tone import Tone  # a third of the code and half of the memory

            self._tone = Tone()
        self._slopes = array("i", bytes(4 * _RING))
        self._motions = array("h", bytes(2 * _RING))
        self._means = array("i", bytes(4 * 8))
        self._gravity = [0, 0, 0]  # in 1/16 mg
        self._away = [0, 0, 0]  # acceleration less gravity, mg
        self._step = 0
        self._fresh = _RING  # steps until the rings hold this signal
        self._slope = self._valley = 0
        self._sum = self._x = self._y = self._z = self._n = 0

    def swing(self):
        """How much a usual pulse rises within 120 ms, in the samples' unit; 0 before the first."""
        return self._shape.size // 12  # (a property would slow down every attribute on MicroPython)

    def restart(self):
        """Behind a gap or a new LED current: the next sample continues no slope, the next beat no interval."""
        self._fresh = _RING
        self._path.clear()
        self._voucher.forget_rhythm()

    def add(self, ppg, x_mg, y_mg, z_mg):
        """One sample, and the latest acceleration, of which every other counts. True if a beat is ready."""
        self._sum += ppg
        n = self._n = self._n + 1
        if n & 1:
            self._x += x_mg
            self._y += y_mg
            self._z += z_mg
        if n < self._every:
            return False
        self._move((n + 1) >> 1)
        ppg = self._sum * 4 // n
        self._sum = self._n = 0
        return self._advance(ppg)

    def _move(self, n):
        """Follow gravity, with a time constant of 0.6 s, and what is left."""
        g, away = self._gravity, self._away
        if self._fresh == _RING:
            g[0] = self._x * 16 // n
            g[1] = self._y * 16 // n
            g[2] = self._z * 16 // n
        a = self._x // n - (g[0] >> 4)
        g[0] += a
        away[0] = a
        moved = a if a > 0 else -a
        a = self._y // n - (g[1] >> 4)
        g[1] += a
        away[1] = a
        moved += a if a > 0 else -a
        a = self._z // n - (g[2] >> 4)
        g[2] += a
        away[2] = a
        moved += a if a > 0 else -a
        self._x = self._y = self._z = 0
        self.motion_mg += (moved - self.motion_mg) >> 3

    def _advance(self, mean_q2):
        """A step: slope, candidate, decision."""
        means, slopes = self._means, self._slopes
        step = self._step + 1
        if step >= _REBASE:
            self._path.rebase((step - 64) * STEP_MS)
            step = 64
        self._step = step
        if self._fresh == _RING:
            for i in range(8):
                means[i] = mean_q2
            self._slope = 0
        slope = self._slope + mean_q2 - 2 * means[(step - 3) & 7] + means[(step - 6) & 7]
        self._slope = slope
        means[step & 7] = mean_q2
        slope = _LIMIT if slope > _LIMIT else -_LIMIT if slope < -_LIMIT else slope
        shape = self._shape
        if self._tone:
            slope = self._tone.canceller.clean(slope, self._away, shape.size, self._tone.moving)
            slope = _LIMIT if slope > _LIMIT else -_LIMIT if slope < -_LIMIT else slope
        slopes[step & 31] = slope
        self._motions[step & 31] = self.motion_mg
        if self._tone:
            known = self.ibi_ms if self.quality >= VOUCHED else 0
            self._tone.follow(step, slope, self._away, self.motion_mg, shape.size, known)
        if self._fresh:
            self._fresh -= 1
            return False
        self.level = mean_q2 >> 2
        at = step - BEHIND
        peak = slopes[at & 31]
        shape.idle(self.motion_mg)
        self._valley = peak if peak < self._valley else self._valley
        if self._tone and self._tone.period_ms and self._tone.peak(at, slopes, shape.size):
            tone = self._tone
            self._path.add(tone.peak_ms, 0, 0, self._motions[at & 31], _TOLD_REWARD, tone.period_ms, self._path.TOLD)
        if peak > 0 and peak > slopes[(at - 1) & 31] and peak >= slopes[(at + 1) & 31]:
            if (peak - self._valley) * 4 > shape.size:
                self._weigh(at, peak)
            self._valley = peak
        return not step & 3 and self._path.take(step * STEP_MS) and self._decide(step * STEP_MS)

    def _weigh(self, at, peak):
        """Compare a candidate with what is known, and hand it to the path."""
        slopes = self._slopes
        shape = self._shape
        tone = self._tone
        motion = self._motions[at & 31]
        shape.compare(slopes, at, motion)
        percent = shape.percent
        fit = percent if percent < 100 else 100 if percent < 200 else 20000 // percent
        reward = shape.alike * fit // 100 - _THRESHOLD
        time_ms = at * STEP_MS + between(slopes[(at - 1) & 31], peak, slopes[(at + 1) & 31])
        period_ms = gap_ms = 0
        if tone and tone.period_ms:
            period_ms = tone.period_ms
            gap_ms = tone.gap_ms(at, time_ms)
            reward += _BONUS - gap_ms * _BONUS // 80
            if gap_ms < _NEAR_MS and percent < 250:
                shape.agree(peak)
        self._path.add(time_ms, shape.alike, peak, motion, reward, period_ms, gap_ms)

    def _decide(self, now_ms):
        """Say when the path's beat was and what it is worth."""
        path, tone = self._path, self._tone
        k, p = path.beat, path.before
        self.ago_ms = now_ms - path.time[k] + self._lag_ms
        self.rise = path.size[k] // 12
        if p < 0:
            self.ibi_ms = self.quality = 0
            self._voucher.forget_rhythm()
            return True
        self.ibi_ms = path.time[k] - path.time[p]
        moving = tone.moving if tone else path.motion[k] > _STILL_MG or path.motion[p] > _STILL_MG
        tempo = tone.tempo if tone else None
        self.quality = self._voucher.quality(path, self.ibi_ms, moving, tempo, tone and tone.period_ms)
        return True
