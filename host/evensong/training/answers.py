"""The two answers that do not wait for the morning, on labelled nights: what they say, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evensong.staging import Model
from evensong.staging.hypnogram import WHOLE
from evensong.staging.settled import stage_settled
from evensong.staging.student import Student
from evensong.training import scores
from evensong.training.corpus import LabelledNight
from evensong.training.measured import Measured
from evensong.training.streamed import Stream, Streamed, stream_night
from evensong.training.student import probabilities, train_student

SETTLED, LIVE, LIVE_LATE = "settled", "live", "live, counts 285 s late"


@dataclass(frozen=True, slots=True)
class Answered:
    """p: (n, 4) of the scored epochs. threshold: of what answered."""

    p: scores.Floats
    threshold: float


@dataclass(frozen=True, slots=True)
class Night:
    """A labelled night, and as the live stager meets it."""

    labelled: LabelledNight
    streamed: Streamed

    @classmethod
    def of(cls, labelled: LabelledNight) -> Self:
        return cls(labelled, stream_night(labelled))


def taught(model: Model, nights: Sequence[Measured]) -> dict[str, NDArray[np.int64]]:
    """What a student learns of these nights from the model that was trained on them."""
    return {night.name: model.probabilities(night.features)[night.place] for night in nights}


def student_of(model: Model, trained_on: Sequence[Measured], nights: Sequence[Night], seed: int) -> Student:
    """The student of a model, from the same nights."""
    lessons = taught(model, trained_on)
    return train_student([night.streamed for night in nights if night.streamed.name in lessons], lessons, {}, seed)


def answers(night: Night, model: Model, student: Student) -> dict[str, Answered]:
    """What each answer says of a night; nothing abstained.

    The shared counts were smoothed with a Gaussian that looks up to 285 s ahead, so the live answer is given twice:
    with the counts as they are, and with each delayed until everything that it was made of was measured.
    """
    streamed = night.streamed
    settled = stage_settled(night.labelled.samples, abstain=False, model=model)

    def live(stream: Stream) -> Answered:
        return Answered(probabilities(stream, student.weights)[streamed.place] / WHOLE, student.threshold / WHOLE)

    return {
        SETTLED: Answered(settled.p[streamed.place] / WHOLE, model.threshold / WHOLE),
        LIVE: live(streamed.as_counted),
        LIVE_LATE: live(streamed.late),
    }


def figures(truth: Sequence[NDArray[np.int64]], found: Sequence[Sequence[Answered]]) -> dict[str, Any]:
    """Of one answer, as JSON values; lists have one value for each split. truth, found: by split; by night within."""
    splits = [(t, np.concatenate([each.p for each in nights])) for t, nights in zip(truth, found, strict=True)]
    decided = [np.concatenate([each.p.max(axis=1) >= each.threshold for each in nights]) for nights in found]
    tasks = {
        task: {
            "kappa": [scores.kappa_of(task, t, p) for t, p in splits],
            "kappa_where_decided": [
                scores.kappa_of(task, t[d], p[d]) for (t, p), d in zip(splits, decided, strict=True)
            ],
            "ece": [scores.calibration_error(task, t, p) for t, p in splits],
            "at_coverage": {"0.8": [scores.at_coverage(task, t, p, 0.8) for t, p in splits]},
        }
        for task in scores.TASKS
    }
    return {"tasks": tasks, "coverage_where_decided": [float(each.mean()) for each in decided]}
