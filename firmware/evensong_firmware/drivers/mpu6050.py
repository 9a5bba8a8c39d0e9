"""MPU-6050 and MPU-6886: acceleration in 16 bits, 50 Hz, 4 g, with a FIFO of 1024 bytes; motion wakes it.

Data sheets: InvenSense RM-MPU-6000A-00 rev. 4.2 (MPU-6050, identity 0x68), DS-000193 rev. 1.1 (MPU-6886, 0x19). The
gyroscope stays off. The FIFO holds 6 bytes for each sample, 8 on the MPU-6886, which adds the temperature. The MPU-6050
has no watermark interrupt, so whoever owns this driver looks at least every two seconds.
"""

MPU6886 = 0x19
_FIFO_FULL = 0x10
_POWER = 0x00  # of register 0x6b while it measures; 0x40 or 0x41 is what a reset leaves


class Mpu6050:
    RATE_HZ = 50
    BURST = 16
    ASKS = False
    OVERDUE_MS = 330
    LSB_PER_G = 8192

    def __init__(self, bus, address, identity):
        self._bus = bus
        self.address = address
        self._is_6886 = identity == MPU6886
        self._size = 8 if self._is_6886 else 6
        self._count = bytearray(2)
        self._raw = bytearray(self._size * self.BURST)
        self.lost = False

    def start(self):
        put = self._set
        put(0x6B, _POWER)  # awake, on its own oscillator
        put(0x6C, 0x07)  # without gyroscope
        put(0x1A, 0x03)  # low-pass 44 Hz, base rate 1 kHz
        put(0x19, 19)  # every twentieth
        put(0x1C, 0x08)  # 4 g
        if self._is_6886:
            put(0x1D, 0x03)
        put(0x38, 0x00)
        put(0x23, 0x08)  # acceleration into the FIFO
        self.flush()

    def _set(self, register, value):
        self._bus.put(self.address, register, value)

    def flush(self):
        self._set(0x6A, 0x04)
        self._set(0x6A, 0x40)
        self._bus.get(self.address, 0x3A)  # forget that it was full

    def rest(self, threshold_mg=64):
        """The pin rises when any axis moves by so much."""
        put = self._set
        put(0x23, 0x00)
        put(0x6A, 0x00)
        if self._is_6886:
            for register in (0x20, 0x21, 0x22):
                put(register, threshold_mg >> 2)
            put(0x69, 0xC0)  # against the sample before
            put(0x38, 0xE0)
        else:
            put(0x1F, threshold_mg >> 1)
            put(0x20, 1)  # 1 ms
            put(0x38, 0x40)
        put(0x6C, 0x47)  # 5 samples a second
        put(0x6B, 0x20)  # asleep between them

    def waiting(self):
        if self._bus.get(self.address, 0x6B) != _POWER:
            return -1
        self.lost = self._bus.get(self.address, 0x3A) & _FIFO_FULL != 0
        self._bus.read(self.address, 0x72, self._count)
        return (self._count[0] << 8 | self._count[1]) // self._size

    def read(self, samples):
        """samples: array of 3 * BURST integers, x y z."""
        raw = self._raw
        self._bus.read(self.address, 0x74, raw)
        at = 0
        for i in range(3 * self.BURST):
            value = raw[at] << 8 | raw[at + 1]
            samples[i] = (value ^ 0x8000) - 0x8000
            at += 2
            if i % 3 == 2:
                at += self._size - 6  # over the temperature
