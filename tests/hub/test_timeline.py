from __future__ import annotations

import random

import pytest
from simulated_wearable import Wearable

from evensong.hub.journal import Journal
from evensong.hub.timeline import PAIR_GRACE_MS, Pair, fit, pin
from evensong_wire.codec import decode
from evensong_wire.models import Header, Hello
from evensong_wire.stream import Stream

UTC_MS = 1_767_304_800_000


def pairs_of(drift_ppm: float, n: int, jitter_ms: int = 0) -> list[Pair]:
    rng = random.Random(1)
    times = [i * 600_000 for i in range(n)]
    return [Pair(t, UTC_MS + round(t * (1 + drift_ppm / 1e6)) + rng.randint(0, jitter_ms), 100) for t in times]


@pytest.mark.parametrize("drift_ppm", [-100.0, 0.0, 37.5, 100.0])
def test_drift_is_found_through_jitter_and_bad_pairs(drift_ppm: float) -> None:
    pairs = pairs_of(drift_ppm, 48, jitter_ms=40)
    pairs[5] = Pair(pairs[5].time_ms, pairs[5].utc_ms + 3_600_000, 100)  # the hub's clock was an hour off
    found = fit(pairs)
    assert found is not None
    assert found.drift_ppm == pytest.approx(drift_ppm, abs=1.5)
    assert found.residual_ms < 40
    night_ms = 8 * 3_600_000
    assert found.utc_ms(night_ms) == pytest.approx(UTC_MS + night_ms * (1 + drift_ppm / 1e6), abs=60)


def test_one_pair_is_an_offset_and_none_is_nothing() -> None:
    found = fit([Pair(5_000, UTC_MS + 5_000, 100)])
    assert found is not None
    assert (found.utc_ms(0), found.drift_ppm, found.pairs) == (UTC_MS, 0.0, 1)
    assert fit([]) is None


def test_a_drift_beyond_any_crystal_is_the_hubs_own_clock() -> None:
    pairs = [Pair(t, UTC_MS + t + (7_200_000 if t > 3_000_000 else 0), 100) for t in range(0, 6_000_001, 600_000)]
    found = fit(pairs)
    assert found is not None
    assert abs(found.drift_ppm) < 500


def journalled(journal: Journal, wearable: Wearable) -> None:
    """Everything it has made, as of now."""
    (hello,) = Stream().feed(wearable.hello())
    assert isinstance(hello.body, Hello)
    journal.greet(hello.body, hello.header, UTC_MS)
    journal.append(wearable.device_id, [decode(raw) for raw in wearable.made], UTC_MS)


def pair(journal: Journal, wearable: Wearable, boot_id: int, time_ms: int, utc_ms: int) -> None:
    journal.note_pair(wearable.device_id, Header(0x21, wearable.incarnation, boot_id, 0, time_ms), utc_ms, 100)


def starts(journal: Journal, now_ms: int = UTC_MS + PAIR_GRACE_MS) -> list[int | None]:
    return [boot.starts_ms for boot in pin(journal, 1, now_ms)]


def two_boots(journal: Journal) -> Wearable:
    wearable = Wearable()
    for _ in range(100):
        wearable.heart_rate(12)  # 100 minutes
    wearable.reboot()
    wearable.heart_rate(12)
    journalled(journal, wearable)
    return wearable


def test_pairs_of_both_boots_say_how_long_it_was_off(journal: Journal) -> None:
    wearable = two_boots(journal)
    pair(journal, wearable, 1, 600_000, UTC_MS + 600_000)
    pair(journal, wearable, 2, 10_000, UTC_MS + 7_000_000 + 10_000)
    assert starts(journal) == [0, 7_000_000]


def test_the_drift_of_a_long_boot_is_not_taken_for_time_off(journal: Journal) -> None:
    wearable = two_boots(journal)
    for time_ms in range(0, 6_000_001, 600_000):
        pair(journal, wearable, 1, time_ms, UTC_MS + time_ms + time_ms // 10_000)  # 100 ppm
    pair(journal, wearable, 2, 0, UTC_MS + 6_000_000 + 600 + 2_000)
    assert starts(journal)[1] == pytest.approx(6_002_000, abs=2)


def test_without_clocks_a_boot_stands_right_behind_its_predecessor(journal: Journal) -> None:
    two_boots(journal)
    assert starts(journal) == [0, 6_000_000]


def test_a_pin_never_moves(journal: Journal) -> None:
    wearable = two_boots(journal)
    assert starts(journal) == [0, 6_000_000]
    pair(journal, wearable, 1, 0, UTC_MS)
    pair(journal, wearable, 2, 0, UTC_MS + 9_000_000)
    assert starts(journal) == [0, 6_000_000]


def test_the_boot_in_progress_waits_a_while_for_its_first_pair(journal: Journal) -> None:
    wearable = two_boots(journal)
    pair(journal, wearable, 1, 0, UTC_MS)
    assert starts(journal, UTC_MS + 1000) == [0]
    pair(journal, wearable, 2, 0, UTC_MS + 6_500_000)
    assert starts(journal, UTC_MS + 2000) == [0, 6_500_000]


def test_a_boot_that_met_the_hub_is_placed_by_its_pairs_behind_boots_that_never_did(journal: Journal) -> None:
    wearable = two_boots(journal)
    wearable.reboot()
    wearable.heart_rate(2)  # 10 s
    wearable.reboot()
    wearable.heart_rate(2)
    journalled(journal, wearable)
    pair(journal, wearable, 1, 600_000, UTC_MS + 600_000)
    pair(journal, wearable, 4, 3_000, UTC_MS + 6_090_000 + 3_000)
    assert starts(journal) == [0, 6_000_000, 6_060_000, 6_090_000]


def test_clocks_that_contradict_the_order_of_boots_do_not_overlap_them(journal: Journal) -> None:
    wearable = two_boots(journal)
    pair(journal, wearable, 1, 0, UTC_MS)
    pair(journal, wearable, 2, 0, UTC_MS - 1_000_000)
    assert starts(journal) == [0, 6_000_000]
