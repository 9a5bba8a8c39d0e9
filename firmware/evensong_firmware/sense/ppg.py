"""Photoplethysmogram to beats, in integers: a beat is where the pulse rises most steeply.

Per step of 40 ms: the mean of the samples, then the difference of two boxcars of 120 ms, a band-pass slope without
group delay to mind. Its peaks are candidates, compared in shape with a template that the wearer teaches (Pearson's
correlation) and in size with the pulses before; `beat_path` chooses among them. What a beat is worth is said by shape,
size, rivals, rhythm and movement; 50 and above is vouched for.

No allocation per sample; no intermediate of 2^30 or more for samples below 2^20.
"""

from array import array

from evensong_firmware.sense.beat_path import BeatPath

STEP_HZ = 25
STEP_MS = 40
VOUCHED = 50
_LIMIT = (1 << 23) - 1
_RING = 32
_BEHIND = 8  # steps from a candidate to now, so that its shape lies in the ring
_BEFORE = 5  # steps of the shape before the steepest
_LENGTH = 12
_DELAY_MS = 100 + _BEHIND * STEP_MS  # of the boxcars' middle, and of the candidate
_TAUGHT = 8  # beats until the template is the wearer's own
_FORGET = 50  # steps without a pulse after which smaller ones are looked for
_STILL_MG = 30
_THRESHOLD = 55  # of reward: what shape times size must exceed to be worth a beat

# A rise of 60 ms with its dicrotic wave, as the front end sees it: sum 0, norm 1024.
_TEMPLATE = (-165, -93, 61, 266, 410, 431, 313, 92, -154, -329, -411, -421)


