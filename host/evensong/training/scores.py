"""Agreement with the reference: Cohen's kappa, recall, confusion, calibration, coverage. Nothing here knows a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]
NO_THRESHOLD = 5000  # what is asked of an epoch where no threshold reaches the kappa that is wanted

# Wake, light, deep, REM as the classes of each task.
TASKS: dict[str, tuple[int, ...]] = {
    "sleep/wake": (0, 1, 1, 1),
    "wake/NREM/REM": (0, 1, 1, 2),
    "four stages": (0, 1, 2, 3),
}


def merge(task: str, stage: Classes) -> Classes:
    return np.array(TASKS[task], np.int64)[stage]


def merge_p(task: str, p: Floats) -> Floats:
    """(n, 4) probabilities as (n, classes of the task)."""
    classes = np.array(TASKS[task])
    return np.stack([p[:, classes == c].sum(axis=1) for c in range(classes.max() + 1)], axis=1)


def confusion(truth: Classes, said: Classes, classes: int) -> NDArray[np.int64]:
    """counts[truth, said]."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, said), 1)
    return counts


def kappa(counts: NDArray[np.int64]) -> float:
    """Cohen's kappa (1960) of a confusion matrix: (p_o - p_e) / (1 - p_e); nan where only one class occurs."""
    n = counts.sum()
    if not n:
        return float("nan")
    observed = np.trace(counts) / n
    expected = float((counts.sum(axis=0) * counts.sum(axis=1)).sum()) / n**2
    return float((observed - expected) / (1 - expected)) if expected < 1 else float("nan")


def kappa_of(task: str, truth: Classes, p: Floats) -> float:
    """Kappa of the most probable class of each epoch."""
    said = merge_p(task, p).argmax(axis=1)
    return kappa(confusion(merge(task, truth), said, max(TASKS[task]) + 1))


def least_threshold(held: Sequence[tuple[Classes, Classes]], kappa: float) -> int:
    """The least threshold, in 1/10000, at which the decided epochs of four stages reach this kappa; `NO_THRESHOLD` if
    none up to 7000 does. held: (stage, p) of nights that did not train: (n,) and (n, 4) in 1/10000."""
    stage, p = (np.concatenate(each) for each in zip(*held, strict=True))
    sure = p.max(axis=1)
    reached = (
        threshold
        for threshold in range(0, 7001, 100)
        if (decided := sure >= threshold).any()
        and kappa_of("four stages", stage[decided], p[decided].astype(float)) >= kappa
    )
    return next(reached, NO_THRESHOLD)


def calibration_error(task: str, truth: Classes, p: Floats, bins: int = 10) -> float:
    """Expected calibration error of the most probable class (Naeini et al. 2015), equal-width bins."""
    return sum(abs(right - sure) * n for sure, right, n in reliability(task, truth, p, bins)) / len(truth)


def reliability(task: str, truth: Classes, p: Floats, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability of the most probable class, share of right ones, epochs) of each bin that is not empty."""
    merged = merge_p(task, p)
    sure, right = merged.max(axis=1), merged.argmax(axis=1) == merge(task, truth)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    inside = [place == b for b in sorted(set(place.tolist()))]
    return [(float(sure[b].mean()), float(right[b].mean()), int(b.sum())) for b in inside]


def at_coverage(task: str, truth: Classes, p: Floats, coverage: float) -> float:
    """Kappa on the given share of epochs: those whose most probable class is surest."""
    sure = merge_p(task, p).max(axis=1)
    keep = np.argsort(-sure, kind="stable")[: max(1, round(coverage * len(truth)))]
    return kappa_of(task, truth[keep], p[keep])


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """25 %, 50 %, 75 % of what is a number; nan if nothing is."""
    numbers = [value for value in values if np.isfinite(value)] or [np.nan]
    low, middle, high = np.quantile(np.array(numbers), (0.25, 0.5, 0.75))
    return float(low), float(middle), float(high)
