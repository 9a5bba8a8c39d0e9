"""Whether a MAX3010x is well: its rate, each of its lights, its interrupt. Loaded only for a self-test.

What comes back from each light is compared with what comes in the dark. Even without skin the housing and the module's
glass give some of it back; a light that changes nothing is dark itself, or the part has none (a MAX30102's green).
"""
# MicroPython's time has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import time
from array import array

from evensong_firmware.drivers.max3010x import FULL_SCALE, GREEN, INFRARED, MAX_CURRENT, RED, Max3010x
from evensong_firmware.drivers.pace_test import gathered, trouble

_ADDRESS = 0x57
_RATE_HZ = 400
_WAIT_MS = 50
_LEAST = 250  # counts that a light changes at 25 mA: eight times below what `Pulse` takes for the dark without skin
_NAMES = ("", "red", "infrared", "green")


class Max3010xTest(Max3010x):
    """The chip must not be used otherwise meanwhile; `reset` afterwards."""

    def __init__(self, bus):
        super().__init__(bus)
        self._samples = array("i", bytes(4 * self.BURST))

    def reset(self):
        self._bus.put(_ADDRESS, 0x09, 0x40)

    def look(self):
        """(well, what was seen)."""
        seen = []
        missing = []
        dark, problem = self._level(RED, 0)
        if problem:
            return 0, problem
        if dark > FULL_SCALE * 3 // 4:
            return 0, "too much light from outside: cover it and test again"
        for light in (GREEN, INFRARED, RED):
            change = self._level(light, MAX_CURRENT)[0] - dark
            if change >= _LEAST:
                seen.append("%s +%d" % (_NAMES[light], change))
            elif light != GREEN:
                missing.append(_NAMES[light])
        if missing:
            return 0, "no light comes back of " + " and ".join(missing) + ": lay a finger on it, test again"
        if len(seen) == 2:
            seen.insert(0, "no green")
        return 1, ", ".join(seen) + " counts at 25 mA"

    def _level(self, light, current):
        """(mean of some samples, what was wrong)."""
        self._begin(light, current)
        n, ms = gathered(self, _WAIT_MS)
        problem = trouble(self, n, ms, _RATE_HZ)
        if problem:
            return 0, problem
        self.read(self._samples)
        total = 0
        for i in range(self.BURST // 2, self.BURST):
            total += self._samples[i]
        return total * 2 // self.BURST, ""

    def _begin(self, light, current):
        self.current = current
        self.start(light)
        self._bus.put(_ADDRESS, 0x08, 0x0F)  # no mean of four: 400 samples a second
        self.flush()

    def interrupt(self, pin):
        """Whether the pin falls with 17 samples and rises when the chip was asked why."""
        self._begin(RED, 0)
        before = pin.value()
        time.sleep_ms(_WAIT_MS)
        during = pin.value()
        self.waiting()
        return before == 1 and during == 0 and pin.value() == 1
