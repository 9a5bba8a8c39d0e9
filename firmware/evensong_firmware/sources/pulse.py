"""Light from the skin to beats: which light, how much of it, and what the beat detector makes of it.

Green is the first choice, because it suffers least from movement at the wrist (Maeda et al. 2011, J. Med. Syst. 35:
829-834). A MAX30102 has none and answers like a MAX30101, and some have red and infrared swapped; so the light is
chosen by what comes back from the skin in the first five seconds.
"""
# Driver and dating are there once the chip was started, and nothing here is called before.
# pyright: reportOptionalMemberAccess=false, reportAttributeAccessIssue=false

from array import array

from evensong_firmware.boards import BEAT
from evensong_firmware.clock import between_ms
from evensong_firmware.drivers.find import find_ppg
from evensong_firmware.drivers.max3010x import ALL, FULL_SCALE, GREEN, INFRARED, MAX_CURRENT, RED
from evensong_firmware.sense.ppg import BeatDetector
from evensong_firmware.sources.sensor import Sensor
from evensong_firmware.wire import FAULT_GLARE, FAULT_NONE, SENSOR_PPG

_RATE_HZ = 100
_BURST = 16
_LOOKS = 32  # bursts until a light is chosen
_DARK = 60  # counts for each 0.2 mA: no skin gives back so little
_LOW, _HIGH = 50000, 210000  # where the servo leaves the current alone
_CLIPPED = FULL_SCALE - 200
_FIRST_CURRENT = 40
_DOUBT = 12  # bursts after a step of current, clipping or too much light from outside: nothing is vouched for
_OFF = 12  # bursts without skin
_DOZE_MS = 20000  # until it looks for skin again
_UNVOUCHED = 49
_DAZZLED = 12  # bursts


class Pulse(Sensor):
    """motion: the `Motion` beside it, whose acceleration tells the detector what is movement.

    For `Worn`: level of the light that is measured, 0 in the dark; dark: there was no skin; seen: samples of light, and
    vouched: beats, that it has not counted yet."""

    def __init__(self, bus, motion):
        super().__init__(bus, SENSOR_PPG, find_ppg, array("i", bytes(4 * 3 * _BURST)))
        self.looked = False  # for skin, and there was none
        self._motion = motion
        self._detector = BeatDetector(_RATE_HZ)
        self._light = ALL
        self.level = self.seen = self.vouched = 0
        self.dark = False
        self._doubt = self._dark = self._settle = self._glare = 0
        self._last_s = self._last_ms = 0  # of the last beat
        self._looks = 0
        self._level = array("i", (0, 0, 0))  # mean of the last burst, of each light
        self._sum = array("i", (0, 0, 0))
        self._swing = array("i", (0, 0, 0))

    def begin(self):
        self.driver.start(self._light)
        self._detector.restart()
        self._doubt = _DOUBT
        if self._glare > _DAZZLED:
            self._tell(FAULT_NONE, 0, self.dating.t_s, self.dating.t_ms)
        self._dark = self._settle = self._looks = self._glare = 0

    def swing(self):
        return self._detector.swing()

    def motion_mg(self):
        return self._detector.motion_mg

    def take(self, samples, n):
        if self._light == ALL:
            self._look(samples, n)
            return
        detector, mg = self._detector, self._motion.mg
        j = self._motion.half()
        total = 0
        self.seen += n
        for i in range(n):
            counts = samples[i]
            total += counts
            if counts > _CLIPPED:
                self._doubt = _DOUBT
            if detector.add(FULL_SCALE - counts, mg[j], mg[j + 1], mg[j + 2]):
                self._beat(i + 1)
            if i & 1:
                j += 3
        if self.driver.ambient:
            self._doubt = _DOUBT
        elif self._doubt:
            self._doubt -= 1
        self._look_at_glare(self.driver.ambient or total // n > _CLIPPED)
        self.level = total // n
        self._serve(self.level)

    def _look_at_glare(self, glare):
        """Light that drowns the pulse for two seconds is a fault, until it has not for two."""
        was = self._glare > _DAZZLED
        self._glare = min(2 * _DAZZLED, self._glare + 1) if glare else max(0, self._glare - 1)
        dazzled = self._glare > _DAZZLED
        if dazzled != was:
            self._tell(FAULT_GLARE if dazzled else FAULT_NONE, 0, self.dating.t_s, self.dating.t_ms)

    def _beat(self, n):
        detector, dating = self._detector, self.dating
        dating.at(n, detector.ago_ms)
        s, ms = dating.at_s, dating.at_ms
        if detector.ibi_ms:
            ibi_ms = dating.true_ms(detector.ibi_ms)
            since_ms = between_ms(self._last_s, self._last_ms, s, ms)
            if -4 < since_ms - ibi_ms < 4:
                ibi_ms = since_ms  # beats that follow one another share an instant
            quality = detector.quality
            if quality > _UNVOUCHED:
                self.vouched += 1
            if quality > _UNVOUCHED and (self._doubt or not dating.steady):
                quality = _UNVOUCHED
            self.emit(s, ms, BEAT, quality, ibi_ms)
        self._last_s = s
        self._last_ms = ms

    def _serve(self, level):
        """Keep the level where the converter is best; notice when there is no skin."""
        driver = self.driver
        current = driver.current
        if self._settle:  # samples from before a change are still under way
            self._settle -= 1
            return
        if level > _HIGH:
            current -= (current >> 2) + 1
        elif level < _LOW and current < MAX_CURRENT:
            current = min(MAX_CURRENT, current + (current >> 2) + 1)
        elif level < _DARK * current:
            self._dark += 1
            if self._dark >= _OFF:
                self.dark = True
                self._relight(ALL)
            return
        self._dark = 0
        if current != driver.current and current > 0:
            driver.set_current(current)
            self._settle = 2
            self._detector.restart()
            self._doubt = _DOUBT

    def _look(self, samples, n):
        """A burst of all three lights: green, infrared, red."""
        first = self._looks == 0
        self._looks += 1
        for light in range(3):
            level = 0
            for i in range(light, 3 * n, 3):
                level += samples[i]
            level //= n
            if first:
                self._sum[light] = self._swing[light] = 0
            else:
                self._sum[light] += level >> 5
                self._swing[light] += abs(level - self._level[light])
            self._level[light] = level
        if max(self._level) > _HIGH and self.driver.current > 4:
            self.driver.set_current(self.driver.current >> 1)
            self._looks = 0
        elif self._looks == _LOOKS:
            self._choose()

    def _choose(self):
        self._looks = 0
        green, infrared, red = self._sum
        dark = _DARK * self.driver.current
        if max(infrared, red, green) < dark:
            self.dark = self.looked = True
            self.driver.rest()
            self.pause(_DOZE_MS)
            return
        if green > dark and green > infrared >> 4:
            light = GREEN
        elif self._swing[1] * (red >> 8) >= self._swing[2] * (infrared >> 8):
            light = INFRARED
        else:
            light = RED
        self.dark = False
        self._relight(light)

    def _relight(self, light):
        self._light = light
        self.driver.current = _FIRST_CURRENT
        self.begin()
        self.dating.gap()
