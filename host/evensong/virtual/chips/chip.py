"""What every chip on the bus has: an address, registers, an interrupt line, and faults at given times."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

NEVER_US = 1 << 60


class Kind(StrEnum):
    NO_ANSWER = "no-answer"  # the chip does not acknowledge (a loose wire, or none)
    WRONG_CHIP = "wrong-chip"  # another identity in its register
    STUCK_BUS = "stuck-bus"  # it holds SDA low, in the middle of a byte, until it is clocked out
    BROWN_OUT = "brown-out"  # its supply dips: every register as after power-on
    OVERFLOW = "overflow"  # its FIFO fills at once
    LATE = "late"  # its interrupts do not come


@dataclass(frozen=True, slots=True)
class ChipFault:
    """World times in us. Some kinds last, others (stuck bus, brown-out, overflow) strike once, at from_us."""

    kind: Kind
    from_us: int
    to_us: int


@dataclass(eq=False)
class Chip:
    """address: 7 bits. ppm: how much faster than it should its oscillator runs."""

    address: int
    ppm: int = 0
    faults: list[ChipFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registers = bytearray(256)
        self._once = sorted(
            (fault.from_us, fault.kind)
            for fault in self.faults
            if fault.kind in {Kind.BROWN_OUT, Kind.OVERFLOW, Kind.STUCK_BUS}
        )
        self._lasting = [fault for fault in self.faults if fault.kind in {Kind.NO_ANSWER, Kind.WRONG_CHIP, Kind.LATE}]
        self.holds_sda = False
        self.asserted_us = NEVER_US  # since when its interrupt line is active

    def suffers(self, kind: Kind, now_us: int) -> bool:
        if not self._lasting:
            return False
        return any(fault.kind is kind and fault.from_us <= now_us < fault.to_us for fault in self._lasting)

    def run(self, now_us: int) -> None:
        """Bring the chip up to this time."""
        while self._once and self._once[0][0] <= now_us:
            at_us, kind = self._once.pop(0)
            self.sample_until(at_us)
            if kind is Kind.BROWN_OUT:
                self.power_on(at_us)
            elif kind is Kind.OVERFLOW:
                self.overflow(at_us)
            else:
                self.holds_sda = True
        self.sample_until(now_us)

    def edge_us(self, now_us: int) -> int:
        """When its interrupt line became or will become active, if nobody touches the chip meanwhile; NEVER_US: it will
        not, or nobody sees it."""
        at_us = min(self.asserted_us, self.will_assert_us(now_us))
        for strikes_us, kind in self._once:
            if strikes_us >= at_us:
                break
            if kind is not Kind.STUCK_BUS:  # which has no influence on its samples
                at_us = self.asserts_after(kind, strikes_us)
                break
        return NEVER_US if self.suffers(Kind.LATE, at_us) else at_us

    # --- a model says

    def power_on(self, now_us: int) -> None:
        raise NotImplementedError

    def sample_until(self, now_us: int) -> None:
        """Take the samples that are due."""

    def overflow(self, now_us: int) -> None:
        """Fill the FIFO and more."""

    def will_assert_us(self, now_us: int) -> int:  # noqa: ARG002
        return NEVER_US

    def look_us(self, now_us: int) -> int:  # noqa: ARG002
        """When to look whether the line is active, where that hangs on samples that nobody has taken yet."""
        return NEVER_US

    def asserts_after(self, kind: Kind, at_us: int) -> int:  # noqa: ARG002
        """When the line becomes active if this strikes then."""
        return NEVER_US

    def read(self, now_us: int, register: int, n: int) -> bytes:
        raise NotImplementedError

    def write(self, now_us: int, register: int, values: bytes) -> None:
        raise NotImplementedError
