"""LIS3DH and LIS2DH12: acceleration in 12 bits, 50 Hz, 4 g, with a FIFO of 32; motion wakes it.

Data sheets: ST DocID17530 (LIS3DH), DocID025056 (LIS2DH12); application note AN3308 (FIFO, wake-up). The two share the
registers used here and the identity 0x33. In a read of several bytes the register's top bit must be set.
"""

_STREAM = 0x80 | 16  # interrupt with more than 16 samples
_MORE = 0x80


class Lis3dh:
    RATE_HZ = 50
    BURST = 16
    ASKS = True
    OVERDUE_MS = 500
    LSB_PER_G = 8000  # 2 mg to the digit, 4 bits from the right

    def __init__(self, bus, address):
        self._bus = bus
        self.address = address
        self._fifo = bytearray(2)
        self._raw = bytearray(6 * self.BURST)
        self.lost = False

    def start(self):
        self._set(0x20, 0x47)  # 50 Hz, three axes
        self._set(0x21, 0x00)
        self._set(0x23, 0x98)  # 4 g, 12 bits, never two halves of different samples
        self._set(0x24, 0x40)  # with FIFO
        self._set(0x22, 0x04)  # its watermark at pin 1
        self.flush()

    def _set(self, register, value):
        self._bus.put(self.address, register, value)

    def flush(self):
        self._set(0x2E, 0x00)
        self._set(0x2E, _STREAM)

    def rest(self, threshold_mg=64):
        """10 Hz in 8 bits; pin 1 rises when any axis moves by so much (steps of 32 mg at 4 g)."""
        self._set(0x22, 0x00)
        self._set(0x24, 0x00)
        self._set(0x2E, 0x00)
        self._set(0x20, 0x2F)
        self._set(0x21, 0x01)  # the high-pass only in front of the motion detector
        self._set(0x23, 0x10)
        self._set(0x32, threshold_mg >> 5)
        self._set(0x33, 0x00)
        self._bus.get(self.address, 0x26)  # the high-pass begins where it is now
        self._set(0x30, 0x2A)
        self._set(0x22, 0x40)

    def waiting(self):
        fifo = self._fifo
        self._bus.read(self.address, _MORE | 0x2E, fifo)
        if fifo[0] != _STREAM:
            return -1
        self.lost = fifo[1] & 0x40 != 0
        return fifo[1] & 31

    def read(self, samples):
        """samples: array of 3 * BURST integers, x y z."""
        raw = self._raw
        self._bus.read(self.address, _MORE | 0x28, raw)
        for i in range(len(raw) // 2):
            value = raw[2 * i] | raw[2 * i + 1] << 8
            samples[i] = (value ^ 0x8000) - 0x8000
