"""What must not matter does not: order, repetition, cuts. And time zero, boots, plausibility of beats."""

from __future__ import annotations

import numpy as np
import pytest
from builders import BOOTS, INCARNATION, frame, night_frames
from hypothesis import given
from hypothesis import strategies as st

from evensong.staging import Samples, gather
from evensong.staging.series import believable, lay_out
from evensong_wire.frames import EventCode
from evensong_wire.models import Activity, Event, HeartRate, Ibi


def same(one: Samples, two: Samples) -> bool:
    columns = ("heart_rate", "beats", "activity", "wear", "events")
    return one.span_ms == two.span_ms and all(np.array_equal(getattr(one, c), getattr(two, c)) for c in columns)


@given(st.randoms(use_true_random=False), st.booleans())
def test_order_and_repetition_change_nothing(random: object, beats: bool) -> None:
    frames = night_frames(1.0, beats=beats)
    mixed = frames + frames[::3]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert same(gather(frames, BOOTS), gather(mixed, BOOTS))


def test_order_of_samples_within_a_frame_changes_nothing() -> None:
    forwards = frame(HeartRate((0, 5000, 9000), (900, 910, 920)), 1000)
    backwards = frame(HeartRate((9000, 5000, 0), (920, 910, 900)), 1000)
    assert same(gather([forwards], BOOTS), gather([backwards], BOOTS))


def test_times_count_from_time_zero_over_boots() -> None:
    zero = frame(Event(EventCode.TIME_ZERO, 0), 100_000)
    before = frame(HeartRate((0,), (960,)), 70_000)
    later = frame(HeartRate((500,), (970,)), 10_000, boot_id=2)
    samples = gather([later, zero, before], BOOTS)
    assert samples.heart_rate.tolist() == [[-30_000, 960], [39_990_000 + 10_500 - 100_000, 970]]
    assert samples.epochs.start == -1


def test_frames_of_an_unplaced_boot_are_left_out() -> None:
    assert gather([frame(HeartRate((0,), (960,)), 0)], {(INCARNATION, 9): 0}).span_ms is None


def test_missing_epochs_of_activity_are_no_zeros() -> None:
    samples = gather([frame(Activity((5, None, 7)), 60_000)], BOOTS)
    assert samples.activity.tolist() == [[60_000, 5], [120_000, 7]]
    series = lay_out(samples)
    assert series.count_known.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("ibi_ms", "quality", "taken"), [(1000, 90, True), (1000, 49, False), (5000, 90, False), (1500, 90, False)]
)
def test_beats_are_believed_by_the_stated_rule(ibi_ms: int, quality: int, taken: bool) -> None:
    beats = np.array([[1000 * i, 1000, 90] for i in range(20)], np.int64)
    beats[10, 1:] = ibi_ms, quality
    assert believable(beats)[10] == taken
    assert believable(np.delete(beats, 10, axis=0)).all()


def test_beats_and_readings_of_the_same_heart_agree() -> None:
    ibi_ms = 1000
    beats = frame(Ibi(tuple(range(1000, 600_000, 1000)), (ibi_ms,) * 599, (90,) * 599), 0)
    readings = frame(HeartRate(tuple(range(0, 600_000, 5000)), (60 << 4,) * 120), 0)
    one, two = lay_out(gather([beats], BOOTS)), lay_out(gather([readings], BOOTS))
    assert set(one.hr_q8.tolist()) == set(two.hr_q8.tolist()) == {60 << 8}
