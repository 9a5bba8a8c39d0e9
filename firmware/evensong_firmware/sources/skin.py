"""The skin's temperature, where a board has a TMP117; most have none, and that is no fault."""

# Driver and dating are there once the chip was started, and nothing here is called before.
# pyright: reportOptionalMemberAccess=false

from array import array

from evensong_firmware.drivers.find import find_skin
from evensong_firmware.sources.sensor import Sensor
from evensong_firmware.wire import FAULT_ABSENT, FAULT_NONE, SENSOR_TEMPERATURE

UNKNOWN_CDEG = -32768
_LOOK_MS = 8000  # for one where there was none: it may be a loose wire


class Skin(Sensor):
    """cdeg: hundredths of a degree, UNKNOWN_CDEG without a chip or before its first conversion."""

    def __init__(self, bus):
        super().__init__(bus, SENSOR_TEMPERATURE, find_skin, array("h", (0,)))
        self.cdeg = UNKNOWN_CDEG

    def begin(self):
        self.driver.start()

    def take(self, samples, _):
        self.cdeg = samples[0]
        self.dating.gap()  # it is of this moment, not one of a series

    def _fail(self, fault, detail, t_s, t_ms):
        self.cdeg = UNKNOWN_CDEG
        if fault != FAULT_ABSENT or self.dating:
            super()._fail(fault, detail, t_s, t_ms)
            return
        if self._fault > 0:  # somebody else held the bus
            self._tell(FAULT_NONE, 0, t_s, t_ms)
        self.pause(_LOOK_MS)
