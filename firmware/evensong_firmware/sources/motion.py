"""Acceleration to activity counts, and to mg for the beat detector.

A count belongs to an epoch of 30 s of device time, so seconds are told by device time, not by counting 50 samples. An
epoch in which samples are missing has no count.
"""
# Driver and dating are there once the chip was started, and nothing here is called before.
# pyright: reportOptionalMemberAccess=false, reportAttributeAccessIssue=false

from array import array

from evensong_firmware.boards import ACTIVITY
from evensong_firmware.clock import between_ms
from evensong_firmware.drivers.find import find_motion
from evensong_firmware.sense.counts import EPOCH_S, Counts
from evensong_firmware.sources.sensor import Sensor
from evensong_firmware.wire import SENSOR_MOTION

_BURST = 16
_HALF = 3 * _BURST // 2


class Motion(Sensor):
    """mg: x y z of the last burst."""

    def __init__(self, bus):
        super().__init__(bus, SENSOR_MOTION, find_motion, array("h", bytes(2 * 3 * _BURST)))
        self.mg = array("h", bytes(2 * 3 * _BURST))
        self._at = 0
        self._counts = None
        self._left = 0  # samples until this second of device time ends; 0: not known
        self._ends_s = 0
        self._whole = False  # no second of this epoch is missing so far

    def half(self):
        """Where in `mg` the next eight samples begin."""
        at = self._at
        self._at = _HALF
        return at

    def begin(self):
        self.driver.start()
        if self._counts is None:
            self._counts = Counts(self.driver.LSB_PER_G)
        self._left = 0
        self._whole = False

    def take(self, samples, n):
        mg, counts, lsb_per_g = self.mg, self._counts, self.driver.LSB_PER_G
        self._at = 0
        left = self._left
        if not left:
            self.dating.at(0, 0)
            self._ends_s = self.dating.at_s + 1
            left = self._until_end(0)
        for i in range(3 * n):
            mg[i] = samples[i] * 1000 // lsb_per_g
        i = 0
        while i < n:
            now = left if left < n - i else n - i
            counts.put(samples, 3 * i + 2, now)
            i += now
            left -= now
            if not left:
                self._second()
                left = self._until_end(i)
        self._left = left

    def _until_end(self, n):
        """Samples until the second ends, behind the one that comes n behind the last passed."""
        dating = self.dating
        dating.at(n, 0)
        ms = between_ms(dating.at_s, dating.at_ms, self._ends_s, 0)
        return max(1, (ms << 16) // dating.period) if ms < 2000 else 1

    def _second(self):
        """A second of device time has ended."""
        s = self._ends_s
        self._ends_s = s + 1
        count_q8 = self._counts.second()
        if s % EPOCH_S == 0:
            if self._whole and count_q8 >= 0:
                self.emit(s, 0, ACTIVITY, count_q8 >> 16, count_q8 & 0xFFFF)
            self._counts.begin()
            self._whole = True
