"""MPU-6050 and MPU-6886, from InvenSense's RM-MPU-6000A-00 rev. 4.2 and DS-000193 rev. 1.1: accelerometer and FIFO."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .accelerometer import LOOK_US, Accelerometer, Floats, Words
from .chip import NEVER_US, Kind

_DEPTH = 1024  # bytes


class Mpu6050(Accelerometer):
    """newer: an MPU-6886. trim: what the factory wrote of its self-test's force, 0: nothing."""

    def __init__(
        self,
        mg: Callable[[Floats], Floats],
        *,
        newer: bool = False,
        address: int = 0x68,
        trim: Sequence[int] | None = None,
        force_mg: Sequence[float] = (530, 560, 610),
        **chip: object,
    ) -> None:
        self._newer = newer
        self._trim = trim or ((120, 126, 134) if newer else (15, 16, 18))
        super().__init__(mg, address=address, force_mg=force_mg, **chip)

    def power_on(self, now_us: int) -> None:
        self.registers[:] = bytes(256)
        self.registers[0x6B] = 0x41 if self._newer else 0x40
        for i, code in enumerate(self._trim):
            self.registers[0x0D + i] = code if self._newer else code >> 2 << 5
            if not self._newer:
                self.registers[0x10] |= (code & 3) << 4 - 2 * i
        self._fifo = bytearray()
        self.asserted_us = NEVER_US
        self.restart(now_us)

    def rate_hz(self) -> float:
        if self.registers[0x6B] & 0x20:
            return 5.0
        if self.registers[0x6B] & 0x40:
            return 0.0
        filtered = 0 < self.registers[0x1A] & 7 < 7
        return (1000 if filtered or self._newer else 8000) / (1 + self.registers[0x19])

    def forced(self) -> bool:
        return self.registers[0x1C] & 0xE0 == 0xE0

    def words(self, mg: Floats) -> Words:
        scale = 32768 / (2000 << (self.registers[0x1C] >> 3 & 3))
        words = np.zeros((len(mg), 4 if self._newer else 3), ">i2")
        words[:, :3] = np.clip(np.rint(mg * scale), -32768, 32767)
        return words

    def take(self, mg: Floats, words: Words) -> None:
        self._watch(mg)
        self.registers[0x3B:0x41] = words[-1, :3].tobytes()
        if self.registers[0x6A] & 0x40 and self.registers[0x23] & 0x08:
            self._push(words.tobytes())
        if self.registers[0x38] & 0x01:  # each sample raises the line; without bit 5 of 0x37 for 50 us only
            self.registers[0x3A] |= 0x01
            if self.registers[0x37] & 0x20:
                self.asserted_us = min(self.asserted_us, round(self.time_us(1)))

    def _push(self, packets: bytes) -> None:
        self._fifo += packets
        if len(self._fifo) > _DEPTH:  # the oldest bytes go, packets or not
            del self._fifo[:-_DEPTH]
            self.registers[0x3A] |= 0x10

    def _watch(self, mg: Floats) -> None:
        """Motion detection: against the sample before (MPU-6886), or a slow mean (MPU-6050)."""
        enabled = self.registers[0x38] & (0xE0 if self._newer else 0x40)
        if not enabled:
            return
        threshold = self.registers[0x20] * 4 if self._newer else self.registers[0x1F] * 2
        for row in mg:
            before = row if self.reference is None else self.reference
            if np.any(np.abs(row - before) > threshold):
                self.registers[0x3A] |= enabled
                self.asserted_us = min(self.asserted_us, round(self.time_us(0)))
            self.reference = row if self._newer else before + 0.2 * (row - before)

    def overflow(self, now_us: int) -> None:  # noqa: ARG002
        if self.registers[0x6A] & 0x40:
            self._push(bytes(_DEPTH + 8))

    def look_us(self, now_us: int) -> int:
        return now_us + LOOK_US if self.registers[0x38] and self.period_us else NEVER_US

    # --- registers

    def read(self, now_us: int, register: int, n: int) -> bytes:
        if register == 0x74:
            values = bytes(self._fifo[:n])
            del self._fifo[:n]
            return values + bytes(n - len(values))
        self.registers[0x72] = len(self._fifo) >> 8
        self.registers[0x73] = len(self._fifo) & 0xFF
        identity = 0x19 if self._newer else 0x68
        self.registers[0x75] = 0x71 if self.suffers(Kind.WRONG_CHIP, now_us) else identity
        values = bytes(self.registers[register : register + n])
        if register <= 0x3A < register + n:
            self.registers[0x3A] = 0
            self.asserted_us = NEVER_US
        return values

    def write(self, now_us: int, register: int, values: bytes) -> None:
        value = values[0]
        if register == 0x6B and value & 0x80:
            self.power_on(now_us)
            return
        if register == 0x6A and value & 0x04:
            self._fifo.clear()
            value &= ~0x04
        self.registers[register] = value
        self.stale()
        if register in {0x19, 0x1A, 0x6B, 0x6C}:
            self.restart(now_us)
