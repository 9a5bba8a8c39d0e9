"""The stream: chunks of any size and damage of any kind; what arrived whole comes out, nothing else does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong_wire.codec import encode, sealed
from evensong_wire.errors import FrameLengthError
from evensong_wire.frames import MAX_SEALED_BYTES, Kind
from evensong_wire.models import Ack, Header, Unknown
from evensong_wire.stream import MAX_COBS_BYTES, Stream, cobs_decode, cobs_encode, pack

from .damage import Oracle, damaged, some_frames

FRAME = encode(Header(Kind.ACK, b"abcd", 3, 77, 123_456), Ack(1, 2))


@given(st.binary(max_size=MAX_SEALED_BYTES))
def test_cobs_round_trip(raw: bytes) -> None:
    packed = pack(raw)
    assert len(packed) == len(raw) + 3
    assert packed[0] == packed[-1] == 0
    assert 0 not in packed[1:-1]
    assert cobs_decode(packed[1:-1]) == raw


@given(st.binary(min_size=1, max_size=300).map(lambda b: b.replace(b"\0", b"\1")))
def test_cobs_decodes_nothing_that_it_would_not_encode(coded: bytes) -> None:
    raw = cobs_decode(coded)
    if raw is not None and len(raw) <= MAX_SEALED_BYTES:
        assert cobs_encode(raw) == coded


def test_nothing_longer_than_a_frame_is_packed() -> None:
    with pytest.raises(FrameLengthError):
        pack(bytes(MAX_SEALED_BYTES + 1))


@given(st.lists(st.integers(1, 60), min_size=1))
def test_any_cutting_gives_the_same_frames(sizes: list[int]) -> None:
    raws = some_frames(random.Random(7), 20)
    line = b"".join(map(pack, raws))
    stream = Stream()
    found = []
    at = i = 0
    while at < len(line):
        size = sizes[i % len(sizes)]
        found += stream.feed(memoryview(line)[at : at + size])
        at, i = at + size, i + 1
    assert [frame.raw for frame in found] == raws
    assert (stream.bad_cobs, stream.bad_crc, stream.oversize, stream.unparsable) == (0, 0, 0, 0)


def test_a_frame_comes_out_whatever_came_before() -> None:
    for before in (b"\1\2\3", b"\xff" * 5000, pack(FRAME)[:-5], b"\0" * 9, pack(FRAME)[:-1]):
        stream = Stream()
        stream.feed(before)
        assert [frame.raw for frame in stream.feed(pack(FRAME))][-1] == FRAME


def test_what_was_thrown_away_is_counted() -> None:
    stream = Stream()
    assert stream.feed(b"\0\x09ab\0") == []
    assert stream.feed(pack(FRAME[:-1] + bytes([FRAME[-1] ^ 1]))) == []
    assert stream.feed(b"\0" + b"\1" * (MAX_COBS_BYTES + 1)) == []
    assert stream.feed(b"\1" * 10_000) == []
    assert stream.feed(b"\0") == []
    other_major = encode(Header(0x1F, b"abcd", 3, 77, 1), Unknown(b""))
    assert stream.feed(pack(sealed(b"\x20" + other_major[1:-4]))) == []
    assert (stream.bad_cobs, stream.bad_crc, stream.oversize, stream.unparsable) == (1, 1, 1, 1)


def test_memory_is_bounded() -> None:
    stream = Stream()
    for _ in range(1000):
        stream.feed(b"\7" * 100)
        assert len(stream._held) <= MAX_COBS_BYTES


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_never_raises(chunks: list[bytes]) -> None:
    stream = Stream()
    for chunk in chunks:
        stream.feed(chunk)


def test_damage() -> None:
    """tests/benchmarks/fuzz_stream.py does the same a million times."""
    rng = random.Random(20_451)
    stream = Stream()
    whole = 0
    for pieces in (300, 1000, 4000, 20_000):
        raws = some_frames(rng, 300)
        oracle = Oracle(raws)
        stream.feed(b"\0")
        for chunk in damaged(rng, b"".join(map(pack, raws)), pieces):
            expected = oracle.expect(chunk)
            assert [frame.raw for frame in stream.feed(chunk)] == expected
            whole += len(expected)
    assert 300 < whole < 1200
