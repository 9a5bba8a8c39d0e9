"""On the shared nights: what is measured later changes nothing of what was already answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evensong.recordings import labels
from evensong.staging import Samples
from evensong.staging.live import stage_live
from evensong.staging.prefix import until
from evensong.staging.settled import LOOK_AHEAD, stage_settled
from evensong.training import corpus
from evensong.training.streamed import stream

pytestmark = pytest.mark.needs_data


def night(data_dir: Path, subject: str) -> Samples:
    return corpus._night(data_dir / "sleep-accel", subject, is_sleep_accel=True).samples


def test_in_every_night_the_live_features_of_an_epoch_rest_on_its_past(data_dir: Path) -> None:
    subjects = labels.subjects(data_dir / "sleep-accel")
    assert len(subjects) == 21
    rng = np.random.default_rng(2)
    for subject in subjects:
        samples = night(data_dir, subject)
        whole = stream(samples)
        stop = int(rng.integers(samples.epochs.start + 1, samples.epochs.stop))
        part = stream(until(samples, stop))
        n = stop - samples.epochs.start
        for name in ("features", "known", "since"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[:n]), (subject, stop, name)


@pytest.mark.parametrize(("subject", "stops"), [("1066528", (3, 300)), ("7749105", (212,))])
def test_cut_at_an_epoch_s_end_no_byte_of_the_live_answer_changes(
    data_dir: Path, subject: str, stops: tuple[int, ...]
) -> None:
    samples = until(night(data_dir, subject), 400)
    whole = stage_live(samples).csv_bytes()
    for stop in stops:
        part = stage_live(until(samples, stop)).csv_bytes()
        assert whole.startswith(part)
        assert part.count(b"\n") == stop - samples.epochs.start + 1


@pytest.mark.parametrize(("subject", "stops"), [("1066528", (-31, 47, 133)), ("7749105", (121,))])
def test_cut_ten_minutes_later_no_byte_of_the_settled_answer_changes(
    data_dir: Path, subject: str, stops: tuple[int, ...]
) -> None:
    samples = until(night(data_dir, subject), 200)  # a whole night takes seconds
    whole = stage_settled(samples).csv_bytes().split(b"\n")
    for stop in stops:
        part = stage_settled(until(samples, stop)).csv_bytes().split(b"\n")
        rows = stop - LOOK_AHEAD - samples.epochs.start + 1
        assert part[:rows] == whole[:rows]
