"""LIS3DH and LIS2DH12, from ST's data sheets DocID17530 and DocID025056 and application note AN3308."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .chip import NEVER_US, Chip, Kind

Floats = npt.NDArray[np.float64]
_RATES = (0, 1, 10, 25, 50, 100, 200, 400)
_DEFAULTS = {0x0F: 0x33, 0x1E: 0x10, 0x20: 0x07}
_DEPTH = 32
_AHEAD = 2048
_HIGH_PASS_S = 1.0  # about the corner at 10 Hz with the default divider: 0.2 Hz


class Lis3dh(Chip):
    """mg(t_us): acceleration at these world times, shape (n, 3)."""

    def __init__(self, mg: Callable[[Floats], Floats], *, address: int = 0x18, **chip: object) -> None:
        super().__init__(address=address, **chip)  # type: ignore[arg-type]
        self._mg = mg
        self.power_on(0)

    def power_on(self, now_us: int) -> None:
        self.registers[:] = bytes(256)
        for register, value in _DEFAULTS.items():
            self.registers[register] = value
        self._fifo = bytearray()
        self._overrun = False
        self.asserted_us = NEVER_US
        self._restart(now_us)

    def _restart(self, now_us: int) -> None:
        rate_hz = _RATES[self.registers[0x20] >> 4] if self.registers[0x20] >> 4 < len(_RATES) else 0
        self._period_us = 1e6 / rate_hz / (1 + self.ppm / 1e6) if rate_hz else 0.0
        self._from_us = float(now_us)
        self._taken = self._ahead = 0
        self._samples = np.zeros((0, 3))
        self._slow: Floats | None = None

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
        if self.registers[0x22] & 0x40:
            self._watch(mg)
        if self.registers[0x24] & 0x40 and self.registers[0x2E] & 0xC0 == 0x80:
            scale = 16 / (2 << (self.registers[0x23] >> 4 & 3)) * 2  # digits, left-justified, in a mg: 1 mg at 2 g
            words = np.clip(np.rint(mg * scale / 16) * 16, -32768, 32752).astype("<i2")
            before = len(self._fifo) // 6
            self._fifo += words.tobytes()
            crossing = (self.registers[0x2E] & 31) + 1 - before
            if self.registers[0x22] & 0x04 and 0 < crossing <= n:
                at_us = round(self._from_us + (self._taken + crossing) * self._period_us + 0.5)
                self.asserted_us = min(self.asserted_us, at_us)
            self._trim()
        self._taken += n

    def _trim(self) -> None:
        """Stream mode: the newest 32 stay. The bit says that it is full, and perhaps more."""
        if len(self._fifo) >= 6 * _DEPTH:
            self._overrun = True
            del self._fifo[: -6 * _DEPTH]

    def _watch(self, mg: Floats) -> None:
        """The motion detector behind its high-pass filter (interrupt generator 1)."""
        share = self._period_us / 1e6 / _HIGH_PASS_S
        threshold = (self.registers[0x32] & 127) * (16 << (self.registers[0x23] >> 4 & 3))
        for row in mg:
            slow = row if self._slow is None else self._slow + share * (row - self._slow)
            self._slow = slow
            if np.any(np.abs(row - slow) > threshold) and self.registers[0x30] & 0x2A:
                self.asserted_us = min(self.asserted_us, round(self._from_us + self._taken * self._period_us))

    def overflow(self, now_us: int) -> None:
        if self._period_us and self.registers[0x2E] & 0xC0:
            self._fifo += bytes(6 * (_DEPTH + 1))
            self._trim()
            self.asserted_us = min(self.asserted_us, now_us)

    def will_assert_us(self, now_us: int) -> int:
        if not self._period_us:
            return NEVER_US
        if self.registers[0x22] & 0x40:
            return self._next_motion_us(now_us)
        if not self.registers[0x22] & 0x04 or not self.registers[0x2E] & 0xC0:
            return NEVER_US
        crossing = (self.registers[0x2E] & 31) + 1 - len(self._fifo) // 6
        return round(self._from_us + (self._taken + crossing) * self._period_us + 1) if crossing > 0 else NEVER_US

    def _next_motion_us(self, now_us: int) -> int:
        """Nobody knows before it happens: look again a second later."""
        return now_us + 1_000_000

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
        if register == 0x20:
            self._restart(now_us)
        elif register == 0x2E and not values[0] & 0xC0:  # bypass empties the FIFO
            self._fifo.clear()
            self._overrun = False
            self.asserted_us = NEVER_US
