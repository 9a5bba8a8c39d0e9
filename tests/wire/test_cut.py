"""Long sequences cut into frames: nothing lost, nothing moved, frames as full as they can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong_wire import codec, errors
from evensong_wire.cut import MAX_MISSING, FrameWriter, cut
from evensong_wire.frames import EPOCH_MS, MAX_FRAME_BYTES
from evensong_wire.models import AccelRaw, Ack, Activity, Ema, HeartRate, Ibi, PpgRaw

from . import strategies as ours


@given(ours.heart_rates(most=200), st.integers(0, 10**9))
def test_heart_rate(body: HeartRate, time_ms: int) -> None:
    found = [
        (t + offset, hr)
        for t, part in cut(time_ms, body)
        for offset, hr in zip(part.offset_ms, part.hr_q4, strict=True)  # type: ignore[union-attr]
    ]
    assert found == [(time_ms + offset, hr) for offset, hr in zip(body.offset_ms, body.hr_q4, strict=True)]


@given(ours.beats(most=300, least_gap_ms=-70_000), st.integers(10**8, 10**9))
def test_beats_and_intervals_that_overlap(body: Ibi, time_ms: int) -> None:
    rows = [
        (t + offset, ibi, quality)
        for t, part in cut(time_ms, body)
        for offset, ibi, quality in zip(part.offset_ms, part.ibi_ms, part.quality, strict=True)  # type: ignore[union-attr]
    ]
    expected = zip(body.offset_ms, body.ibi_ms, body.quality, strict=True)
    assert rows == [(time_ms + offset, ibi, quality) for offset, ibi, quality in expected]


@given(st.lists(st.none() | st.integers(0, 1 << 29), max_size=150).map(tuple))
def test_activity(counts: tuple[int | None, ...]) -> None:
    found = {}
    for time_ms, part in cut(0, Activity(counts)):
        assert isinstance(part, Activity)
        assert part.count_q8[0] is not None
        assert part.count_q8[-1] is not None
        found |= {time_ms // EPOCH_MS + i: count for i, count in enumerate(part.count_q8) if count is not None}
    assert found == {i: count for i, count in enumerate(counts) if count is not None}


def test_a_long_gap_in_activity_begins_a_new_frame() -> None:
    for missing, frames in ((MAX_MISSING, 1), (MAX_MISSING + 1, 2)):
        assert len(list(cut(0, Activity((5, *[None] * missing, 6))))) == frames


def test_raw_blocks() -> None:
    samples = tuple(range(0, 10_000, 7))
    parts = list(cut(1000, PpgRaw(2500, 1, samples)))
    assert sum((part.samples for _, part in parts), ()) == samples  # type: ignore[union-attr]
    assert parts[1][0] == 1000 + len(parts[0][1].samples) * 40  # type: ignore[union-attr]
    xyz = tuple((i, -i, 4096) for i in range(500))
    assert sum((part.xyz for _, part in cut(0, AccelRaw(5000, 4096, xyz))), ()) == xyz  # type: ignore[union-attr]


def test_frames_are_full_and_numbered() -> None:
    ibi_ms = tuple(900 + i * i % 97 for i in range(2000))
    body = Ibi(tuple(sum(ibi_ms[: i + 1]) for i in range(2000)), ibi_ms, (100,) * 2000)
    writer = FrameWriter(b"abcd", 9)
    frames = [codec.decode(raw) for raw in writer.write(5000, body)]
    assert [frame.header.seq for frame in frames] == list(range(len(frames)))
    assert writer.next_seq == len(frames)
    assert all(len(frame.raw) >= MAX_FRAME_BYTES - 2 for frame in frames[:-1])
    assert frames[0].header.time_ms == 5000
    assert next(iter(writer.write(7, Ema(1, 2, prompted=False))))[8] == len(frames)


def test_words_of_a_connection_are_not_numbered() -> None:
    with pytest.raises(ValueError, match="ACK"):
        list(FrameWriter(b"abcd", 9).write(0, Ack(1, 1)))


def test_an_element_that_no_frame_can_hold() -> None:
    with pytest.raises(errors.FieldRangeError):
        list(cut(0, Ibi((70_000,), (70_000,), (100,))))
