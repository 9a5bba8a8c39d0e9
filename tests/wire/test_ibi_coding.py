"""The coding of beats: exact on anything, its tables what their derivation says, its bits the same on every machine."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evensong_wire import ibi_coding, ibi_decoding, ibi_tables

ROOM = 220
usual = st.tuples(st.just(0), st.integers(300, 2000), st.just(100))
odd = st.tuples(st.integers(0, ibi_coding.MAX_GAP_MS), st.integers(0, ibi_coding.MAX_IBI_MS), st.integers(0, 100))
rows = st.lists(usual | odd, max_size=ibi_coding.MAX_COUNT)


def coded(beats: list[tuple[int, int, int]], room: int = ROOM) -> tuple[bytes, int]:
    """The bytes of as many of these beats as fit, and how many do."""
    buffer = bytearray(b"\xaa" * (room + 2))
    encoder = ibi_coding.IbiEncoder(buffer, 1, room + 1)
    for beat in beats:
        if not encoder.put(*beat):
            break
    end = encoder.finish()
    assert buffer[0] == buffer[room + 1] == 0xAA, "wrote outside its room"
    return bytes(buffer[1:end]), encoder.count


@given(rows, st.binary(max_size=20))
@example([(0, 0, 0), (ibi_coding.MAX_GAP_MS, 65535, 100), (0, 0, 0)] * 9, b"\xff")
def test_exact(beats: list[tuple[int, int, int]], behind: bytes) -> None:
    bits, count = coded(beats)
    offsets, ibis, qualities = ibi_decoding.decode(bits + behind, count)
    at = 0
    for (gap_ms, ibi_ms, quality), offset, ibi, vouched in zip(beats, offsets, ibis, qualities, strict=False):
        at += gap_ms + ibi_ms
        assert (offset, ibi, vouched) == (at, ibi_ms, quality)
    assert len(offsets) == count


@given(rows, st.integers(0, 40))
def test_a_beat_that_does_not_fit_changes_nothing(beats: list[tuple[int, int, int]], room: int) -> None:
    """What is refused in a small room is the same as what was never offered."""
    bits, count = coded(beats, room)
    assert coded(beats[:count], room) == (bits, count)
    assert len(bits) <= room
    _, with_more_room = coded(beats, room + 12)
    assert with_more_room >= min(count + 1, len(beats))


@given(st.binary(max_size=60), st.integers(0, 255))
def test_any_bits_decode_to_beats_in_range_or_a_value_error(bits: bytes, count: int) -> None:
    try:
        offsets, ibis, qualities = ibi_decoding.decode(bits, count)
    except ValueError:
        return
    assert len(offsets) == len(ibis) == len(qualities) == count
    assert all(0 <= ibi <= ibi_coding.MAX_IBI_MS for ibi in ibis)
    assert all(0 <= quality <= 100 for quality in qualities)
    assert list(offsets) == sorted(offsets)


@given(st.lists(st.integers(0, ibi_coding.MAX_IBI_MS), min_size=2, max_size=ibi_coding.MAX_COUNT))
def test_every_integer_stays_small(ibis: list[int]) -> None:
    """Weights and changes of a frame's worst beats still multiply to less than 2^30."""
    encoder = ibi_coding.IbiEncoder(bytearray(1000), 0, 1000)
    for ibi_ms in ibis:
        encoder.put(0, ibi_ms, 100)
        products = encoder._weight_1 * encoder._change_1, encoder._weight_2 * encoder._change_2
        assert abs(products[0]) + abs(products[1]) + 128 < 1 << 30
        assert 0 <= encoder._scale < 16 * (ibi_coding.TOP_CLASS + 1)


def test_the_bound_on_integers_holds_for_any_beats() -> None:
    weight = max(abs(ibi_coding.WEIGHT_1), abs(ibi_coding.WEIGHT_2)) + ibi_coding.RATE * ibi_coding.MAX_COUNT
    assert 2 * weight * (ibi_coding.MAX_IBI_MS + ibi_coding.OUTLIER_MS * ibi_coding.MAX_COUNT) < 1 << 30


def test_a_constant_quality_costs_one_change() -> None:
    beats = [(0, 900 + i % 5, 100) for i in range(100)]
    doubtful = [(gap, ibi, 60) for gap, ibi, _ in beats]
    assert len(coded(doubtful)[0]) - len(coded(beats)[0]) <= 3
    one_artefact = [(gap, ibi, 10 if 50 <= i < 53 else 100) for i, (gap, ibi, _) in enumerate(beats)]
    assert len(coded(one_artefact)[0]) - len(coded(beats)[0]) <= 5


@pytest.mark.parametrize("beat", [(0, -1, 0), (0, 65536, 0), (-1, 800, 0), (1 << 27, 800, 0), (0, 800, 101)])
def test_refuses_what_no_frame_can_say(beat: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        ibi_coding.IbiEncoder(bytearray(9), 0, 9).put(*beat)


def test_tables_are_what_their_derivation_says() -> None:
    assert ibi_tables.code_lengths() == ibi_coding.LENGTHS
    assert ibi_tables.steps() == ibi_coding.STEPS


def test_codes_are_complete_and_zeros_are_never_an_escape() -> None:
    for at in range(0, len(ibi_coding.LENGTHS), ibi_coding.SYMBOLS):
        lengths = ibi_coding.LENGTHS[at : at + ibi_coding.SYMBOLS]
        assert sum(2.0**-length for length in lengths) == 1
        codes = ibi_coding.CODES[at : at + ibi_coding.SYMBOLS]
        assert codes.index(0) != ibi_coding.ESCAPE


def test_the_scale_cannot_leave_its_range() -> None:
    largest = max(ibi_coding.STEPS) - ibi_coding.BIAS
    smallest = min(ibi_coding.STEPS) - ibi_coding.BIAS
    assert largest < 3 * 16
    assert smallest > -16
