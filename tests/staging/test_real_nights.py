"""Metamorphic: what should hardly matter on the shared nights hardly does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evensong.staging import EPOCH_MS, Samples, stage
from evensong.training import corpus, scores
from evensong_wire.frames import EventCode

pytestmark = pytest.mark.needs_data


@pytest.fixture(scope="module")
def nights(data_dir: Path) -> list[corpus.LabelledNight]:
    return corpus.load(data_dir / "sleep-accel")


def pooled(nights: list[corpus.LabelledNight], change: object) -> dict[str, float]:
    truth, p = [], []
    for night in nights:
        hypnogram = stage(change(night.samples), abstain=False)  # type: ignore[operator]
        place = np.clip(night.epoch - hypnogram.epoch[0], 0, len(hypnogram) - 1)
        truth.append(night.stage)
        p.append(hypnogram.p[place] / 10_000)
    stages, probabilities = np.concatenate(truth), np.concatenate(p)
    return {task: scores.kappa_of(task, stages, probabilities) for task in scores.TASKS}


def gain(factor: float) -> object:
    def change(samples: Samples) -> Samples:
        activity = samples.activity.copy()
        activity[:, 1] = np.rint(activity[:, 1] * factor)
        return replace(samples, activity=activity)

    return change


def lights_off(minutes: int) -> object:
    def change(samples: Samples) -> Samples:
        events = samples.events.copy()
        told = events[:, 1] == EventCode.LIGHTS_OFF
        assert told.sum() == 1
        events[told, 0] += minutes * 60_000
        return replace(samples, events=events)

    return change


@pytest.fixture(scope="module")
def as_recorded(nights: list[corpus.LabelledNight]) -> dict[str, float]:
    return pooled(nights, lambda samples: samples)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_gain_of_counts_changes_little(
    nights: list[corpus.LabelledNight], as_recorded: dict[str, float], factor: float
) -> None:
    for task, kappa in pooled(nights, gain(factor)).items():
        assert abs(kappa - as_recorded[task]) <= 0.03, task


@pytest.mark.parametrize("minutes", [-15, 15])
def test_lights_off_wrong_by_a_quarter_of_an_hour_changes_little(
    nights: list[corpus.LabelledNight], as_recorded: dict[str, float], minutes: int
) -> None:
    for task, kappa in pooled(nights, lights_off(minutes)).items():
        assert abs(kappa - as_recorded[task]) <= 0.03, task


def test_a_tenth_of_the_samples_lost_changes_little(
    nights: list[corpus.LabelledNight], as_recorded: dict[str, float]
) -> None:
    rng = np.random.default_rng(5)

    def change(samples: Samples) -> Samples:
        def kept(rows: np.ndarray) -> np.ndarray:
            return rows[rng.random(len(rows)) > 0.1]

        return replace(samples, heart_rate=kept(samples.heart_rate), activity=kept(samples.activity))

    for task, kappa in pooled(nights, change).items():
        assert abs(kappa - as_recorded[task]) <= 0.05, task


def test_staging_is_the_same_wherever_time_zero_lies(nights: list[corpus.LabelledNight]) -> None:
    samples = nights[0].samples
    by = 7 * EPOCH_MS

    def later(rows: np.ndarray) -> np.ndarray:
        moved = rows.copy()
        moved[:, 0] += by
        return moved

    assert samples.span_ms is not None
    shifted = Samples(
        later(samples.heart_rate), later(samples.beats), later(samples.activity), later(samples.wear),
        later(samples.events), (samples.span_ms[0] + by, samples.span_ms[1] + by),
    )  # fmt: skip
    assert np.array_equal(stage(shifted).p, stage(samples).p)
