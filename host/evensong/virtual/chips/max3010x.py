"""MAX30101 and MAX30102 (Maxim 19-7740 rev. 1): LEDs, 18-bit converter, FIFO of 32, interrupts.

Both have part id 0x15. The MAX30102 has no green LED; `swapped` is the clone whose red and infrared LEDs are swapped;
`proximity`: revisions before the registers 0x10 and 0x30 were withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .chip import NEVER_US, Chip, Kind

Floats = npt.NDArray[np.float64]
GREEN, INFRARED, RED = "green", "infrared", "red"

_A_FULL, _PPG_RDY, _ALC_OVF, _PROX, _PWR_RDY = 0x80, 0x40, 0x20, 0x10, 0x01
_DEPTH = 32
_RATES = (50, 100, 200, 400, 800, 1000, 1600, 3200)
_CURRENT = {1: 0x0C, 2: 0x0D, 3: 0x0E}  # LED current register of a slot's code
_AHEAD = 2048  # samples that are looked up at once


@dataclass(frozen=True, slots=True)
class Optics:
    """light(name, t_us): what comes back from the skin, in counts per unit of LED current (0.2 mA) at 4 uA full scale,
    at these world times. ambient(t_us): counts that come from outside in spite of the cancellation, and above
    `too_bright` the cancellation gives up."""

    light: Callable[[str, Floats], Floats]
    ambient: Callable[[Floats], Floats]
    too_bright: float = 20_000.0


class Max3010x(Chip):
    """green: a MAX30101. dead: lights that never shine."""

    def __init__(
        self,
        optics: Optics,
        *,
        green: bool = True,
        swapped: bool = False,
        proximity: bool = False,
        dead: Collection[str] = (),
        **chip: object,
    ) -> None:
        super().__init__(address=0x57, **chip)  # type: ignore[arg-type]
        self._optics = optics
        self._lights = {1: RED, 2: INFRARED, 3: GREEN if green else ""}
        if swapped:
            self._lights |= {1: INFRARED, 2: RED}
        self._lights = {slot: "" if light in dead else light for slot, light in self._lights.items()}
        self._proximity = proximity
        self.power_on(0)

    def power_on(self, now_us: int) -> None:
        self.registers[:] = bytes(256)
        self.registers[0x00] = _PWR_RDY
        self.registers[0xFE] = 0x03
        self._clear_fifo()
        self._stop()
        self.asserted_us = now_us  # PWR_RDY cannot be masked

    def _clear_fifo(self) -> None:
        self._fifo = bytearray()
        self._read_at = 0
        self._lost = 0

    def _stop(self) -> None:
        self._slots: list[int] = []
        self._from_us = 0.0
        self._period_us = 10_000.0
        self._taken = 0
        self._counts: list[Floats] = []
        self._ambient = np.zeros(0)
        self._words = b""  # of all that was looked up, as the FIFO gives them; empty: to be made
        self._ahead = 0

    # --- sampling

    def _restart(self, now_us: int) -> None:
        """A change of mode or rate begins a new series of samples."""
        self._stop()
        mode = self.registers[0x09]
        if mode & 0x80:
            return
        slots = self.registers[0x11] & 7, self.registers[0x11] >> 4, self.registers[0x12] & 7, self.registers[0x12] >> 4
        self._slots = {2: [1], 3: [1, 2], 7: [slot for slot in slots if slot]}.get(mode & 7, [])
        rate_hz = _RATES[self.registers[0x0A] >> 2 & 7] / min(32, 1 << (self.registers[0x08] >> 5))
        self._period_us = 1e6 / rate_hz / (1 + self.ppm / 1e6)
        self._from_us = float(now_us)

    def _time_us(self, n: int) -> float:
        return self._from_us + n * self._period_us

    def sample_until(self, now_us: int) -> None:
        if not self._slots:
            return
        due = int((now_us - self._from_us) / self._period_us) - self._taken
        while due > 0:
            n = min(due, self._ahead + len(self._ambient) - self._taken)
            if n <= 0:
                self._look_ahead()
                continue
            self._take(n)
            due -= n

    def _look_ahead(self) -> None:
        at_us = self._from_us + (self._taken + 1 + np.arange(_AHEAD, dtype=np.float64)) * self._period_us
        self._ahead = self._taken
        self._ambient = self._optics.ambient(at_us)
        self._words = b""
        self._counts = [
            self._optics.light(self._lights[slot], at_us) if self._lights.get(slot) else np.zeros(_AHEAD)
            for slot in self._slots
        ]

    def _take(self, n: int) -> None:
        """The next n samples into the FIFO."""
        if not self._words:
            self._convert()
        i = self._taken - self._ahead
        if self._bright and self._ambient[i : i + n].max() > self._optics.too_bright:
            self._raise(_ALC_OVF, self._time_us(self._taken + 1))
        width = 3 * len(self._slots)
        self._push(self._words[i * width : (i + n) * width], n)

    def _convert(self) -> None:
        gain = 4.0 / (2 << (self.registers[0x0A] >> 5 & 3))
        words = np.empty((_AHEAD, len(self._slots)), ">u4")
        for k, slot in enumerate(self._slots):
            current = self.registers[_CURRENT[slot]] if slot in _CURRENT else 0
            counts = (self._counts[k] * current + self._ambient) * gain
            words[:, k] = np.clip(np.rint(counts), 0, (1 << 18) - 1)
        self._words = words.view(np.uint8).reshape(_AHEAD, -1, 4)[:, :, 1:].tobytes()
        self._bright = bool(self._ambient.max() > self._optics.too_bright)

    def _push(self, samples: bytes, n: int) -> None:
        width = 3 * len(self._slots)
        unread = len(self._fifo) // width
        room = _DEPTH - unread
        crossing = self._threshold() - unread
        self._fifo += samples[: min(n, room) * width]
        if n > room:
            if self.registers[0x08] & 0x10:
                raise NotImplementedError("rolling over")
            self._lost += n - room
        if 0 < crossing <= n:
            self._raise(_A_FULL, self._time_us(self._taken + crossing))
        self._taken += n

    def _threshold(self) -> int:
        return _DEPTH - (self.registers[0x08] & 15)

    def _raise(self, flag: int, at_us: float) -> None:
        self.registers[0x00] |= flag
        if self.registers[0x02] & flag:
            self.asserted_us = min(self.asserted_us, round(at_us + 0.5))

    def overflow(self, now_us: int) -> None:
        if self._slots:
            self._push(bytes(3 * len(self._slots) * _DEPTH), _DEPTH)
            self._taken -= _DEPTH
            self._lost += 8
            self.asserted_us = min(self.asserted_us, now_us)

    def will_assert_us(self, now_us: int) -> int:  # noqa: ARG002
        if not self._slots or not self.registers[0x02] & _A_FULL:
            return NEVER_US
        crossing = self._threshold() - len(self._fifo) // (3 * len(self._slots))
        return round(self._time_us(self._taken + crossing) + 1) if crossing > 0 else NEVER_US

    def asserts_after(self, kind: Kind, at_us: int) -> int:
        return at_us if kind is Kind.BROWN_OUT or self._slots else NEVER_US

    # --- registers

    def read(self, now_us: int, register: int, n: int) -> bytes:
        if register == 0x07:
            return self._pop(n)
        unread = len(self._fifo) // max(3, 3 * len(self._slots))
        registers = self.registers
        registers[0x04] = self._read_at + unread & 31
        registers[0x05] = min(31, self._lost)
        registers[0x06] = self._read_at
        registers[0xFF] = 0x3B if self.suffers(Kind.WRONG_CHIP, now_us) else 0x15
        values = bytes(registers[register : register + n])
        if register == 0:
            registers[0x00] = 0
            self.asserted_us = NEVER_US
        return values

    def _pop(self, n: int) -> bytes:
        values = bytes(self._fifo[:n])
        del self._fifo[:n]
        self._read_at = self._read_at + n // max(3, 3 * len(self._slots)) & 31
        self._lost = 0
        self.registers[0x00] &= ~_A_FULL & 0xFF
        return values + bytes(n - len(values))

    def write(self, now_us: int, register: int, values: bytes) -> None:
        for at, value in enumerate(values, register):
            self._write(now_us, at, value)

    def _write(self, now_us: int, register: int, value: int) -> None:
        if register in {0x00, 0x01, 0xFE, 0xFF} or (register in {0x10, 0x30} and not self._proximity):
            return
        if register in {0x04, 0x05, 0x06}:
            self._clear_fifo()
            self._read_at = value & 31
            return
        if register == 0x09 and value & 0x40:
            power_ready = self.registers[0x00] & _PWR_RDY
            self.power_on(now_us)
            self.registers[0x00] = power_ready
            self.asserted_us = NEVER_US
            return
        self.registers[register] = value
        self._words = b""
        if register in {0x08, 0x09, 0x0A, 0x11, 0x12}:
            self._restart(now_us)
