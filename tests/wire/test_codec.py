"""Round trips of every kind, and what the codec refuses, on both sides."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong_wire import codec, errors
from evensong_wire.frames import MAX_FRAME_BYTES, PAYLOADS, Check, Flag, Kind, Plan
from evensong_wire.models import (
    Ack,
    Boot,
    FlightCheck,
    Header,
    HeartRate,
    Ibi,
    Log,
    Status,
    TimeRequest,
    Unknown,
    samples_in,
)
from evensong_wire.parse import Parser

from . import strategies as ours


def header(kind: int, time_ms: int = 123_456) -> Header:
    return Header(kind, b"abcd", 3, 77, time_ms)


@given(st.data(), ours.bodies)
def test_round_trip(data: st.DataObject, body: object) -> None:
    head = data.draw(ours.headers(body))  # type: ignore[arg-type]
    raw = codec.encode(head, body)  # type: ignore[arg-type]
    assert len(raw) <= MAX_FRAME_BYTES
    frame = codec.decode(raw)
    assert (frame.header, frame.body, frame.raw) == (head, body, raw)


@given(ours.bodies, st.binary(min_size=1, max_size=9))
def test_what_a_newer_minor_version_adds_is_ignored(body: object, more: bytes) -> None:
    """All but the payloads that end in text or samples of their own length take more bytes at their end."""
    from evensong_wire.models import KIND_OF

    raw = codec.encode(header(KIND_OF[type(body)]), body)  # type: ignore[arg-type, index]
    if len(raw) + len(more) > MAX_FRAME_BYTES:
        return
    assert codec.decode(codec.sealed(raw[:-4] + more)).body == body


@given(st.binary(min_size=20, max_size=MAX_FRAME_BYTES))
def test_any_bytes_with_a_right_crc_give_a_frame_or_a_wire_error(raw: bytes) -> None:
    try:
        frame = codec.decode(codec.sealed(bytes([0x10 | raw[0] & 3]) + raw[1:-4]))
    except errors.WireError:
        return
    assert samples_in(frame.body) >= 0


@given(st.sampled_from(Kind), st.binary(max_size=220))
def test_any_payload_of_a_known_kind_gives_a_body_or_a_wire_error(kind: Kind, payload: bytes) -> None:
    raw = codec.encode(header(0x1F), Unknown(payload))
    with suppress(errors.WireError):
        codec.decode(codec.sealed(raw[:1] + bytes([kind]) + raw[2:-4]))


@given(st.sampled_from(Kind), st.binary(max_size=60))
def test_the_fast_parser_reads_what_construct_reads(kind: Kind, payload: bytes) -> None:
    from construct.core import ConstructError

    try:
        theirs = dict(PAYLOADS[kind].parse(payload))
    except ConstructError:
        with pytest.raises(ValueError, match="ends early"):
            Parser(PAYLOADS[kind]).parse(payload)
        return
    theirs.pop("_io", None)
    assert vars(Parser(PAYLOADS[kind]).parse(payload)) == theirs


def test_status_saturates_and_everything_else_raises() -> None:
    status = Status(70_000, 300, -40_000, 1 << 20, -200, 1, 2, 3)
    body = codec.decode(codec.encode(header(Kind.STATUS), status)).body
    assert body == Status(65_535, None, None, 65_535, -128, 1, 2, 3)
    with pytest.raises(errors.FieldRangeError) as refusal:
        codec.encode(header(Kind.STATUS), dataclasses.replace(status, sampled=1 << 24))
    assert (refusal.value.name, refusal.value.value) == ("sampled", 1 << 24)


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        (header(Kind.ACK), TimeRequest(1), errors.KindError),
        (header(Kind.ACK), Ack(65_536, 0), errors.FieldRangeError),
        (header(Kind.ACK, -1), Ack(1, 0), errors.FieldRangeError),
        (header(Kind.ACK, (1 << 24) * 1000), Ack(1, 0), errors.FieldRangeError),
        (dataclasses.replace(header(Kind.ACK), incarnation=b"abc"), Ack(1, 0), errors.FieldRangeError),
        (dataclasses.replace(header(Kind.ACK), flags=Flag.AUTHENTICATED), Ack(1, 0), errors.FieldRangeError),
        (header(Kind.BOOT), Boot(0, 0, 0, 0, -1, 0), errors.FieldRangeError),  # type: ignore[arg-type]
        (header(Kind.LOG), Log(0, "x" * 256), errors.FieldRangeError),
        (header(Kind.LOG), Log(0, "x" * 220), errors.FrameLengthError),
        (header(Kind.IBI), Ibi((800,), (65_536,), (100,)), errors.FieldRangeError),
        (header(Kind.IBI), Ibi((700,), (800,), (100,)), errors.FieldRangeError),
        (header(Kind.IBI), Ibi((800,), (800,), (101,)), errors.FieldRangeError),
        (header(Kind.IBI), Ibi(*(tuple(range(800, 800 * 301, 800)),), (800,) * 300, (100,) * 300), errors.WireError),
        (header(Kind.HEART_RATE), HeartRate((5, 6), (960, 960)), errors.FieldRangeError),
        (header(Kind.HEART_RATE), HeartRate((0, -6), (960, 960)), errors.FieldRangeError),
        (header(0x1F), Unknown(bytes(222)), errors.FrameLengthError),
    ],
)
def test_encoding_refuses(head: Header, body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        codec.encode(head, body)  # type: ignore[arg-type]


def test_a_flight_check_is_read_from_any_argument():
    arg = Check.BATTERY | Check.LINK | Plan.SPARE << 5 | 14 << 7 | 63 << 13 | 9 << 19 | 12 << 23
    assert FlightCheck.of(arg) == FlightCheck(Check.BATTERY | Check.LINK, Plan.SPARE, 14, 63, 9, 12)
    assert FlightCheck.of(-1) == FlightCheck(Check(31), 3, 63, 63, 15, None)
    assert FlightCheck.of(0) == FlightCheck(Check(0), Plan.FULL, 0, 0, 0, 0)
