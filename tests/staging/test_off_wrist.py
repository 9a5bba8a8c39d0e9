"""Off the wrist is never sleep: spans put into shared nights and days, told by the wearable or only to be seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_nights import until

from evensong.recordings import framing, mmash
from evensong.recordings.repairs import Repairs
from evensong.staging import EPOCH_MS, NightSpan, Samples, find, gather, lay_out, stage
from evensong.staging.hypnogram import UNKNOWN, WAKE
from evensong.training import corpus
from evensong_wire.frames import Wear
from evensong_wire.stream import Stream, pack

pytestmark = pytest.mark.needs_data

SPANS = [(0, 30), (60, 240), (400, 480)]  # epochs after lights-off


@pytest.fixture(scope="module")
def nights(data_dir: Path) -> list[corpus.LabelledNight]:
    return corpus.load(data_dir / "sleep-accel")


@pytest.fixture(scope="module")
def days(data_dir: Path) -> dict[str, Samples]:
    days = {}
    for user in ("1", "5"):
        header, raws = framing.record(
            mmash.read(data_dir / "mmash", user, Repairs()), framing.Source("mmash", user, None)
        )
        stream = Stream()
        days[user] = gather((f for raw in raws for f in stream.feed(pack(raw))), header.starts())
    return days


def off(samples: Samples, first: int, last: int, state: Wear) -> Samples:
    rows = [(first * EPOCH_MS, int(state)), (last * EPOCH_MS, int(Wear.ON))]
    wear = np.concatenate([samples.wear, np.array(rows, np.int64)])
    return replace(samples, wear=wear[np.argsort(wear[:, 0], kind="stable")])


def on_a_table(samples: Samples, first: int, last: int) -> Samples:
    """No pulse, no movement, and nobody says so."""

    def lain(rows: np.ndarray) -> np.ndarray:
        return (rows[:, 0] >= first * EPOCH_MS) & (rows[:, 0] < last * EPOCH_MS)

    still = [(epoch * EPOCH_MS, 0) for epoch in range(first, last)]
    activity = np.concatenate([samples.activity[~lain(samples.activity)], np.array(still, np.int64)])
    return replace(
        samples, heart_rate=samples.heart_rate[~lain(samples.heart_rate)], beats=samples.beats[~lain(samples.beats)],
        activity=activity[np.argsort(activity[:, 0], kind="stable")],
    )  # fmt: skip


def within(samples: Samples, first: int, last: int) -> slice:
    return slice(max(first - samples.epochs.start, 0), max(last - samples.epochs.start, 0))


@pytest.mark.parametrize("abstain", [True, False])
@pytest.mark.parametrize("state", [Wear.OFF, Wear.CHARGING])
def test_told_by_the_wearable_it_is_never_sleep_with_and_without_abstaining(
    nights: list[corpus.LabelledNight], abstain: bool, state: Wear
) -> None:
    for night, (first, last) in zip(nights, SPANS * 7, strict=True):
        stages = stage(off(night.samples, first, last, state), abstain=abstain).stage
        assert set(stages[within(night.samples, first, last)].tolist()) == {UNKNOWN if abstain else WAKE}, night.name
        assert (stages != UNKNOWN).sum() > 100, night.name


def test_on_a_table_without_a_word_it_is_unknown(nights: list[corpus.LabelledNight]) -> None:
    for night, (first, last) in zip(nights, SPANS * 7, strict=True):
        stages = stage(on_a_table(night.samples, first, last)).stage
        inside = within(night.samples, first + 2, last - 2)  # a reading counts for 30 s around it
        assert set(stages[inside].tolist()) == {UNKNOWN}, night.name


def spans(samples: Samples) -> list[NightSpan]:
    return find(samples, lay_out(samples))


@pytest.mark.parametrize("hour", [12.0, 17.5])
@pytest.mark.parametrize("hours", [0.7, 2.0, 5.0])
def test_an_afternoon_on_a_table_or_off_the_wrist_is_no_night_and_moves_none(
    days: dict[str, Samples], hour: float, hours: float
) -> None:
    for user, samples in days.items():
        first, last = int(hour * 120), int((hour + hours) * 120)
        for lain in (on_a_table(samples, first, last), off(samples, first, last, Wear.OFF)):
            assert spans(lain) == spans(samples), user
            assert set(stage(lain).stage[within(lain, first, last)].tolist()) == {UNKNOWN}


def test_taken_off_in_the_morning_the_night_ends_where_it_did(days: dict[str, Samples]) -> None:
    for samples in days.values():
        (night,) = spans(samples)
        first = night.end_epoch + 20
        (again,) = spans(off(samples, first, first + 240, Wear.CHARGING))
        assert (again.start_epoch, again.end_epoch) == (night.start_epoch, night.end_epoch)


def test_a_real_day_and_night_twice_is_two_nights(days: dict[str, Samples]) -> None:
    for samples in days.values():
        (night,) = spans(samples)
        by = 2 * 2880 * EPOCH_MS

        def twice(rows: np.ndarray, by: int = by) -> np.ndarray:
            later = rows.copy()
            later[:, 0] += by
            return np.concatenate([rows, later])

        assert samples.span_ms is not None
        both = replace(
            samples, heart_rate=twice(samples.heart_rate), beats=twice(samples.beats),
            activity=twice(samples.activity), span_ms=(samples.span_ms[0], samples.span_ms[1] + by),
        )  # fmt: skip
        first, second = spans(both)
        assert (first.start_epoch, first.end_epoch) == (night.start_epoch, night.end_epoch)
        assert (second.start_epoch - 5760, second.end_epoch - 5760) == (night.start_epoch, night.end_epoch)


def test_a_real_recording_that_starts_asleep_begins_at_its_start(days: dict[str, Samples]) -> None:
    for samples in days.values():
        (night,) = spans(samples)
        asleep = night.start_epoch + 120
        late = replace(
            samples, heart_rate=samples.heart_rate[samples.heart_rate[:, 0] >= asleep * EPOCH_MS],
            beats=samples.beats[samples.beats[:, 0] >= asleep * EPOCH_MS],
            activity=samples.activity[samples.activity[:, 0] >= asleep * EPOCH_MS],
            span_ms=(asleep * EPOCH_MS, samples.span_ms[1] if samples.span_ms else 0),
        )  # fmt: skip
        (found,) = spans(late)
        assert found.start_epoch - asleep <= 20  # awake for a moment, perhaps
        assert abs(found.end_epoch - night.end_epoch) <= 20
        assert spans(until(samples, night.start_epoch - 60)) == []
