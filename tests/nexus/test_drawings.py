"""What hub and Nexus pages share: valid drawings that say the truth, an axis that tells the time, plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong.record import Cause, Gap, Ledger, SpanDocument, Stage, Steps
from evensong.ui import hypnogram, traces, words
from evensong.ui.axis import Axis
from evensong.ui.night import NightCard, NightView

Build = Callable[..., SpanDocument]
SVG = "{http://www.w3.org/2000/svg}"
W, L, D, R, U = Stage.WAKE, Stage.LIGHT, Stage.DEEP, Stage.REM, Stage.UNKNOWN

BPM = st.none() | st.floats(0, 400)
COUNT = st.none() | st.floats(0, 1e6)
EPOCH = st.tuples(st.sampled_from(list(Stage)), BPM, COUNT)


def axis(epochs: int, zero_ms: float = 0, *, has_clock: bool = True) -> Axis:
    return Axis(epochs, zero_ms, 30_000, has_clock=has_clock)


@given(st.lists(EPOCH, min_size=1, max_size=60), st.booleans())
def test_every_drawing_of_every_night_is_valid_xml_within_its_frame(
    make: Build, epochs: list[tuple[Stage, float | None, float | None]], has_clock: bool
) -> None:
    n = len(epochs)
    stages, bpm, counts = zip(*epochs, strict=True)
    clock: dict[str, Any] = {} if has_clock else dict.fromkeys(("start_utc_ms", "end_utc_ms", "uncertainty_ms"))
    gap = Gap(from_ms=-(10**12), to_ms=10**12, cause=Cause.MISSING, lost_s=1)
    ledger = make(epochs=1).ledger.model_copy(update={"gaps": (gap,)})
    p = tuple(None if s is U else (250, 250, 250, 250) for s in stages)
    document = make(epochs=n, stages=stages, heart_rate_bpm=bpm, activity_count=counts, p=p, ledger=ledger, **clock)
    view = NightView.of(document, "hub")
    drawings = [view.hypnogram, view.probabilities, view.heart_rate, view.movement, view.axis_labels, view.proportions]
    drawings += [NightCard.of(document, "hub").sparkline, view.lost or ""]
    for drawing in drawings:
        root = ET.fromstring(drawing)
        assert root.get("role") == "img" or root.get("aria-hidden") == "true"
        for element in root.iter():
            for name in ("x", "x1", "x2", "width"):
                value = element.get(name, "")
                if value.endswith("%"):
                    assert 0 <= float(value[:-1]) <= 100.01
    assert sum(float(b.minutes) for b in view.bouts) == n / 2


def test_the_hypnogram_draws_a_bar_per_run_and_hatches_what_is_unknown() -> None:
    stages = (W, W, L, D, U, U, R, R)
    root = ET.fromstring(hypnogram.hypnogram(stages, axis(8), "h", "a <night>"))
    bars = [(e.get("class"), e.get("x"), e.get("width")) for e in root.findall(f"{SVG}rect") if e.get("class")]
    assert bars == [
        ("wake", "0.0%", "25.000%"),
        ("light", "25.0%", "12.500%"),
        ("deep", "37.5%", "12.500%"),
        ("rem", "75.0%", "25.000%"),
    ]
    (hatched,) = [e for e in root.findall(f"{SVG}rect") if e.get("fill") == "url(#h-hatch)"]
    assert (hatched.get("x"), hatched.get("width"), hatched.get("height")) == ("50.0%", "25.000%", "168")
    assert root.findtext(f"{SVG}desc") == "a <night>"


@given(st.lists(st.sampled_from(list(Stage)), max_size=200))
def test_runs_put_together_are_the_stages(stages: list[Stage]) -> None:
    again = [run.stage for run in hypnogram.runs(stages) for _ in range(run.start, run.stop)]
    assert again == stages


def test_the_heart_rate_line_breaks_where_nothing_was_read() -> None:
    drawn = traces.heart_rate([60, 61, None, 62, None, 63, 64], axis(7), "h", "")
    assert drawn.count("M") == 3
    assert "nothing" not in drawn
    assert "no heart rate was measured" in traces.heart_rate([None] * 4, axis(4), "h", "")
    assert traces.heart_range([None]) is None
    assert traces.heart_range([60.0]) == (60, 80)


def test_ticks_lie_at_round_times_of_the_wall() -> None:
    night = axis(960, zero_ms=(22 * 60 + 40) * 60_000)
    assert [t.label for t in night.ticks()] == ["23:00", "00:00", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]
    assert night.ticks()[0].percent == pytest.approx(100 * 20 / 480, abs=0.001)
    assert [t.label for t in night.ticks() if t.major] == ["00:00", "02:00", "04:00", "06:00"]
    recording = axis(240, zero_ms=-30 * 60_000, has_clock=False)
    assert [t.label for t in recording.ticks()] == [
        "−0:30",
        "−0:15",
        "0:00",
        "0:15",
        "0:30",
        "0:45",
        "1:00",
        "1:15",
        "1:30",
    ]


@given(st.integers(1, 5_760), st.integers(0, 2**42), st.booleans())
def test_there_are_never_too_many_ticks(epochs: int, zero_ms: int, has_clock: bool) -> None:
    ticks = axis(epochs, zero_ms, has_clock=has_clock).ticks()
    assert len(ticks) <= 11
    assert all(0 <= t.percent <= 100 for t in ticks)


def test_titles_name_the_evening_and_the_morning(make: Build) -> None:
    day = 86_400_000
    assert words.night_title(make(epochs=960)) == "Tuesday 12 to Wednesday 13 March 2024"
    start = make().start_utc_ms + 19 * day
    over = make(epochs=960, start_utc_ms=start, end_utc_ms=start + 28_800_000)
    assert words.night_title(over) == "Sunday 31 March to Monday 1 April 2024"
    nap = make(epochs=40, start_utc_ms=start - day // 2, end_utc_ms=start - day // 2 + 1_200_000)
    assert words.night_title(nap, weekday="%a") == "Sun 31 March 2024"


def test_the_ledger_in_words() -> None:
    def ledger(sampled: int | None, stored: int, transferred: int, staged: int, *gaps: Gap) -> Ledger:
        steps = Steps(sampled=sampled, stored=stored, transferred=transferred, staged=staged)
        return Ledger(samples=steps, frames=steps, gaps=gaps)

    gap = Gap(from_ms=0, to_ms=9_000, cause=Cause.SPOOL_FULL, lost_s=9)
    whole = ledger(1_000, 1_000, 1_000, 1_000)
    assert words.ledger_sentence(whole, arrived=True).endswith("forwarded; nothing lost.")
    assert "not all forwarded" in words.ledger_sentence(whole, arrived=False)
    assert words.ledger_mark(whole) == "nothing lost"
    for lacking, sentence, mark in (
        (ledger(1_000, 990, 980, 980), "20 did not arrive", "20 lost"),
        (ledger(1_000, 1_000, 1_000, 1_000, gap), "but there are gaps", "1 gap"),
        (ledger(None, 5, 5, 5), "not known", "not all counted"),
        (ledger(1_000, 1_000, 1_000, 900), "900 staged", "not all staged"),
    ):
        assert sentence in words.ledger_sentence(lacking, arrived=True)
        assert words.ledger_mark(lacking) == mark
        assert not words.is_complete(lacking)


def test_durations_read_well() -> None:
    said = [words.duration(m) for m in (None, 0, 12.5, 59.5, 60, 432.5)]
    assert said == ["–", "0 min", "12.5 min", "59.5 min", "1 h 00 min", "7 h 12 min"]
    assert [words.seconds(s) for s in (9.5, 10, 119, 2_700)] == ["9.5 s", "10 s", "119 s", "45 min"]
