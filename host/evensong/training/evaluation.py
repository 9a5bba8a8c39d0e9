"""Evaluation: nights staged by a model that never saw their subject, or by the shipped one, which says whom it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.errors import InputError
from evensong.staging import Model
from evensong.staging.hypnogram import WHOLE
from evensong.staging.intervals import QUANTITIES
from evensong.staging.student import Student
from evensong.training import answers, robustness, scores, side_by_side, splits
from evensong.training.corpus import LabelledNight
from evensong.training.measured import Measured, measure_night
from evensong.training.train import train
from evensong.training.widths import holds

LEAST_SUBJECTS = 3  # of a training, whose inner cross-validation has as many folds
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)


@dataclass(frozen=True, slots=True)
class Staged:
    """A labelled night beside its probabilities (n, 4). threshold: of the model that made them. held: which intervals
    contain the reference. seen: that model was trained on this subject."""

    name: str
    truth: NDArray[np.int64]
    p: scores.Floats
    threshold: float
    held: dict[str, bool]
    seen: bool


@dataclass(frozen=True, slots=True)
class Split:
    """All nights of the corpus, once each; and again under each condition of `robustness`, and by each earlier answer,
    if that was asked for."""

    nights: tuple[Staged, ...]
    under: dict[str, tuple[Staged, ...]] = field(default_factory=dict)
    early: dict[str, tuple[answers.Answered, ...]] = field(default_factory=dict)

    @property
    def truth(self) -> NDArray[np.int64]:
        return np.concatenate([night.truth for night in self.nights])

    @property
    def p(self) -> scores.Floats:
        return _p(self.nights)

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Which epochs the product would decide, as far as confidence goes."""
        return np.concatenate([night.p.max(axis=1) >= night.threshold for night in self.nights])


Spoilt = dict[str, list[Measured]]  # condition -> the nights under it


def shipped(
    nights: Sequence[LabelledNight], model: Model, *, robust: bool = False, student: Student | None = None
) -> list[Split]:
    """One split: every night by the same, finished models. student: for the answers that come early."""
    under = {name: tuple(_staged(each, model) for each in spoilt) for name, spoilt in _spoilt(nights, robust).items()}
    early = [answers.answers(answers.Night.of(night), model, student) for night in nights if student]
    return [Split(tuple(_staged(measure_night(night, ()), model) for night in nights), under, _by_answer(early))]


def cross_validate(
    nights: Sequence[LabelledNight], folds: int, repeats: int, jobs: int, progress: Callable[[], None],
    *, robust: bool = False, early: bool = False,
) -> list[Split]:  # fmt: skip
    """`repeats` splits of `folds` folds; the model, its threshold too, is trained anew for each fold, `jobs` at a time.

    progress: called after each fold. robust: test nights are staged under the conditions of `robustness`, too; nothing
    trains on these. early: with the live and the settled answer, for which a student is trained in each fold.
    A KeyboardInterrupt ends the training; the splits that were whole by then are returned, maybe none.

    Raises:
        InputError: as `check_folds`.
        Unavailable: PyTorch is not installed.
    """
    check_folds(nights, folds)
    shared = _Shared(
        [measure_night(night) for night in nights],
        _spoilt(nights, robust),
        [answers.Night.of(night) for night in nights] if early else [],
    )
    subjects = {night.subject for night in nights}
    tasks = [(repeat, fold) for repeat in range(repeats) for fold in splits.folds(subjects, folds, seed=repeat)]
    answered: list[dict[str, dict[str, answers.Answered]]] = [{} for _ in range(repeats)]
    staged: list[dict[tuple[str, str], Staged]] = [{} for _ in range(repeats)]
    with suppress(KeyboardInterrupt):
        for repeat, found, others in side_by_side.results(_fold, shared, tasks, jobs):
            answered[repeat] |= others
            staged[repeat] |= {(condition, night.name): night for condition, night in found}
            progress()

    def all_of(split: dict[tuple[str, str], Staged], condition: str) -> tuple[Staged, ...]:
        return tuple(split[condition, night.name] for night in nights)

    return [
        Split(
            all_of(split, ""),
            {name: all_of(split, name) for name in shared.spoilt},
            _by_answer([others[night.name] for night in nights if others]),
        )
        for split, others in zip(staged, answered, strict=True)
        if all(("", night.name) in split for night in nights)
    ]


