"""How many minutes a polysomnograph would have counted: an expectation and a 90 % interval, from the probabilities.

The expectation of a stage is the sum of its probabilities; epochs that stay `unknown` take part with theirs. Half the
interval is a width times the standard deviation that the sum would have if epochs were independent. They are not, so
the width comes from nights that did not train: it is the model's, the quantile of their errors measured in that
deviation (split conformal prediction, Lei et al. 2018). `evensong evaluate` counts how often it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from .fixed import Ints, round_div
from .hypnogram import WHOLE

QUANTITIES = ("tst", "waso", "deep", "rem")
WIDTH_Q = 8


@dataclass(frozen=True, slots=True)
class Expected:
    """epochs, deviation: in 1/10000 of an epoch. most: epochs of the night, the largest possible answer."""

    epochs: int
    deviation: int
    most: int

    def interval(self, width_q8: int) -> tuple[float, float]:
        """Minutes, in hundredths; width_q8: deviations to each side."""
        half = int(round_div(width_q8 * self.deviation, 1 << WIDTH_Q))
        low = max(self.epochs - half, 0)
        high = min(self.epochs + half, self.most * WHOLE)
        return _minutes(low), _minutes(high)


def expect(p: Ints) -> dict[str, Expected]:
    """The four `QUANTITIES` of a night. p: (n, 4) in 1/10000, lights-off to rise."""
    asleep = WHOLE - p[:, 0]
    begun = np.cumsum(asleep >= WHOLE // 2) > 0  # from sleep onset on
    shares = {"tst": asleep, "waso": np.where(begun, p[:, 0], 0), "deep": p[:, 2], "rem": p[:, 3]}
    return {
        name: Expected(int(share.sum()), isqrt(int((share * (WHOLE - share)).sum())), len(p))
        for name, share in shares.items()
    }


def _minutes(epochs: int) -> float:
    return int(round_div(epochs * 50, WHOLE)) / 100
