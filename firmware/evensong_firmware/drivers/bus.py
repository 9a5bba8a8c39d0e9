"""The I2C bus that every chip hangs on, and what frees it when a chip holds it."""

import time

from machine import I2C, Pin

FREQUENCY_HZ = 400000
TIMEOUT_US = 10000  # no transfer here takes longer than 4 ms; beyond that somebody holds the bus
_CLOCKS = 9


class Bus:
    """sda, scl: numbers of GPIO. Every method raises OSError: ENODEV if no chip acknowledges, else the bus is held."""

    def __init__(self, sda, scl):
        self._sda = sda
        self._scl = scl
        self._byte = bytearray(1)
        self._open()

    def _open(self):
        self._i2c = I2C(0, scl=Pin(self._scl), sda=Pin(self._sda), freq=FREQUENCY_HZ, timeout=TIMEOUT_US)

    def read(self, address, register, buf):
        self._i2c.readfrom_mem_into(address, register, buf)

    def get(self, address, register):
        """One register."""
        self._i2c.readfrom_mem_into(address, register, self._byte)
        return self._byte[0]

    def put(self, address, register, value):
        """Set one register."""
        self._byte[0] = value
        self._i2c.writeto_mem(address, register, self._byte)

    def put_all(self, address, register, buf):
        self._i2c.writeto_mem(address, register, buf)

    def free(self):
        """Clock until whoever holds SDA lets go, then stop (NXP UM10204 rev. 7, 3.1.16: nine clocks are enough)."""
        scl = Pin(self._scl, Pin.OPEN_DRAIN, value=1)
        sda = Pin(self._sda, Pin.OPEN_DRAIN, value=1)
        for _ in range(_CLOCKS):
            if sda.value():
                break
            scl.value(0)
            time.sleep_us(5)
            scl.value(1)
            time.sleep_us(5)
        sda.value(0)
        time.sleep_us(5)
        sda.value(1)
        self._open()
