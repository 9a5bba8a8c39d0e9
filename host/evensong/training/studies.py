"""What is it that helps? Cross-validations that leave something out: kinds of features, and nights of the training.

Every variant, and the reference that it is compared with, is trained with one network in place of three, and without
what only a threshold and intervals need: a sixth of the time, and as fair. How much of a difference may be chance is
told by drawing as many nights anew, with what both said of each (the paired bootstrap, Efron 1979). That knows nothing
of other seeds, which move kappa by about .005 (docs/decisions/0010).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evensong.errors import InputError
from evensong.staging.hypnogram import WHOLE
from evensong.training import scores, side_by_side, splits
from evensong.training.corpus import LabelledNight
from evensong.training.evaluation import check_folds
from evensong.training.measured import Measured, hidden, measure_night
from evensong.training.train import OF_MOVEMENT, OF_TIME, one_network

REFERENCE = "all features"
ABLATIONS = {
    "no movement": OF_MOVEMENT,
    "no heart rate": ~OF_MOVEMENT & ~OF_TIME,
    "no time": OF_TIME,
}
LEAST_SUBJECTS = 5  # of a training
_DRAWS = 2000
_NINETY = (0.05, 0.95)

Counts = dict[str, NDArray[np.int64]]  # task -> (classes, classes) of one night: reference, staged


@dataclass(frozen=True, slots=True)
class Training:
    """One fold of a variant. fold: perhaps with fewer subjects to train on; without: columns that nobody sees."""

    variant: str
    fold: splits.Fold
    without: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """trainings: in the order in which variants become whole. curve: variant -> its number of subjects in training."""

    trainings: list[Training]
    curve: dict[str, int]


def plan(nights: Sequence[LabelledNight], folds: int, *, ablations: bool, learning_curve: bool) -> Plan:
    """What is to be trained; nothing if neither is asked for.

    Raises:
        InputError: as `check_folds`, or there are too few subjects for a curve.
    """
    check_folds(nights, folds)
    subjects = {night.subject for night in nights}
    every = splits.folds(subjects, folds, seed=0)
    most = min(len(fold.train) for fold in every)
    curve: dict[str, int] = {}
    trainings = [Training(REFERENCE, fold) for fold in every] if ablations or learning_curve else []
    if ablations:
        trainings += [Training(name, fold, columns) for name, columns in ABLATIONS.items() for fold in every]
    if learning_curve:
        sizes = {round(LEAST_SUBJECTS + (most - LEAST_SUBJECTS) * part / 3) for part in range(3)}
        curve = {f"{size} subjects": size for size in sorted(sizes) if LEAST_SUBJECTS <= size < most}
        if not curve:
            raise InputError(
                f"A learning curve begins at {LEAST_SUBJECTS} subjects in training, and {folds} folds leave {most}: "
                "take more subjects or more folds."
            )
        trainings += [Training(name, splits.at_most(f, size, seed=0)) for name, size in curve.items() for f in every]
        curve[REFERENCE] = most
    return Plan(trainings, curve)


def run(
    nights: Sequence[LabelledNight], plan: Plan, jobs: int, progress: Callable[[], None]
) -> dict[str, dict[str, Counts]]:
    """variant -> night -> its counts, of every variant that was whole when a KeyboardInterrupt ended it, or at the end.

    progress: called after each training. Raises Unavailable: PyTorch is not installed.
    """
    measured = [measure_night(night) for night in nights]
    found: dict[str, dict[str, Counts]] = {}
    with suppress(KeyboardInterrupt):
        for variant, counts in side_by_side.results(_counts, measured, plan.trainings, jobs):
            found.setdefault(variant, {}).update(counts)
            progress()
    return {variant: counts for variant, counts in found.items() if len(counts) == len(nights)}


def figures(plan: Plan, found: Mapping[str, Mapping[str, Counts]]) -> dict[str, object]:
    """As JSON values: `ablations`, variant -> task -> kappa, and its change and the 90 % interval of it;
    `learning_curve`, number of subjects -> the same. Only what was asked for and became whole, with its reference."""
    if REFERENCE not in found:
        return {}
    told = {variant: _against(found[REFERENCE], counts) for variant, counts in found.items()}
    ablations = {name: told[name] for name in (REFERENCE, *ABLATIONS) if name in told}
    curve = {str(size): told[name] for name, size in plan.curve.items() if name in told}
    both = {"ablations": ablations, "learning_curve": curve}
    return {name: variants for name, variants in both.items() if len(variants) > 1}


def _counts(measured: list[Measured], training: Training) -> tuple[str, dict[str, Counts]]:
    fold = training.fold
    nights = measured if training.without is None else [hidden(night, training.without) for night in measured]
    model = one_network([night for night in nights if night.subject in fold.train], seed=0)
    return training.variant, {night.name: _of(night, model.probabilities(night.features)[night.place] / WHOLE)
                              for night in nights if night.subject in fold.test}  # fmt: skip


def _of(night: Measured, p: scores.Floats) -> Counts:
    return {
        task: scores.confusion(
            scores.merge(task, night.stage), scores.merge_p(task, p).argmax(axis=1), max(classes) + 1
        )
        for task, classes in scores.TASKS.items()
    }


def _against(reference: Mapping[str, Counts], counts: Mapping[str, Counts]) -> dict[str, dict[str, object]]:
    names = sorted(reference)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), _DRAWS)
    result: dict[str, dict[str, object]] = {}
    for task in scores.TASKS:
        each, whole = (np.stack([of[name][task] for name in names]) for of in (counts, reference))
        kappa, before = (scores.kappa(nights.sum(axis=0)) for nights in (each, whole))
        kappas, befores = (
            np.array([scores.kappa(pooled) for pooled in np.tensordot(drawn, nights, 1)]) for nights in (each, whole)
        )
        result[task] = {
            "kappa": kappa,
            "kappa_90": np.nanquantile(kappas, _NINETY).tolist(),
            "change": kappa - before,
            "change_90": np.nanquantile(kappas - befores, _NINETY).tolist(),
        }
    return result
