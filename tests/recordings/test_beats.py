from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evensong.recordings.beats import MAX_SHIFT_MS, place

intervals = st.lists(st.integers(0, 4_000), min_size=1, max_size=80)
stamps_of_any_kind = st.lists(st.integers(-50_000, 200_000), min_size=80, max_size=80)


@given(
    ibis=intervals,
    stamps=stamps_of_any_kind,
    slack=st.integers(0, 1_000),
)
def test_whatever_the_stamps_say_no_interval_starts_before_the_beat_before_it(
    ibis: list[int], stamps: list[int], slack: int
) -> None:
    ibi_ms = np.array(ibis)
    stamp_ms = np.array(stamps[: len(ibis)])
    placed = place(stamp_ms, stamp_ms + 999, ibi_ms, slack)
    assert (np.diff(placed.beat_ms) >= placed.ibi_ms[1:]).all()
    assert (placed.ibi_ms == ibi_ms[placed.kept]).all()
    assert len(placed.kept) + len(placed.impossible) + len(placed.overlapping) == len(ibis)
    assert (placed.beat_ms <= stamp_ms[placed.kept] + 999 + slack + MAX_SHIFT_MS).all()


@settings(deadline=None)
@given(
    ibis=st.lists(st.integers(400, 1_500), min_size=35, max_size=35),
    start_ms=st.integers(0, 10**8),
)
def test_stamps_to_the_second_pin_a_run_within_its_last_doubt(ibis: list[int], start_ms: int) -> None:
    ibi_ms = np.array(ibis)
    true_ms = start_ms + np.cumsum(ibi_ms)
    stamp_ms = true_ms // 1_000 * 1_000
    placed = place(stamp_ms, stamp_ms + 999, ibi_ms, slack_ms=1_000)
    assert placed.runs == 1
    doubt = 999 - int(np.ptp(true_ms % 1_000))
    assert np.abs(placed.beat_ms - true_ms).max() <= (doubt + 1) // 2
