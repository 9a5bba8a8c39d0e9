"""Widths of the intervals, from nights that did not train the model that staged them; and whether intervals hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evensong.staging.hypnogram import WHOLE
from evensong.staging.intervals import QUANTITIES, WIDTH_Q, expect

CONFIDENCE = 0.9

Ints = NDArray[np.int64]


def truth(stage: Ints) -> dict[str, float]:
    """Minutes by the reference. stage: (n,) 0 to 3, the scored epochs of a night."""
    asleep = stage != 0
    begun = np.cumsum(asleep) > 0
    epochs = {"tst": asleep, "waso": begun & ~asleep, "deep": stage == 2, "rem": stage == 3}
    return {name: float(each.sum()) / 2 for name, each in epochs.items()}


def widths(nights: Sequence[tuple[Ints, Ints]]) -> dict[str, int]:
    """Deviations to each side, Q8, that hold `CONFIDENCE` of these nights and, by exchangeability, of new ones.

    nights: (stage, p) of the scored epochs of each.
    """
    errors: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    for stage, p in nights:
        reference, expected = truth(stage), expect(p)
        for name in QUANTITIES:
            off = abs(2 * reference[name] - expected[name].epochs / WHOLE)
            errors[name].append(off * WHOLE / max(expected[name].deviation, 1))
    place = min(int(np.ceil(CONFIDENCE * (len(nights) + 1))), len(nights)) - 1
    return {name: int(np.ceil(sorted(each)[place] * (1 << WIDTH_Q))) for name, each in errors.items()}


def holds(stage: Ints, p: Ints, width_q8: dict[str, int]) -> dict[str, bool]:
    """Whether the interval of each quantity contains the reference."""
    reference, expected = truth(stage), expect(p)
    found = {name: expected[name].interval(width_q8[name]) for name in QUANTITIES}
    return {name: low <= reference[name] <= high for name, (low, high) in found.items()}