def check_folds(nights: Sequence[LabelledNight], folds: int) -> None:
    """Raises InputError: more folds than subjects, or too few subjects in each."""
    subjects = len({night.subject for night in nights})
    if not 2 <= folds <= subjects:
        raise InputError(f"--cv {folds} does not fit {subjects} subjects: take 2 to {subjects} folds.")
    if subjects - -(-subjects // folds) < LEAST_SUBJECTS:
        raise InputError(f"Of {subjects} subjects {folds} folds leave fewer than {LEAST_SUBJECTS} to train on.")


def _by_answer(nights: Sequence[dict[str, answers.Answered]]) -> dict[str, tuple[answers.Answered, ...]]:
    return {name: tuple(night[name] for night in nights) for name in (nights[0] if nights else ())}


def _spoilt(nights: Sequence[LabelledNight], robust: bool) -> Spoilt:
    spoilt: Spoilt = {}
    for night in nights if robust else ():
        for name, worse in robustness.conditions(night).items():
            spoilt.setdefault(name, []).append(measure_night(worse, ()))
    return spoilt


@dataclass(frozen=True, slots=True)
class _Shared:
    """What every fold needs of the nights. streamed: only for earlier answers."""

    measured: list[Measured]
    spoilt: Spoilt
    streamed: list[answers.Night]


# Which repeat; (condition, "" as recorded; night); name of a night -> its earlier answers.
Found = tuple[int, list[tuple[str, Staged]], dict[str, dict[str, answers.Answered]]]


def _fold(shared: _Shared, task: tuple[int, splits.Fold]) -> Found:
    repeat, fold = task
    own = [night for night in shared.measured if night.subject in fold.train]
    model = train(own, seed=repeat)
    others = {}
    if shared.streamed:
        student = answers.student_of(model, own, shared.streamed, repeat)
        tested = (night for night in shared.streamed if night.streamed.subject in fold.test)
        others = {night.streamed.name: answers.answers(night, model, student) for night in tested}
    conditions = {"": shared.measured, **shared.spoilt}
    staged = [
        (name, _staged(night, model))
        for name, nights in conditions.items()
        for night in nights
        if night.subject in fold.test
    ]
    return repeat, staged, others


def _staged(night: Measured, model: Model) -> Staged:
    p = model.probabilities(night.features)[night.place]
    held = holds(night.stage, p, model.interval_widths_q8)
    return Staged(night.name, night.stage, p / WHOLE, model.threshold / WHOLE, held, night.subject in model.subjects)


def figures(found: Sequence[Split]) -> dict[str, Any]:
    """Everything that the report prints, as JSON values; lists have one value for each split."""
    tasks = {}
    for task, classes in scores.TASKS.items():
        baseline = np.full(4, 0.0)
        baseline[1] = 1.0
        tasks[task] = {
            "kappa": [scores.kappa_of(task, s.truth, s.p) for s in found],
            "kappa_where_decided": [scores.kappa_of(task, s.truth[s.decided], s.p[s.decided]) for s in found],
            "ece": [scores.calibration_error(task, s.truth, s.p) for s in found],
            "accuracy": [_accuracy(task, s.truth, s.p) for s in found],
            "always_asleep_accuracy": _accuracy(task, found[0].truth, np.tile(baseline, (len(found[0].truth), 1))),
            "night_quartiles": scores.quartiles([k for s in found for k in _per_night(task, s)]),
            "reliability": scores.reliability(task, np.concatenate([s.truth for s in found]), _all_p(found)),
            "at_coverage": {str(c): [scores.at_coverage(task, s.truth, s.p, c) for s in found] for c in COVERAGES},
            "classes": max(classes) + 1,
        }
    matrix = sum(scores.confusion(s.truth, s.p.argmax(axis=1), 4) for s in found)
    return {
        "nights": len(found[0].nights),
        "subjects_seen_in_training": sorted(night.name for night in found[0].nights if night.seen),
        "epochs": len(found[0].truth),
        "splits": len(found),
        "tasks": tasks,
        "coverage_where_decided": [float(s.decided.mean()) for s in found],
        "intervals_that_hold": {
            name: [sum(night.held[name] for night in s.nights) for s in found] for name in QUANTITIES
        },
        "confusion": np.asarray(matrix).tolist(),
        "per_night": list(_rows(found)),
        "robustness": _robust(found),
        "earlier_answers": {
            name: answers.figures([s.truth for s in found], [s.early[name] for s in found]) for name in found[0].early
        },
    }


def _robust(found: Sequence[Split]) -> dict[str, dict[str, list[float]]]:
    """condition -> task -> pooled kappa of each split."""
    return {
        name: {task: [scores.kappa_of(task, s.truth, _p(s.under[name])) for s in found] for task in scores.TASKS}
        for name in found[0].under
    }


def _all_p(found: Sequence[Split]) -> scores.Floats:
    return np.concatenate([split.p for split in found])


def _p(nights: Sequence[Staged]) -> scores.Floats:
    return np.concatenate([night.p for night in nights])


def _accuracy(task: str, truth: NDArray[np.int64], p: scores.Floats) -> float:
    return float((scores.merge_p(task, p).argmax(axis=1) == scores.merge(task, truth)).mean())


def _per_night(task: str, split: Split) -> list[float]:
    return [scores.kappa_of(task, night.truth, night.p) for night in split.nights]


def _rows(found: Sequence[Split]) -> Iterator[dict[str, Any]]:
    for i, night in enumerate(found[0].nights):
        kappas = {
            task: float(np.mean([scores.kappa_of(task, s.nights[i].truth, s.nights[i].p) for s in found]))
            for task in scores.TASKS
        }
        yield {"night": night.name, "seen": night.seen, "epochs": len(night.truth), "kappa": kappas}
