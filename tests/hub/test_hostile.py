"""Whatever a wearable claims: the hub stages on, and every sample it took lies in exactly one document."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from itertools import pairwise
from pathlib import Path

import hypothesis.strategies as st
import pytest
import structlog
from hypothesis import given, settings

from evensong.config import OriginSettings
from evensong.hub import derivation, documents, timeline, window
from evensong.hub.interruptible import interruptible
from evensong.hub.journal import Journal
from evensong.hub.night import Stager
from evensong.record import State
from evensong_wire.codec import encode
from evensong_wire.frames import EventCode, Kind, ResetCause, Wear
from evensong_wire.models import (
    KIND_OF,
    Activity,
    Body,
    Boot,
    Ema,
    Event,
    Frame,
    Header,
    HeartRate,
    Hello,
    Ibi,
    Status,
    Unknown,
    WearChange,
    samples_in,
)

U24 = (1 << 24) - 1
DAY_MS = 86_400_000
counts = st.integers(0, U24)


def series(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(offsets, values), equally long, offsets from 0 rising."""
    pairs = st.lists(st.tuples(st.integers(0, 60_000), values), min_size=1, max_size=12)

    def laid(drawn: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        offsets, at = [], 0
        for i, (step, _) in enumerate(drawn):
            at += step if i else 0
            offsets.append(at)
        return tuple(offsets), tuple(value for _, value in drawn)

    return pairs.map(laid)


def beats(ibis: list[int]) -> Ibi:
    ends = [sum(ibis[: i + 1]) for i in range(len(ibis))]
    return Ibi(tuple(ends), tuple(ibis), tuple(100 for _ in ibis))


bodies: st.SearchStrategy[Body] = st.one_of(
    series(st.integers(0, 65_535)).map(lambda drawn: HeartRate(*drawn)),
    st.lists(st.integers(250, 2_500), min_size=1, max_size=12).map(beats),
    st.lists(st.none() | st.integers(0, 1 << 20), min_size=1, max_size=12).map(lambda c: Activity(tuple(c))),
    st.sampled_from(Wear).map(WearChange),
    st.builds(Ema, st.integers(1, 9), st.integers(1, 9), st.booleans()),
    st.builds(Event, st.sampled_from(EventCode) | st.integers(8, 255), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.builds(
        Status,
        st.just(3900),
        st.none(),
        st.none(),
        st.just(1),
        st.none(),
        counts,
        counts,
        counts,
    ),
    st.builds(
        Boot,
        st.sampled_from(ResetCause),
        st.integers(0, 4),
        st.integers(0, 30 * DAY_MS),
        counts,
        st.integers(0, (1 << 32) - 1),
        st.integers(0, 65_535),
    ),
    st.binary(max_size=20).map(Unknown),
)
times = st.integers(0, 6 * 3_600_000) | st.integers(0, 190 * DAY_MS)


class StoppedClock:
    ms = 1_767_304_800_000

    def utc_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


def framed(at: tuple[int, int], time_ms: int, body: Body) -> Frame:
    kind = 0x1F if isinstance(body, Unknown) else int(KIND_OF[type(body)])
    header = Header(kind, b"evil", at[0], at[1], time_ms)
    return Frame(header, body, encode(header, body))


def test_boots_that_each_claim_to_have_been_off_for_months_are_staged(journal: Journal) -> None:
    frames: list[Frame] = []
    for boot_id in range(1, 60):
        carried = Boot(ResetCause.POWER_ON, boot_id - 1, 5_000, 2, boot_id * 90 * 86_400, 5)
        frames += [framed((boot_id, 0), 0, carried), framed((boot_id, 1), 1, HeartRate((0, 5_000), (960, 961)))]
    assert staged(journal, frames) == 118


def test_what_one_wearable_claims_is_one_line_in_the_log_and_no_other_wearable_waits(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MOST_FRAMES", 3)
    monkeypatch.setattr(timeline, "MOST_BOOTS", 3)
    monkeypatch.setattr(derivation, "LONGEST_MS", 20 * 3_600_000)
    beat = HeartRate((0, 5_000), (960, 961))
    claims = [
        [framed((1, seq), seq * 10_000, beat) for seq in range(5)],
        [framed((boot_id, 0), 0, beat) for boot_id in range(1, 6)],
        [framed((1, seq), seq * 11 * 3_600_000, beat) for seq in range(3)],
        [framed((1, 0), 0, beat)],
    ]
    with structlog.testing.capture_logs() as said:
        stager = Stager(journal, StoppedClock(), OriginSettings(), lambda: None)
        for i, frames in enumerate(claims):
            met(journal, bytes([i]) * 8, frames)
        for _ in range(3):
            stager.look()
    assert [line["detail"] for line in said if line["event"] == "not staged"] == [
        "more than 3 frames that are not settled",
        "5 boots, more than 3",
        "samples of more than 0 days that are not settled",
    ]
    assert [each.samples for each in documents.of_timeline(journal, 4)] == [2]


def test_a_signal_ends_a_long_computation_and_reaches_the_loop() -> None:
    async def compute() -> None:
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        went_on = []
        with interruptible():
            signal.raise_signal(signal.SIGTERM)
            went_on.append(True)
        assert not went_on
        await told.wait()

    asyncio.run(compute())


def met(journal: Journal, device: bytes, frames: list[Frame]) -> None:
    hello = Hello(device, 0, (0, 1, 0), 7, 3900, 80, 1, 0, 0, 0, 0xFFFF, "b", "n")
    journal.greet(hello, Header(Kind.HELLO, b"evil", 1, 0, 0), StoppedClock.ms)
    journal.append(device, frames, StoppedClock.ms)


def staged(journal: Journal, frames: list[Frame]) -> int:
    met(journal, b"8 bytes.", frames)
    clock = StoppedClock()
    clock.ms += DAY_MS
    Stager(journal, clock, OriginSettings(), lambda: None).look()
    return sum(each.samples for each in documents.of_timeline(journal, 1))


@settings(max_examples=40, deadline=None)
@given(
    frames=st.dictionaries(
        st.tuples(st.integers(1, 4), st.integers(0, 40)), st.tuples(times, bodies), min_size=1, max_size=25
    ).map(lambda drawn: [framed(at, *what) for at, what in sorted(drawn.items(), key=lambda item: item[0])]),
    pairs=st.lists(st.tuples(st.integers(1, 4), times, st.integers(0, 1 << 42)), max_size=4),
    split=st.integers(0, 25),
)
def test_every_sample_lies_in_exactly_one_document(
    frames: list[Frame], pairs: list[tuple[int, int, int]], split: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "j.sqlite3") as journal:
        device, clock = b"8 bytes.", StoppedClock()
        hello = Hello(device, 0, (0, 1, 0), 7, 3900, 80, 1, 0, 0, 0, 0xFFFF, "b", "n")
        journal.greet(hello, Header(Kind.HELLO, b"evil", 4, 0, 0), clock.ms)
        for boot_id, time_ms, utc_ms in pairs:
            journal.note_pair(device, Header(Kind.TIME_REQUEST, b"evil", boot_id, 0, time_ms), utc_ms, 100)
        stager = Stager(journal, clock, OriginSettings(), lambda: None)
        for part in (frames[:split], frames[split:]):
            journal.append(device, part, clock.ms)
            clock.ms += DAY_MS  # no boot waits for a pair
            with journal.transaction():  # `look` would go on after an error: here it has to show
                stager._derive(1, device, b"evil")
        found = [each for each in documents.of_timeline(journal, 1) if each.state is not State.WITHDRAWN]
        assert sum(each.samples for each in found) == sum(samples_in(frame.body) for frame in frames)
        for one, two in pairwise(found):
            assert one.end_epoch <= two.first_epoch
