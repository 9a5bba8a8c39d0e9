"""Subgroups of nights: does the stager do worse for some? Halves of what the recordings themselves tell of a sleeper.

The published data set names neither age nor sex, so these are the groups that can be had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evensong.staging import lay_out
from evensong.training import scores
from evensong.training.corpus import LabelledNight
from evensong.training.evaluation import Split, Staged


def _wake(night: LabelledNight) -> float:
    return 100 * float((night.stage == 0).mean())


def _deep(night: LabelledNight) -> float:
    return 100 * float((night.stage == 2).mean())


def _heart(night: LabelledNight) -> float:
    series = lay_out(night.samples)
    known = series.hr_q8[series.hr_known]
    return float(np.median(known)) / 256 if len(known) else 0.0


def _covered(night: LabelledNight) -> float:
    series = lay_out(night.samples)
    place = np.clip(night.epoch - series.epochs.start, 0, len(series.epochs) - 1)
    known = np.asarray(series.hr_known.reshape(len(series.epochs), -1).any(axis=1))
    return 100 * float(known[place].mean())


def _moving(night: LabelledNight) -> float:
    counts = night.samples.activity[:, 1]
    return 100 * float((counts > 0).mean()) if len(counts) else 0.0


TRAITS: dict[str, Callable[[LabelledNight], float]] = {
    "wake, % of the scored epochs": _wake,
    "deep sleep, % of the scored epochs": _deep,
    "median heart rate, bpm": _heart,
    "heart rate known, % of the epochs": _covered,
    "epochs with movement, %": _moving,
}


def subgroups(nights: Sequence[LabelledNight], found: Sequence[Split]) -> list[dict[str, Any]]:
    """For each trait that differs between nights their lower and upper half: bounds, number, pooled kappas."""
    rows = []
    for trait, measure in TRAITS.items():
        values = np.array([measure(night) for night in nights])
        if values.min() == values.max():
            continue  # halves of nights that are alike would say nothing
        order = np.argsort(values, kind="stable")
        for half, members in (("lower half", order[: len(order) // 2]), ("upper half", order[len(order) // 2 :])):
            kappa = {
                task: float(np.mean([_pooled(task, [split.nights[i] for i in members]) for split in found]))
                for task in scores.TASKS
            }
            bounds = [float(values[members].min()), float(values[members].max())]
            rows.append({"trait": trait, "half": half, "bounds": bounds, "nights": len(members), "kappa": kappa})
    return rows


def _pooled(task: str, nights: Sequence[Staged]) -> float:
    return scores.kappa_of(
        task, np.concatenate([night.truth for night in nights]), np.concatenate([night.p for night in nights])
    )
