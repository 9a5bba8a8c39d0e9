"""Faults on demand: what goes wrong during a replay, how often, and at which seeded instants.

Written `link:3,reboot:1,kill-hub:1`. Instants are uniform over the recording. Half of the faults strike just then;
the other half wait for the worst moment: a link that is lost with the next packet, a process that dies after it wrote
to its disk and before anything that it said about it was heard.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from evensong.errors import InputError

MOST = 100  # of one kind


class Kind(StrEnum):
    LINK = "link"  # the wearable is out of range for a moment
    REBOOT = "reboot"  # SIGKILL of the firmware, back after a second
    KILL_HUB = "kill-hub"  # SIGKILL of the hub's process, back after three seconds


@dataclass(frozen=True, order=True)
class Fault:
    """at_us: virtual time. worst: wait for the worst moment from then on."""

    at_us: int
    kind: Kind
    worst: bool


def parse(text: str) -> dict[Kind, int]:
    """`link:3,reboot:1` -> counts. Raises InputError with the piece that is wrong."""
    wanted: dict[Kind, int] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, number = piece.partition(":")
        if name not in list(Kind):
            known = ", ".join(Kind)
            raise InputError(f"There is no fault `{name}`: the kinds are {known}, written like link:3,reboot:1.")
        if not number.isascii() or not number.isdigit() or not 0 < int(number) <= MOST:
            raise InputError(f"`{piece}` does not say how often: write {name}:N with N from 1 to {MOST}.")
        if Kind(name) in wanted:
            raise InputError(f"The fault `{name}` is named twice: add the numbers up.")
        wanted[Kind(name)] = int(number)
    return wanted


def schedule(wanted: dict[Kind, int], seed: int, first_s: float, last_s: float) -> list[Fault]:
    """The same seed gives the same instants, in order of time."""
    chance = random.Random(seed)  # noqa: S311  fate, not secrets
    return sorted(
        Fault(round(chance.uniform(first_s, last_s) * 1e6), kind, chance.random() < 0.5)
        for kind in Kind
        for _ in range(wanted.get(kind, 0))
    )
