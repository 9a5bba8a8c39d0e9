"""A construct Struct as a plain list of fields: what `emit` writes MicroPython and tables from, and where limits of
fields are read off. Only a whitelist of constructs is understood; anything else raises `NotEmittable`, so that a
frame cannot be defined that the firmware would write differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from construct import Bytes, BytesInteger, FormatField, GreedyBytes, Int8ul, Prefixed, Renamed, Struct

from .frames import is_clamped

_INTEGERS = {"B": (1, False), "b": (1, True), "H": (2, False), "h": (2, True), "L": (4, False), "l": (4, True)}


class NotEmittable(TypeError):
    """A construct that no generator knows."""


@dataclass(frozen=True, slots=True)
class Field:
    """shape: "int", "bytes" (fixed size), "text" (length byte first, at most 255) or "rest" (up to the payload's end).
    size: bytes, 0 if not fixed. clamped: saturates instead of raising."""

    name: str
    shape: str
    size: int = 0
    signed: bool = False
    clamped: bool = False

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest value of an integer field."""
        bits = 8 * self.size
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if self.signed else (0, (1 << bits) - 1)

    @property
    def type_name(self) -> str:
        match self.shape:
            case "int":
                return f"{'i' if self.signed else 'u'}{8 * self.size}"
            case "bytes":
                return f"{self.size} bytes"
            case "text":
                return "u8 length, bytes"
        return "bytes to the end"


def fields_of(struct: Struct) -> list[Field]:
    """Of a Struct of named, whitelisted constructs, in order."""
    return [_field(subcon) for subcon in struct.subcons]


def _field(subcon: Any) -> Field:
    if type(subcon) is not Renamed:
        raise NotEmittable(f"a field without a name: {subcon!r}")
    name, inner = subcon.name, subcon.subcon
    clamped = is_clamped(name)
    if type(inner) is FormatField and inner.fmtstr[0] in "<B" and inner.fmtstr[-1] in _INTEGERS:
        size, signed = _INTEGERS[inner.fmtstr[-1]]
        if size > 1 and inner.fmtstr[0] != "<":
            raise NotEmittable(f"{name} is not little endian")
        return Field(name, "int", size, signed, clamped)
    if type(inner) is BytesInteger and inner.swapped is True and isinstance(inner.length, int):
        return Field(name, "int", inner.length, bool(inner.signed), clamped)
    if clamped:
        raise NotEmittable(f"{name} is clamped, but no integer")
    if type(inner) is Bytes and isinstance(inner.length, int):
        return Field(name, "bytes", inner.length)
    if inner is GreedyBytes:
        return Field(name, "rest")
    if type(inner) is Prefixed and inner.lengthfield is Int8ul and inner.subcon is GreedyBytes:
        return Field(name, "text")
    raise NotEmittable(f"{name}: {inner!r}")
