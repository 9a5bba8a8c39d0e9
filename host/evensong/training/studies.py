"""What is it that helps? Cross-validations that leave something out: kinds of features, and nights of the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from evensong.staging.features import NAMES
from evensong.training import evaluation, scores
from evensong.training.corpus import LabelledNight

TIME = ("elapsed", "onset", "cycle_sin", "cycle_cos", "remaining", "ending")
_OF_TIME = np.array([name in TIME for name in NAMES])
_OF_MOVEMENT = np.array(["count" in name or "moved" in name for name in NAMES])
ABLATIONS = {
    "no movement": _OF_MOVEMENT,
    "no heart rate": ~_OF_MOVEMENT & ~_OF_TIME,
    "no time": _OF_TIME,
}
LEAST_SUBJECTS = 5  # an inner cross-validation needs some

Kappas = dict[str, list[float]]  # task -> pooled kappa of each split
Progress = Callable[[int, int], None]


def ablations(nights: Sequence[LabelledNight], folds: int, jobs: int, progress: Progress) -> dict[str, Kappas]:
    """Retrained in every fold without a kind of features: what is left of kappa. Raises as `cross_validate`."""
    return {
        name: _kappas(evaluation.cross_validate(nights, folds, 1, jobs, show, without=columns))
        for (name, columns), show in zip(ABLATIONS.items(), _parts(progress, len(ABLATIONS)), strict=True)
    }


def learning_curve(nights: Sequence[LabelledNight], folds: int, jobs: int, progress: Progress) -> dict[str, Kappas]:
    """Retrained in every fold on fewer subjects: kappa by their number. All of them is not among it: that is known."""
    most = subjects_in_training(nights, folds)
    sizes = sorted({round(LEAST_SUBJECTS + (most - LEAST_SUBJECTS) * part / 3) for part in range(3)} - {most})
    sizes = [size for size in sizes if size >= LEAST_SUBJECTS]
    return {
        str(size): _kappas(evaluation.cross_validate(nights, folds, 1, jobs, show, at_most=size))
        for size, show in zip(sizes, _parts(progress, len(sizes)), strict=True)
    }


def subjects_in_training(nights: Sequence[LabelledNight], folds: int) -> int:
    """Of the smallest fold."""
    subjects = len({night.subject for night in nights})
    return subjects - -(-subjects // folds)


def _kappas(found: Sequence[evaluation.Split]) -> Kappas:
    return {task: [scores.kappa_of(task, split.truth, split.p) for split in found] for task in scores.TASKS}


def _parts(progress: Progress, number: int) -> Iterator[Progress]:
    """One bar for several cross-validations of the same size."""

    def part(k: int) -> Progress:
        return lambda done, total: progress(k * total + done, number * total)

    return (part(k) for k in range(number))
