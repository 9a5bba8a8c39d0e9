"""TMP117: temperature of the skin, 0.1 degrees, one conversion every 16 seconds.

Data sheet: Texas Instruments SNOSD82D. One bit is 7.8125 millidegrees.
"""

_ADDRESS = 0x48


class Tmp117:
    def __init__(self, bus):
        self._bus = bus
        self._word = bytearray(2)

    def start(self):
        """Raises OSError if another chip answers."""
        self._bus.read(_ADDRESS, 0x0F, self._word)
        if self._word[0] & 15 != 1 or self._word[1] != 0x17:
            raise OSError("no TMP117")
        # continuous, 16 s, mean of 8: CONV 7, AVG 1; one register has two bytes, the high one first
        self._word[0] = 0x03
        self._word[1] = 0xA0
        self._bus.put_all(_ADDRESS, 0x01, self._word)

    def cdeg(self):
        """Hundredths of a degree, -32768 before the first conversion (-256 degrees is what the chip says then)."""
        self._bus.read(_ADDRESS, 0x00, self._word)
        raw = self._word[0] << 8 | self._word[1]
        if raw == 0x8000:
            return -32768
        return ((raw ^ 0x8000) - 0x8000) * 25 >> 5
