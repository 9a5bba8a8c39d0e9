"""Figures of several splits, as one says them."""

from __future__ import annotations

from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def spread(values: Sequence[float]) -> str:
    """The mean, and the standard deviation if there are several."""
    middle = mean(values)
    if len(values) == 1:
        return f"{middle:.3f}"
    deviation = (sum((v - middle) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{middle:.3f} ± {deviation:.3f}"
