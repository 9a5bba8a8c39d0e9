"""LIS3DH and LIS2DH12, from ST's data sheets DocID17530 and DocID025056 and application note AN3308."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .accelerometer import LOOK_US, Accelerometer, Floats, Words
from .chip import NEVER_US, Kind

_RATES = (0, 1, 10, 25, 50, 100, 200, 400)
_DEFAULTS = {0x0F: 0x33, 0x1E: 0x10, 0x20: 0x07}
_DEPTH = 32
_HIGH_PASS_S = 1.0  # about the corner at 10 Hz with the default divider: 0.2 Hz


class Lis3dh(Accelerometer):
    """force_mg: within the 68 to 1440 mg that the data sheet allows."""

    def __init__(
        self,
        mg: Callable[[Floats], Floats],
        *,
        address: int = 0x18,
        force_mg: Sequence[float] = (300, 290, 420),
        **chip: object,
    ) -> None:
        super().__init__(mg, address=address, force_mg=force_mg, **chip)

    def power_on(self, now_us: int) -> None:
        self.registers[:] = bytes(256)
        for register, value in _DEFAULTS.items():
            self.registers[register] = value
        self._fifo = bytearray()
        self._overrun = False
        self.asserted_us = NEVER_US
        self.restart(now_us)

    def rate_hz(self) -> float:
        return _RATES[self.registers[0x20] >> 4] if self.registers[0x20] >> 4 < len(_RATES) else 0

    def forced(self) -> bool:
        return self.registers[0x23] & 0x06 == 0x02

    def words(self, mg: Floats) -> Words:
        scale = 16 / (2 << (self.registers[0x23] >> 4 & 3)) * 2  # digits, left-justified, in a mg: 1 mg at 2 g
        digit = 16 if self.registers[0x23] & 0x08 else 64  # 12 bits or 10
        words: Words = np.clip(np.rint(mg * scale / digit) * digit, -32768, 32768 - digit).astype("<i2")
        return words

    def take(self, mg: Floats, words: Words) -> None:
        n = len(mg)
        if self.registers[0x22] & 0x40:
            self._watch(mg)
        taken = words.tobytes()
        self.registers[0x28:0x2E] = taken[-6:]
        if self.registers[0x24] & 0x40 and self.registers[0x2E] & 0xC0 == 0x80:
            before = len(self._fifo) // 6
            self._fifo += taken
            crossing = (self.registers[0x2E] & 31) + 1 - before
            if self.registers[0x22] & 0x04 and 0 < crossing <= n:
                self.asserted_us = min(self.asserted_us, round(self.time_us(crossing) + 0.5))
            self._trim()

    def _trim(self) -> None:
        """Stream mode: the newest 32 stay. The bit says that it is full, and perhaps more."""
        if len(self._fifo) >= 6 * _DEPTH:
            self._overrun = True
            del self._fifo[: -6 * _DEPTH]

    def _watch(self, mg: Floats) -> None:
        """The motion detector behind its high-pass filter (interrupt generator 1)."""
        share = self.period_us / 1e6 / _HIGH_PASS_S
        threshold = (self.registers[0x32] & 127) * (16 << (self.registers[0x23] >> 4 & 3))
        for row in mg:
            slow = row if self.reference is None else self.reference + share * (row - self.reference)
            self.reference = slow
            if np.any(np.abs(row - slow) > threshold) and self.registers[0x30] & 0x2A:
                self.asserted_us = min(self.asserted_us, round(self.time_us(0)))

    def overflow(self, now_us: int) -> None:
        if self.period_us and self.registers[0x2E] & 0xC0:
            self._fifo += bytes(6 * (_DEPTH + 1))
            self._trim()
            self.asserted_us = min(self.asserted_us, now_us)

    def will_assert_us(self, now_us: int) -> int:  # noqa: ARG002
        if not self.period_us or not self.registers[0x22] & 0x04 or not self.registers[0x2E] & 0xC0:
            return NEVER_US
        crossing = (self.registers[0x2E] & 31) + 1 - len(self._fifo) // 6
        return round(self.time_us(crossing) + 1) if crossing > 0 else NEVER_US

    def look_us(self, now_us: int) -> int:
        return now_us + LOOK_US if self.period_us and self.registers[0x22] & 0x40 else NEVER_US

    def asserts_after(self, kind: Kind, at_us: int) -> int:
        return at_us if kind is Kind.OVERFLOW and self.registers[0x2E] & 0xC0 else NEVER_US

    # --- registers

    def read(self, now_us: int, register: int, n: int) -> bytes:
        first, several = register & 0x7F, register & 0x80
        if first == 0x28 and several and self.registers[0x2E] & 0xC0:
            return self._pop(n)
        unread = len(self._fifo) // 6
        full = self._overrun
        above = unread > self.registers[0x2E] & 31
        self.registers[0x2F] = above << 7 | full << 6 | (not unread) << 5 | min(31, unread)
        self.registers[0x0F] = 0x11 if self.suffers(Kind.WRONG_CHIP, now_us) else 0x33
        return bytes(self.registers[first : first + n]) if several else bytes(self.registers[first : first + 1]) * n

    def _pop(self, n: int) -> bytes:
        values = bytes(self._fifo[:n])
        del self._fifo[:n]
        self._overrun = False
        self.asserted_us = NEVER_US  # the watermark's line falls when the FIFO is below it
        return values + bytes(n - len(values))

    def write(self, now_us: int, register: int, values: bytes) -> None:
        register &= 0x7F
        self.registers[register] = values[0]
        self.stale()
        if register == 0x20:
            self.restart(now_us)
        elif register == 0x2E and not values[0] & 0xC0:  # bypass empties the FIFO
            self._fifo.clear()
            self._overrun = False
            self.asserted_us = NEVER_US
