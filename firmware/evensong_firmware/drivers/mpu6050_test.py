"""Whether an MPU-6050 or MPU-6886 is well: rate, what it measures at rest, self-test, interrupt. Loaded only for a
self-test.

Self-test: an electrostatic force moves the mass, and the change is compared with the one that the factory measured and
wrote into the chip. MPU-6050, at 8 g (RM-MPU-6000A-00 rev. 4.2, 4.1): 340 mg * (0.92 / 0.34) ^ ((code - 1) / 30),
within 14 % (PS-MPU-6000A-00 rev. 3.4, 6.2). MPU-6886: DS-000193 gives no formula; its sister chips' is 2620 / 16384 g *
1.01 ^ (code - 1), and half to one and a half times as much is well (InvenSense AN-MPU-9250A-03). A code of 0 means that
the factory wrote none, as on many clones: then 225 to 950 mg are well.
"""
# MicroPython's time has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import time
from array import array

from evensong_firmware.drivers.mpu6050 import Mpu6050
from evensong_firmware.drivers.pace_test import gathered, trouble

_RATE_HZ = 500
_WAIT_MS = 60
_SETTLE_MS = 30
_MEAN_OF = 8


class Mpu6050Test(Mpu6050):
    """The chip must not be used otherwise meanwhile; `reset` afterwards."""

    def reset(self):
        self._set(0x6B, 0x80)

    def burst(self):
        """(samples of three axes in mg, what is wrong with their number)."""
        self.start()
        self._set(0x19, 1)  # every second of 1000 a second
        self.flush()
        n, ms = gathered(self, _WAIT_MS)
        samples = array("h", bytes(6 * self.BURST))
        self.read(samples)
        return [value * 1000 // self.LSB_PER_G for value in samples], trouble(self, n, ms, _RATE_HZ)

    def forced(self):
        """(what the force changes in mg on each axis, whether it is right)."""
        self.start()
        self._set(0x6A, 0x00)
        self._set(0x19, 0)  # 1000 a second
        still = self._mean_mg(0x10)
        moved = self._mean_mg(0xF0)
        self._set(0x1C, 0x08)
        change = [after - before for before, after in zip(still, moved)]
        return change, all([low <= mg <= high for mg, (low, high) in zip(change, self._expected_mg())])

    def _mean_mg(self, mode):
        self._set(0x1C, mode)  # 8 g, with or without the force
        time.sleep_ms(_SETTLE_MS)
        sums = [0, 0, 0]
        raw = bytearray(6)
        for _ in range(_MEAN_OF):
            time.sleep_ms(3)
            self._bus.read(self.address, 0x3B, raw)
            for i in range(3):
                sums[i] += ((raw[2 * i] << 8 | raw[2 * i + 1]) ^ 0x8000) - 0x8000
        return [total * 1000 // (4096 * _MEAN_OF) for total in sums]

    def _expected_mg(self):
        """(least, most) of each axis."""
        codes = bytearray(4)
        self._bus.read(self.address, 0x0D, codes)
        limits = []
        for i in range(3):
            code = codes[i] if self._is_6886 else codes[i] >> 5 << 2 | codes[3] >> 4 - 2 * i & 3
            if not code:
                limits.append((225, 950))
            elif self._is_6886:
                mg = 160 * 1.01 ** (code - 1)
                limits.append((mg / 2, mg * 3 / 2))
            else:
                mg = 340 * 1.033738 ** (code - 1)
                limits.append((mg * 0.86, mg * 1.14))
        return limits

    def interrupt(self, pin):
        """Whether the pin rises with a sample and falls when the chip was asked why. Only movement needs it."""
        self.start()
        self._set(0x37, 0x20)  # it stays up until then
        self._set(0x38, 0x01)
        time.sleep_ms(_WAIT_MS)
        during = pin.value()
        self._set(0x38, 0x00)
        self._bus.get(self.address, 0x3A)
        after = pin.value()
        self._set(0x37, 0x00)
        return during == 1 and after == 0
