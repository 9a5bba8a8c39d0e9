"""TMP117: temperature of the skin, 0.1 degrees, one conversion every 16 seconds.

Data sheet: Texas Instruments SNOSD82D. One bit is 7.8125 millidegrees. It has no FIFO: what waits is its last value.
"""

ADDRESS = 0x48
_CONFIGURED = 0x03A0  # continuous, 16 s, mean of 8: CONV 7, AVG 1
_OWN_BITS = 0xF000  # flags that the chip sets


class Tmp117:
    RATE_HZ = 1
    BURST = 1
    ASKS = lost = False
    OVERDUE_MS = 4000

    def __init__(self, bus):
        self._bus = bus
        self._word = bytearray(2)  # one register has two bytes, the high one first

    def start(self):
        self._word[0] = _CONFIGURED >> 8
        self._word[1] = _CONFIGURED & 255
        self._bus.put_all(ADDRESS, 0x01, self._word)

    def waiting(self):
        return 1 if self._get(0x01) & ~_OWN_BITS == _CONFIGURED else -1

    def read(self, samples):
        """Hundredths of a degree, -32768 before the first conversion (-256 degrees is what the chip says then)."""
        raw = self._get(0x00)
        samples[0] = -32768 if raw == 0x8000 else ((raw ^ 0x8000) - 0x8000) * 25 >> 5

    def _get(self, register):
        self._bus.read(ADDRESS, register, self._word)
        return self._word[0] << 8 | self._word[1]
