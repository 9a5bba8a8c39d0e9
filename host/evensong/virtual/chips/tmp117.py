"""TMP117, from Texas Instruments' SNOSD82D: temperature in continuous conversion. Registers have two bytes."""

from __future__ import annotations

from collections.abc import Callable

from .chip import Chip, Kind


class Tmp117(Chip):
    """celsius(t_us): temperature at this world time."""

    def __init__(self, celsius: Callable[[int], float], **chip: object) -> None:
        super().__init__(address=0x48, **chip)  # type: ignore[arg-type]
        self._celsius = celsius
        self.power_on(0)

    def power_on(self, now_us: int) -> None:
        self._words = {0x01: 0x0220}
        self._on_us = now_us

    def read(self, now_us: int, register: int, n: int) -> bytes:
        if register == 0x00:
            converted = now_us - self._on_us >= 125_000  # a mean of eight
            word = round(self._celsius(now_us) * 128) & 0xFFFF if converted else 0x8000
        elif register == 0x0F:
            word = 0x0118 if self.suffers(Kind.WRONG_CHIP, now_us) else 0x0117
        else:
            word = self._words.get(register, 0)
        return word.to_bytes(2, "big")[:n]

    def write(self, now_us: int, register: int, values: bytes) -> None:
        self._words[register] = int.from_bytes(values[:2], "big")
        if register == 0x01:
            self._on_us = now_us
