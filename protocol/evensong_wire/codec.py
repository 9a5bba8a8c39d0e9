"""Frames to models and back. `construct` stops here: nothing that imports this module sees its containers.

`decode` takes bytes from the air. It raises nothing but `WireError`, ignores what follows the fields it knows, and
hands out kinds it does not know as `Unknown`. An authentication trailer is cut off and not checked; it stays in
`Frame.raw`.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from construct.core import ConstructError

from .errors import (
    CrcError,
    FieldRangeError,
    FrameLengthError,
    KindError,
    MajorVersionError,
    PayloadError,
    SealedError,
    WireError,
)
from .frames import CRC, HEADER, MAJOR, MAX_FRAME_BYTES, MAX_SEALED_BYTES, PAYLOADS, TRAILER, Flag, Kind
from .models import KIND_OF, Body, Frame, Header, Unknown
from .parse import Parser
from .reading import READERS
from .sealing import Direction
from .writing import MAX_PAYLOAD_BYTES, values_of

HEADER_BYTES = HEADER.sizeof()
TRAILER_BYTES = TRAILER.sizeof()
CRC_BYTES = CRC.sizeof()

_HEADER = Parser(HEADER)
_PARSERS = {int(kind): Parser(layout) for kind, layout in PAYLOADS.items()}


def encode(header: Header, body: Body) -> bytes:
    """A whole frame with its CRC, without COBS. Raises `WireError` for what a frame cannot carry; `cut` long sequences
    before."""
    if not isinstance(body, Unknown) and KIND_OF[type(body)] != header.kind:
        raise KindError(header.kind, type(body).__name__)
    if header.flags & (Flag.AUTHENTICATED | Flag.SEALED):
        raise FieldRangeError("flags", header.flags)
    payload = _payload_of(header.kind, body)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise FrameLengthError(HEADER_BYTES + len(payload) + CRC_BYTES)
    t_s, t_ms = divmod(header.time_ms, 1000)
    head = _build(
        HEADER,
        {
            "lead": MAJOR << 4 | header.flags,
            "kind": header.kind,
            "incarnation": header.incarnation,
            "boot_id": header.boot_id,
            "seq": header.seq,
            "t_s": t_s,
            "t_ms": t_ms,
        },
    )
    return sealed(head + payload)


def sealed(content: bytes) -> bytes:
    """`content` (header, payload, perhaps a trailer) with its CRC behind it."""
    return content + _build(CRC, {"crc32": crc32(content)})


def seal(raw: bytes, direction: Direction) -> bytes:
    """A whole frame, sealed for one connection, with a CRC of its own."""
    frame = bytearray(raw[:-CRC_BYTES]) + bytes(TRAILER_BYTES)
    return sealed(bytes(frame[: direction.seal(frame, len(raw) - CRC_BYTES)]))


def unsealed(raw: bytes, direction: Direction) -> tuple[bytes, int]:
    """What `seal` was given, and its length; of a sealed frame that is forged or replayed nothing, and why (`sealing`'s
    FORGED or REPLAYED). raw: with a right CRC."""
    frame = bytearray(raw[:-CRC_BYTES])
    n = direction.open(frame, len(frame))
    return (sealed(bytes(frame[:n])) if n > 0 else b""), n


def is_sealed(raw: bytes) -> bool:
    """raw: with a right CRC."""
    return raw[0] >> 4 == MAJOR and bool(raw[0] & Flag.SEALED)


def check(raw: bytes) -> None:
    """CrcError or FrameLengthError if these bytes are not those of one frame, sealed or not."""
    most = MAX_SEALED_BYTES if raw and raw[0] & Flag.SEALED else MAX_FRAME_BYTES
    if not HEADER_BYTES + CRC_BYTES <= len(raw) <= most:
        raise FrameLengthError(len(raw))
    stated = int.from_bytes(raw[-CRC_BYTES:], "little")
    computed = crc32(raw[:-CRC_BYTES])
    if stated != computed:
        raise CrcError(stated, computed)


def decode(raw: bytes) -> Frame:
    """The inverse of `encode`, for any bytes."""
    check(raw)
    if raw[0] >> 4 != MAJOR:
        raise MajorVersionError(raw[0] >> 4)
    if is_sealed(raw):
        raise SealedError
    head = _HEADER.parse(raw)
    if head.t_ms > 999:
        raise FieldRangeError("t_ms", head.t_ms)
    flags = Flag(head.lead & 0x0F)
    header = Header(head.kind, head.incarnation, head.boot_id, head.seq, head.t_s * 1000 + head.t_ms, flags)
    end = len(raw) - CRC_BYTES
    if flags & Flag.AUTHENTICATED:
        end -= TRAILER_BYTES
        if end < HEADER_BYTES:
            raise FrameLengthError(len(raw))
    return Frame(header, _body_of(head.kind, raw[HEADER_BYTES:end]), raw)


def _body_of(kind: int, payload: bytes) -> Body:
    if kind not in _PARSERS:
        return Unknown(payload)
    try:
        return READERS[Kind(kind)](_PARSERS[kind].parse(payload))
    except WireError:
        raise
    except ValueError as damage:
        raise PayloadError(kind, str(damage)) from None


def _payload_of(kind: int, body: Body) -> bytes:
    if isinstance(body, Unknown):
        return body.payload
    return _build(PAYLOADS[Kind(kind)], values_of(body))


def _build(layout: Any, values: dict[str, Any]) -> bytes:
    try:
        return bytes(layout.build(values))
    except ConstructError as wrong:
        name = (wrong.path or "").rsplit("-> ", 1)[-1]
        raise FieldRangeError(name, values.get(name)) from None
