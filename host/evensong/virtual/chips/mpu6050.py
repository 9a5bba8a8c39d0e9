"""MPU-6050 and MPU-6886, from InvenSense's RM-MPU-6000A-00 rev. 4.2 and DS-000193 rev. 1.1: accelerometer and FIFO."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .chip import NEVER_US, Chip, Kind

Floats = npt.NDArray[np.float64]
_DEPTH = 1024  # bytes
_AHEAD = 2048


class Mpu6050(Chip):
    """mg(t_us): acceleration at these world times, shape (n, 3). newer: an MPU-6886."""

    def __init__(
        self, mg: Callable[[Floats], Floats], *, newer: bool = False, address: int = 0x68, **chip: object
    ) -> None:
        super().__init__(address=address, **chip)  # type: ignore[arg-type]
        self._mg = mg
        self._newer = newer
        self.power_on(0)

    def power_on(self, now_us: int) -> None:
        self.registers[:] = bytes(256)
        self.registers[0x6B] = 0x41 if self._newer else 0x40
        self._fifo = bytearray()
        self.asserted_us = NEVER_US
        self._restart(now_us)

    def _restart(self, now_us: int) -> None:
        asleep = self.registers[0x6B] & 0x60
        filtered = 0 < self.registers[0x1A] & 7 < 7
        base_hz = 1000 if filtered or self._newer else 8000
        rate_hz = base_hz / (1 + self.registers[0x19])
        if self.registers[0x6B] & 0x20:
            rate_hz = 5.0
        self._period_us = 1e6 / rate_hz / (1 + self.ppm / 1e6) if asleep != 0x40 else 0.0
        self._from_us = float(now_us)
        self._taken = self._ahead = 0
        self._samples = np.zeros((0, 3))
        self._before: Floats | None = None

    def sample_until(self, now_us: int) -> None:
        if not self._period_us:
            return
        due = int((now_us - self._from_us) / self._period_us) - self._taken
        while due > 0:
            n = min(due, self._ahead + len(self._samples) - self._taken)
            if n <= 0:
                at_us = self._from_us + (self._taken + 1 + np.arange(_AHEAD, dtype=np.float64)) * self._period_us
                self._ahead = self._taken
                self._samples = self._mg(at_us)
                continue
            i = self._taken - self._ahead
            self._take(self._samples[i : i + n])
            due -= n

    def _take(self, mg: Floats) -> None:
        n = len(mg)
        self._watch(mg)
        if self.registers[0x6A] & 0x40 and self.registers[0x23] & 0x08:
            scale = 32768 / (2000 << (self.registers[0x1C] >> 3 & 3))
            words = np.zeros((n, 4 if self._newer else 3), ">i2")
            words[:, :3] = np.clip(np.rint(mg * scale), -32768, 32767)
            self._push(words.tobytes())
        self._taken += n

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
            before = row if self._before is None else self._before
            if np.any(np.abs(row - before) > threshold):
                self.registers[0x3A] |= enabled
                self.asserted_us = min(self.asserted_us, round(self._from_us + self._taken * self._period_us))
            self._before = row if self._newer else before + 0.2 * (row - before)

    def overflow(self, now_us: int) -> None:  # noqa: ARG002
        if self.registers[0x6A] & 0x40:
            self._push(bytes(_DEPTH + 8))

    def will_assert_us(self, now_us: int) -> int:
        return now_us + 1_000_000 if self.registers[0x38] and self._period_us else NEVER_US

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
        if register in {0x19, 0x1A, 0x6B, 0x6C}:
            self._restart(now_us)
