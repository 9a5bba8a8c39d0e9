"""Whether a LIS3DH is well: its rate, what it measures at rest, its self-test, its interrupt. Loaded when asked for.

Self-test: an electrostatic force moves the mass; at 2 g in 10 bits each axis has to change by 17 to 360 digits of 4 mg
(ST, DocID17530, table 4; procedure of AN3308).
"""
# MicroPython's time has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import time
from array import array

from evensong_firmware.drivers.lis3dh import Lis3dh
from evensong_firmware.drivers.pace_test import gathered, trouble

_RATE_HZ = 400
_WAIT_MS = 50
_SETTLE_MS = 25  # seven samples and more after a change of mode
_MEAN_OF = 5
_LEAST_MG, _MOST_MG = 17 * 4, 360 * 4


class Lis3dhTest(Lis3dh):
    """The chip must not be used otherwise meanwhile; `reset` afterwards."""

    def reset(self):
        self._set(0x23, 0x00)
        self._set(0x2E, 0x00)

    def burst(self):
        """(samples of three axes in mg, what is wrong with their number)."""
        self._begin()
        n, ms = gathered(self, _WAIT_MS)
        samples = array("h", bytes(6 * self.BURST))
        self.read(samples)
        return [value * 1000 // self.LSB_PER_G for value in samples], trouble(self, n, ms, _RATE_HZ)

    def _begin(self):
        self.start()
        self._set(0x20, 0x77)  # 400 Hz
        self.flush()

    def forced(self):
        """(what the force changes in mg on each axis, whether it is right)."""
        self._set(0x22, 0x00)
        self._set(0x24, 0x00)
        self._set(0x2E, 0x00)
        self._set(0x20, 0x77)
        still = self._mean_mg(0x80)
        moved = self._mean_mg(0x82)
        change = [after - before for before, after in zip(still, moved)]
        return change, all([_LEAST_MG <= abs(mg) <= _MOST_MG for mg in change])

    def _mean_mg(self, mode):
        self._set(0x23, mode)  # 2 g, 10 bits, with or without the force
        time.sleep_ms(_SETTLE_MS)
        sums = [0, 0, 0]
        raw = bytearray(6)
        for _ in range(_MEAN_OF):
            time.sleep_ms(3)
            self._bus.read(self.address, 0xA8, raw)
            for i in range(3):
                sums[i] += ((raw[2 * i] | raw[2 * i + 1] << 8) ^ 0x8000) - 0x8000
        return [total // (16 * _MEAN_OF) for total in sums]

    def interrupt(self, pin):
        """Whether the pin rises with 17 samples and falls when they are taken."""
        self._begin()
        before = pin.value()
        time.sleep_ms(_WAIT_MS)
        during = pin.value()
        self._set(0x20, 0x07)  # no more samples
        self.flush()
        return before == 0 and during == 1 and pin.value() == 0
