"""When was the night: made-up days of known truth, at any time of day, with sensors missing and buttons forgotten.

One epoch is half a minute; days begin at epoch 0. What is built here is easy on purpose: rules are tested, not skill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from builders import BOOTS, frame, wear
from hypothesis import given, settings
from hypothesis import strategies as st

from evensong.recordings import framing, mmash
from evensong.recordings.repairs import Repairs
from evensong.staging import NightSpan, Samples, find, gather, lay_out
from evensong.staging.intake import EPOCH_MS
from evensong_wire.frames import EventCode, Wear
from evensong_wire.models import Activity, Event, Frame, HeartRate
from evensong_wire.stream import Stream, pack

HOUR = 120
NEAR = 16  # epochs


def frames_of(plan: Sequence[tuple[float, str]], seed: int = 1, gain: float = 1.0) -> list[Frame]:
    """A day: (hours, `up` | `sit` | `bed` | `void`) one after the other."""
    rng = np.random.default_rng(seed)
    rate = {"up": 82, "sit": 68, "bed": 54}
    moving = {"up": 0.85, "sit": 0.5, "bed": 0.07}
    frames, at_ms = [], 0
    for seq, (hours, what) in enumerate(plan):
        n = round(hours * HOUR)
        if what != "void":
            bpm = np.repeat(rate[what], 6 * n) + 2 * rng.normal(size=6 * n)
            count = np.where(rng.random(n) < moving[what], 256 * gain * rng.integers(100, 4000, n), 0)
            heart = HeartRate(tuple(range(0, n * EPOCH_MS, 5000)), tuple((16 * bpm).astype(int).tolist()))
            activity = Activity(tuple(count.astype(int).tolist()))
            frames += [frame(heart, at_ms, 2 * seq), frame(activity, at_ms, 2 * seq + 1)]
        at_ms += n * EPOCH_MS
    return frames


def day(plan: Sequence[tuple[float, str]], *more: Frame, seed: int = 1, gain: float = 1.0) -> Samples:
    return gather([*frames_of(plan, seed, gain), *more], BOOTS)


def press(code: EventCode, hour: float) -> Frame:
    return frame(Event(code, 0), round(hour * 3_600_000), 90_000 + round(hour * 100))


def nights(samples: Samples) -> list[NightSpan]:
    return find(samples, lay_out(samples))


def assert_spans(samples: Samples, *hours: tuple[float, float]) -> None:
    found = [(n.start_epoch, n.end_epoch) for n in nights(samples)]
    assert len(found) == len(hours), found
    for (start, end), (begins, ends) in zip(found, hours, strict=True):
        assert abs(start - begins * HOUR) <= NEAR, (found, hours)
        assert abs(end - ends * HOUR) <= NEAR, (found, hours)


@pytest.mark.parametrize("before", [0.5, 6.0, 15.0])
def test_a_night_is_found_at_whatever_hour(before: float) -> None:
    assert_spans(day([(before, "up"), (2, "sit"), (7, "bed"), (3, "up")]), (before + 2, before + 9))


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0, 50.0])
def test_the_scale_of_counts_does_not_matter(gain: float) -> None:
    plan = [(8.0, "up"), (2.0, "sit"), (7.0, "bed"), (3.0, "up")]
    assert nights(day(plan, gain=gain)) == nights(day(plan))


def test_a_recording_may_start_and_end_asleep() -> None:
    assert_spans(day([(3, "bed"), (6, "up"), (4, "bed")]), (0, 3), (9, 13))
    assert_spans(day([(6, "bed")]), (0, 6))
    assert not nights(day([(6, "bed")]))[0].risen


def test_a_nap_is_its_own_span_and_called_so() -> None:
    samples = day([(5, "up"), (1.5, "bed"), (6, "up"), (7, "bed"), (2, "up")])
    assert_spans(samples, (5, 6.5), (12.5, 19.5))
    assert [(night.is_nap, night.risen) for night in nights(samples)] == [(True, True), (False, True)]


def test_two_nights_are_two_and_an_interruption_of_up_to_an_hour_ends_none() -> None:
    assert_spans(day([(3, "up"), (7, "bed"), (16, "up"), (7, "bed"), (3, "up")]), (3, 10), (26, 33))
    assert_spans(day([(3, "up"), (3, "bed"), (0.75, "up"), (3, "bed"), (3, "up")]), (3, 9.75))
    assert_spans(day([(3, "up"), (3, "bed"), (1.5, "up"), (3, "bed"), (3, "up")]), (3, 6), (7.5, 10.5))


def test_a_doze_shorter_than_the_evening_behind_it_does_not_begin_the_night() -> None:
    assert_spans(day([(3, "up"), (0.75, "bed"), (0.9, "up"), (7, "bed"), (2, "up")]), (4.65, 11.65))


def test_no_night_in_a_day_nor_in_nothing() -> None:
    assert nights(day([(14, "up"), (4, "sit"), (3, "up")])) == []
    assert nights(day([(6, "up"), (0.5, "bed"), (6, "up")])) == []
    assert nights(gather([], BOOTS)) == []


@pytest.mark.parametrize("missing", ["activity", "heart_rate"])
def test_either_sensor_alone_will_do(missing: str) -> None:
    samples = day([(8, "up"), (7, "bed"), (3, "up")])
    alone = replace(samples, **{missing: np.zeros((0, 2), np.int64)})
    assert_spans(alone, (8, 15))


def test_a_void_within_the_night_is_bridged_and_of_one_beside_it_an_hour_at_most_is_taken_in() -> None:
    assert_spans(day([(8, "up"), (3, "bed"), (1.5, "void"), (3, "bed"), (3, "up")]), (8, 15.5))
    assert_spans(day([(8, "up"), (1, "void"), (7, "bed"), (1, "void"), (3, "up")]), (8, 17))
    assert_spans(day([(8, "up"), (1.8, "void"), (7, "bed"), (1.8, "void"), (3, "up")]), (8.8, 17.8))
    assert_spans(day([(8, "up"), (6, "void"), (7, "bed"), (6, "void"), (3, "up")]), (14, 21))


def test_a_void_by_day_is_no_nap() -> None:
    for hours in (0.5, 1.0, 1.5, 1.9, 3.0):
        assert nights(day([(6, "up"), (hours, "void"), (6, "up")])) == []
        assert nights(day([(6, "up"), (0.3, "bed"), (hours, "void"), (0.3, "bed"), (6, "up")])) == []


def test_who_gets_up_shortly_before_a_void_may_have_lain_down_again() -> None:
    """Within limits: one mmash user is up for half an hour, and then nothing is recorded for an hour and a half."""
    assert_spans(day([(8, "up"), (7, "bed"), (0.5, "up"), (1.6, "void"), (3, "up")]), (8, 16.5))
    assert_spans(day([(8, "up"), (7, "bed"), (1.2, "up"), (1.6, "void"), (3, "up")]), (8, 15))
    assert_spans(day([(8, "up"), (7, "bed"), (0.5, "up"), (0.5, "void"), (3, "up")]), (8, 15))


def test_a_table_does_not_sleep() -> None:
    rows = day([(8, "up"), (7, "bed"), (3, "up"), (6, "bed"), (2, "up")])
    heart = rows.heart_rate
    lain = (heart[:, 0] >= 18 * HOUR * EPOCH_MS) & (heart[:, 0] < 24 * HOUR * EPOCH_MS)
    assert_spans(replace(rows, heart_rate=heart[~lain]), (8, 15))


@pytest.mark.parametrize("state", [Wear.OFF, Wear.CHARGING])
def test_off_the_wrist_is_no_night(state: Wear) -> None:
    def off(start: float, end: float) -> list[Frame]:
        return [wear(int(state), round(start * 3_600_000), 80_000), wear(int(Wear.ON), round(end * 3_600_000), 80_001)]

    plan = [(8.0, "up"), (7.0, "bed"), (3.0, "up")]
    assert_spans(day(plan, *off(8, 10)), (10, 15))
    assert_spans(day(plan, *off(13, 16)), (8, 13))
    assert_spans(day(plan, *off(11, 11.5)), (8, 15))  # within the bridge: one night, and staging says unknown there
    assert_spans(day(plan, *off(10, 13)), (8, 10), (13, 15))
    assert_spans(day(plan, *off(0, 18)))


def test_the_button_decides_and_detection_fills_in_what_was_forgotten() -> None:
    plan = [(8.0, "up"), (7.0, "bed"), (9.0, "up"), (7.0, "bed"), (2.0, "up")]
    off, rise = EventCode.LIGHTS_OFF, EventCode.RISE

    def told(*presses: Frame) -> list[tuple[int, int, str]]:
        return [(n.start_epoch, n.end_epoch, n.how) for n in nights(day(plan, *presses))]

    first, second = nights(day(plan))
    detected = (second.start_epoch, second.end_epoch, "detected")
    assert told(press(off, 7.5), press(rise, 15.5)) == [(900, 1860, "events"), detected]
    assert told(press(off, 7.5)) == [(900, first.end_epoch, "lights-off"), detected]
    assert told(press(rise, 15.5)) == [(first.start_epoch, 1860, "rise"), detected]
    assert told(press(off, 7.5), press(off, 23.75), press(rise, 31.5)) == [
        (900, first.end_epoch, "lights-off"), (2850, 3780, "events")]  # fmt: skip
    assert told(press(off, 7.5), press(off, 9), press(rise, 15.5)) == [(900, 1860, "events"), detected]
    assert told(press(rise, 3)) == [(first.start_epoch, first.end_epoch, "detected"), detected]


def test_lights_off_without_any_rest_lasts_to_the_end_or_sixteen_hours() -> None:
    for hours, end in ((4, 4 * HOUR), (20, 17 * HOUR)):
        (night,) = nights(day([(hours, "up")], press(EventCode.LIGHTS_OFF, 1)))
        assert (night.start_epoch, night.end_epoch, night.how) == (HOUR, end, "lights-off")


def test_while_the_night_goes_on_its_start_stays() -> None:
    """At every ten minutes: nothing before an hour of rest, then one night with one start, that does not shrink."""
    samples = day([(5, "up"), (2, "sit"), (7, "bed"), (2, "up")])
    starts, ends = set(), []
    for stop in range(HOUR, 16 * HOUR, 20):
        found = nights(until(samples, stop))
        assert len(found) == (stop >= 8 * HOUR + NEAR) or 8 * HOUR - NEAR < stop < 8 * HOUR + NEAR
        starts |= {night.start_epoch for night in found}
        ends += [night.end_epoch for night in found]
    assert len(starts) == 1
    assert all(later - sooner >= -4 for sooner, later in pairwise(ends))


def until(samples: Samples, epoch: int) -> Samples:
    """What was known before an epoch."""

    def cut(rows: np.ndarray) -> np.ndarray:
        return rows[rows[:, 0] < epoch * EPOCH_MS]

    assert samples.span_ms is not None
    return replace(
        samples, heart_rate=cut(samples.heart_rate), beats=cut(samples.beats), activity=cut(samples.activity),
        wear=cut(samples.wear), events=cut(samples.events),
        span_ms=(samples.span_ms[0], min(samples.span_ms[1], epoch * EPOCH_MS - 1)),
    )  # fmt: skip


kinds = st.sampled_from(["up", "sit", "bed", "void"])
presses = st.tuples(st.sampled_from([EventCode.LIGHTS_OFF, EventCode.RISE]), st.integers(-5, 45).map(lambda h: h / 2))
changes = st.tuples(st.sampled_from(list(Wear)), st.integers(0, 40).map(lambda h: h / 2))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 8).map(lambda h: h / 2), kinds), min_size=1, max_size=6),
       st.lists(presses, max_size=5), st.lists(changes, max_size=4))  # fmt: skip
def test_spans_are_apart_in_order_and_within_the_recording(
    plan: list[tuple[float, str]], pressed: list[tuple[EventCode, float]], worn: list[tuple[Wear, float]]
) -> None:
    events = [press(code, hour) for code, hour in pressed if hour >= 0]
    wears = [wear(int(state), round(hour * 3_600_000), 80_000 + i) for i, (state, hour) in enumerate(worn)]
    samples = day(plan, *events, *wears)
    series = lay_out(samples)
    found = find(samples, series)
    edges = [edge for night in found for edge in (night.start_epoch, night.end_epoch)]
    assert edges == sorted(edges)
    assert all(series.epochs.start <= edge <= series.epochs.stop for edge in edges)
    assert all(len(night.epochs) > 0 for night in found)
    for night in found:
        if night.how == "detected":
            assert series.worn[night.start_epoch - series.epochs.start]
            assert series.worn[night.end_epoch - 1 - series.epochs.start]


TRUTH_MIN = {  # bed and rise, minutes since midnight before day 1, as sleep.csv has them (next morning: a day added)
    "1": (1486, 1890), "10": (1600, 1929), "2": (1490, 1822), "3": (1349, 1792), "5": (1436, 1842), "7": (1468, 1922),
}  # fmt: skip
FOUND = {  # ends within 20 minutes of it: what is missed, and why, is told in docs/decisions/0007 and 0016
    "1": (True, True), "10": (True, True), "2": (True, True), "3": (False, True), "5": (True, True),
    "7": (False, False),
}  # fmt: skip


@pytest.mark.needs_data
@pytest.mark.parametrize("user", TRUTH_MIN)
def test_the_shared_days(data_dir: Path, user: str) -> None:
    raws = framing.record(mmash.read(data_dir / "mmash", user, Repairs()), framing.Source("mmash", user, None))
    stream = Stream()
    samples = gather((f for raw in raws[1] for f in stream.feed(pack(raw))), raws[0].starts())
    (night,) = nights(samples)
    ends = (night.start_epoch / 2, night.end_epoch / 2)
    assert tuple(abs(a - b) <= 20 for a, b in zip(ends, TRUTH_MIN[user], strict=True)) == FOUND[user]
    starts = set()
    for stop in range(samples.epochs.start + HOUR, samples.epochs.stop, 3 * HOUR // 2):
        starts |= {each.start_epoch for each in nights(until(samples, stop))}
    assert starts == {night.start_epoch}