class BeatDetector:
    """rate_hz: of samples, a multiple of 25. Samples rise with blood volume: the source of a reflective sensor gives
    its full scale less its counts.

    After `add` is True: ibi_ms since the beat before, 0 if that one is not known; quality 0-100 of beat and interval;
    ago_ms from the beat to the sample just added."""

    def __init__(self, rate_hz):
        if rate_hz % STEP_HZ or rate_hz < STEP_HZ:
            raise ValueError("rate_hz must be a multiple of 25")
        self.ibi_ms = 0
        self.quality = 0
        self.ago_ms = 0
        self.level = 0  # mean of the last step's samples
        self.swing = 0  # typical height of a pulse, in the samples' unit
        self.motion_mg = 0
        self._every = rate_hz // STEP_HZ
        self._sample_us = 1000000 // rate_hz
        self._path = BeatPath()
        self._template = array("h", _TEMPLATE)
        self._taught = 0
        self._idle = 0
        self._ring = [0] * _RING  # slopes
        self._step = 0
        self._slope = 0
        self._means = [0] * 6
        self._size = 0  # typical slope of a beat
        self._shift = 0  # to bring it to 10 bits
        self._valley = 0
        self._sum = self._x = self._y = self._z = self._n = 0
        self._gravity = [0, 0, 0]  # in 1/16 mg
        self._steps = 0  # since the start or a restart, at most 32
        self._queue = [0] * _RING  # motion, by step
        self._ibi_before = 0

    def add(self, ppg, x_mg, y_mg, z_mg):
        """One sample and the acceleration at it. True if a beat is ready."""
        self._sum += ppg
        self._x += x_mg
        self._y += y_mg
        self._z += z_mg
        self._n += 1
        if self._n < self._every:
            return False
        n = self._n
        self._n = 0
        self._move(self._x // n, self._y // n, self._z // n)
        value = self._sum * 4 // n
        self._sum = self._x = self._y = self._z = 0
        return self._advance(value)

    def restart(self):
        """Forget the rhythm, as after a gap or a new LED current; template and size stay."""
        self._steps = 0
        self._path = BeatPath()

    def _move(self, x, y, z):
        """Follow gravity, a second slow, and how far acceleration is from it."""
        g = self._gravity
        if not self._steps:
            g[0], g[1], g[2] = x << 4, y << 4, z << 4
        moved = 0
        away = x - (g[0] >> 4)
        g[0] += away
        moved += away if away > 0 else -away
        away = y - (g[1] >> 4)
        g[1] += away
        moved += away if away > 0 else -away
        away = z - (g[2] >> 4)
        g[2] += away
        moved += away if away > 0 else -away
        self.motion_mg += (moved - self.motion_mg) >> 3

    def _advance(self, value):
        """A step: slope, candidate, decision."""
        means, ring = self._means, self._ring
        if not self._steps:
            for i in range(6):
                means[i] = value
            for i in range(_RING):
                ring[i] = 0
            self._slope = 0
        step = self._step + 1
        if step >= 1 << 22:
            self._path.rebase((step - 64) * STEP_MS)
            step = 64
        self._step = step
        self._slope += value - 2 * means[(step - 3) % 6] + means[step % 6]
        means[step % 6] = value
        slope = self._slope
        if slope > _LIMIT:
            slope = _LIMIT
        elif slope < -_LIMIT:
            slope = -_LIMIT
        ring[step % _RING] = slope
        self._queue[step % _RING] = self.motion_mg
        if self._steps < _RING:
            self._steps += 1
            return False
        self.level = value >> 2
        at = step - _BEHIND
        peak = ring[at % _RING]
        before, after = ring[(at - 1) % _RING], ring[(at + 1) % _RING]
        if peak < self._valley:
            self._valley = peak
        self._idle += 1
        if self._idle > _FORGET:
            self._idle = 0
            self._size -= self._size >> 2
            if self._taught > 4:
                self._taught -= 1
        if peak > before and peak >= after and peak > 0:
            if (peak - self._valley) * 4 > self._size:
                self._weigh(at, peak, before, after)
            self._valley = peak
        return not step & 3 and self._path.take(step * STEP_MS) and self._decide(step * STEP_MS)

    def _weigh(self, at, peak, before, after):
        """Compare a candidate with the template, and hand it to the path."""
        ring, template = self._ring, self._template
        shift = 0
        while peak >> shift > 1023:
            shift += 1
        total = energy = product = 0
        first = at - _BEFORE
        for i in range(_LENGTH):
            v = ring[(first + i) % _RING] >> shift
            if v > 4095:
                v = 4095
            elif v < -4095:
                v = -4095
            total += v
            energy += v * v
            product += v * template[i]
        energy -= (total >> 2) * (total >> 2) // 3 * 4
        root = _root(energy) or 1
        shape = (product >> 7) * 100 // (root << 3)
        if shape < 0:
            shape = 0
        if not self._size or (self._taught < _TAUGHT and peak > 2 * self._size):
            self._size = peak
        size = (peak >> 2) * 100 // ((self._size >> 2) + 1)
        if size > 400:
            size = 400
        motion = self._queue[at % _RING]
        fit = size if size < 100 else 100 if size < 200 else 20000 // size
        time = at * STEP_MS + 20 * (before - after) // (before - 2 * peak + after)
        self._path.add(time, shape, size, motion, shape * fit // 100 - _THRESHOLD, 0)
        if motion < _STILL_MG * 3 and (shape > 84 or (self._taught < _TAUGHT and shape > 40)):
            if size > 60:
                self._size += (peak - self._size) >> 3
                if size < 160:
                    self._learn(first, shift, total // _LENGTH, root)
                    self._taught += 1
                    self._idle = 0

    def _learn(self, first, shift, mean, root):
        ring, template = self._ring, self._template
        energy = total = 0
        for i in range(_LENGTH):
            v = ring[(first + i) % _RING] >> shift
            if v > 4095:
                v = 4095
            elif v < -4095:
                v = -4095
            v = template[i] + (((v - mean) * 1024 // root - template[i]) >> 3)
            template[i] = v
            total += v
        total //= _LENGTH
        for i in range(_LENGTH):
            template[i] -= total
            energy += template[i] * template[i]
        root = _root(energy) or 1
        for i in range(_LENGTH):
            template[i] = template[i] * 1024 // root

    def _decide(self, now_ms):
        """Say what the path's beat is worth."""
        path = self._path
        k, p = path.beat, path.before
        self.ago_ms = now_ms - path.time[k] + _DELAY_MS - _BEHIND * STEP_MS
        shape, size, motion = path.shape[k], path.size[k], path.motion[k]
        if p < 0:
            self.ibi_ms = self._ibi_before = 0
            self.quality = 0
            return True
        ibi_ms = path.time[k] - path.time[p]
        if path.shape[p] < shape:
            shape = path.shape[p]
        if path.motion[p] > motion:
            motion = path.motion[p]
        if path.size[p] < size:
            size = path.size[p]
        quality = 100
        if shape < 88:
            quality -= (88 - shape) * 2
        if size < 50:
            quality -= 50 - size
        if motion > _STILL_MG:
            quality -= (motion - _STILL_MG) >> 2
        quality -= path.rival() >> 1
        if self._ibi_before:
            change = (ibi_ms - self._ibi_before) * 100 // self._ibi_before
            if change < 0:
                change = -change
            if change > 20:
                quality -= (change - 20) * 3 // 2
        self.quality = quality if quality > 0 else 0
        self.ibi_ms = self._ibi_before = ibi_ms
        return True


def _root(square):
    """The integer square root of 0 to 2^30 - 1."""
    root, bit = 0, 1 << 28
    while bit:
        if square >= root + bit:
            square -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root
