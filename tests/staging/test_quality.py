"""How far a night can be trusted: what is missing is said, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import wear
from test_nights import HOUR, day

from evensong.staging import EPOCH_MS, Quality, Samples, corrected, judge
from evensong.staging.quality import Verdict
from evensong.training import corpus
from evensong_wire.frames import Wear
from evensong_wire.models import Frame

PLAN = [(3.0, "up"), (7.0, "bed"), (2.0, "up")]


def quality(samples: Samples) -> Quality:
    staged = corrected(samples, ())
    (night,) = staged.nights
    return judge(staged.series, night, staged.hypnogram)


def codes(samples: Samples) -> set[str]:
    # A made-up heart is not one that the model knows; that finding has a test of its own.
    return {finding.code for finding in quality(samples).findings} - {"unlike"}


def without(rows: np.ndarray, start_h: float, stop_h: float) -> np.ndarray:
    lost = (rows[:, 0] >= start_h * HOUR * EPOCH_MS) & (rows[:, 0] < stop_h * HOUR * EPOCH_MS)
    return rows[~lost]


def test_a_complete_night_has_no_findings() -> None:
    complete = quality(day(PLAN))
    assert codes(day(PLAN)) == set()
    assert (complete.heart_percent, complete.movement_percent, complete.off_wrist_min) == (100, 100, 0)
    assert complete.longest_gap_min == 0


def test_missing_sensors_are_said_in_words() -> None:
    samples = day(PLAN)
    still = replace(samples, activity=samples.activity[:0])
    assert codes(still) == {"no-movement"}
    assert "No movement signal: wake is uncertain." in {finding.text for finding in quality(still).findings}
    numb = replace(samples, heart_rate=samples.heart_rate[:0])
    assert codes(numb) == {"no-heart"}
    assert quality(numb).verdict is Verdict.POOR
    assert quality(numb).unsure_percent is None
    half = replace(samples, heart_rate=without(samples.heart_rate, 4, 5.7), activity=without(samples.activity, 7, 9))
    assert codes(half) == {"little-heart", "little-movement"}


def test_gaps_and_time_off_the_wrist_are_said_with_their_minutes() -> None:
    samples = day(PLAN)
    gap = replace(samples, heart_rate=without(samples.heart_rate, 5, 5.5), activity=without(samples.activity, 5, 5.5))
    assert codes(gap) == {"gap"}
    assert 28 <= quality(gap).longest_gap_min <= 30

    def off(start_h: float, stop_h: float) -> list[Frame]:
        return [wear(Wear.OFF, int(start_h * 3_600_000), 80_000), wear(Wear.ON, int(stop_h * 3_600_000), 80_001)]

    assert "off-wrist" in codes(day(PLAN, *off(5, 5.5)))
    assert quality(day(PLAN, *off(5, 5.5))).off_wrist_min == 30


def test_ends_that_nobody_saw_are_said() -> None:
    assert codes(day([(3, "up"), (7, "bed")])) == {"end-unseen"}
    assert codes(day([(7, "bed"), (3, "up")])) == {"start-unseen"}
    assert "start-unsure" in codes(day([(3, "up"), (0.75, "void"), (0.7, "up"), (7, "bed"), (3, "up")]))
    assert "end-unsure" in codes(day([(3, "up"), (7, "bed"), (0.9, "void"), (3, "up")]))


@pytest.mark.needs_data
def test_men_with_apnea_are_called_unlike_and_complete_nights_of_the_training_are_not(data_dir: Path) -> None:
    found = {}
    for folder in ("slpdb", "sleep-accel"):
        for night in corpus.load(data_dir / folder):
            staged = corrected(night.samples, ())
            span = max(staged.nights, key=lambda each: len(each.epochs))
            judged = judge(staged.series, span, staged.hypnogram)
            found[night.name] = {finding.code for finding in judged.findings}
    unlike = {name for name, said in found.items() if "unlike" in said}
    assert sum(name.startswith("slp") for name in unlike) >= 10
    assert sum(not name.startswith("slp") for name in unlike) <= 1
    assert all("no-movement" in said for name, said in found.items() if name.startswith("slp"))
