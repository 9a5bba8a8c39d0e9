"""MAX30101 (red, infrared and green) and MAX30102 (red and infrared): light from skin, 18 bits, 100 Hz.

Data sheets: Maxim, MAX30101; 19-7740 rev. 1 (MAX30102: the same registers without the third LED). Both say 0x15 in
register 0xff, and clones of the latter have red and infrared swapped, so which light to use is found by looking:
`start(ALL)` takes all three in turn for the caller to compare, `start(light)` one. Proximity mode is not used: later
revisions lack it.
The FIFO does not roll over: `lost` is then exact, and what it holds is in one piece.
"""

GREEN, INFRARED, RED = 3, 2, 1  # slots of the multi-LED mode
ALL = 0
FULL_SCALE = (1 << 18) - 1
MAX_CURRENT = 127  # of 255, in 0.2 mA: 25 mA
_ADDRESS = 0x57
_A_FULL = 0x80
_AMBIENT = 0x20
_POWER_READY = 0x01


class Max3010x:
    RATE_HZ = 100
    BURST = 16
    ASKS = True
    OVERDUE_MS = 260

    def __init__(self, bus):
        self._bus = bus
        self._state = bytearray(7)
        self._one = bytearray(3 * self.BURST)
        self._raw = self._one
        self.current = 40
        self.lost = False
        self.ambient = False  # more light from outside than the chip can cancel

    def start(self, light=ALL):
        put = self._bus.put
        put(_ADDRESS, 0x09, 0x40)  # reset
        for _ in range(10):
            if not self._bus.get(_ADDRESS, 0x09) & 0x40:
                break
        put(_ADDRESS, 0x02, _A_FULL | _AMBIENT)  # interrupts
        put(_ADDRESS, 0x08, 0x4F)  # mean of 4, no rolling over, interrupt with 17 samples
        put(_ADDRESS, 0x0A, 0x2F)  # 4 uA full scale, 400 per second, 411 us: 18 bits
        put(_ADDRESS, 0x11, light or INFRARED << 4 | GREEN)
        put(_ADDRESS, 0x12, 0 if light else RED)
        self._raw = self._one if light else bytearray(9 * self.BURST)
        self.set_current(self.current)
        put(_ADDRESS, 0x09, 0x07)  # multi-LED mode
        self.flush()
        self._bus.read(_ADDRESS, 0x00, self._state)  # what it says of the time before is old

    def set_current(self, current):
        """Of every LED, in 0.2 mA."""
        self.current = current
        for register in (0x0C, 0x0D, 0x0E):
            self._bus.put(_ADDRESS, register, current)

    def rest(self):
        self._bus.put(_ADDRESS, 0x09, 0x80)

    def flush(self):
        for register in (0x04, 0x05, 0x06):
            self._bus.put(_ADDRESS, register, 0)

    def waiting(self):
        state = self._state
        self._bus.read(_ADDRESS, 0x00, state)
        if state[0] & _POWER_READY or state[2] != _A_FULL | _AMBIENT:
            return -1
        self.ambient = state[0] & _AMBIENT != 0
        self.lost = state[5] != 0
        n = (state[4] - state[6]) & 31
        return 32 if n == 0 and (self.lost or state[0] & _A_FULL) else n

    def read(self, samples):
        """samples: array of BURST integers, of three times as many after `start(ALL)`: green, infrared, red."""
        raw = self._raw
        self._bus.read(_ADDRESS, 0x07, raw)
        at = 0
        for i in range(len(raw) // 3):
            samples[i] = (raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2]) & FULL_SCALE
            at += 3
