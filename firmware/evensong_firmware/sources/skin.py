"""The skin's temperature, where a board has a TMP117; most have none, and that is no fault."""

from evensong_firmware.drivers.tmp117 import Tmp117

UNKNOWN_CDEG = -32768


class Skin:
    """Asked with each status frame; a chip that comes late or comes back is found then."""

    def __init__(self, bus):
        self._chip = Tmp117(bus)
        self._started = False

    def cdeg(self):
        """Hundredths of a degree, UNKNOWN_CDEG without a chip or before its first conversion."""
        try:
            if not self._started:
                self._chip.start()
                self._started = True
            return self._chip.cdeg()
        except OSError:
            self._started = False
            return UNKNOWN_CDEG
