"""Writes the firmware's `wire.py`: constants, writers that allocate nothing, and a reader for what a hub says.

MicroPython's struct.pack wraps values that do not fit, so every writer checks its ranges: a clamped field saturates,
any other raises ValueError. A 32-bit unsigned field is passed and read as two 16-bit halves, high half first, because
such a number is a big integer on a 32-bit MicroPython; a signed one may use 31 of its bits.
"""

from __future__ import annotations

import textwrap
from enum import IntEnum, IntFlag

from construct import Struct

from . import frames, gatt
from .firmware_core import CORE
from .frames import CRC, HEADER, MAX_FRAME_BYTES, MAX_SEALED_BYTES, PAYLOADS, TRAILER, Kind
from .layout import Field, NotEmittable, fields_of

_ENUMERATIONS: dict[str, type[IntEnum | IntFlag]] = {
    "KIND": frames.Kind,
    "FLAG": frames.Flag,
    "WEAR": frames.Wear,
    "RESET": frames.ResetCause,
    "EVENT": frames.EventCode,
    "SENSOR": frames.Sensor,
    "FAULT": frames.Fault,
    "COMMAND": frames.CommandCode,
    "POWER": frames.PowerState,
    "PLAN": frames.Plan,
    "PLAN_BY": frames.PlanBy,
    "CHECK": frames.Check,
    "RING": frames.Ring,
    "REFUSED": frames.Refused,
    "CAPABILITY": frames.Capability,
}
_INTEGER_WRITERS = {
    (1, False): "_u8",
    (1, True): "_i8",
    (2, False): "_u16",
    (2, True): "_i16",
    (3, False): "_u24",
    (4, True): "_i32",
}
_SAID_BY_HUB = (Kind.HUB_HELLO, Kind.ACK, Kind.TIME_REPLY, Kind.RESUME_FROM, Kind.COMMAND, Kind.PROOF)
_SAID_BY_DEVICE = tuple(kind for kind in Kind if kind not in _SAID_BY_HUB)


def _constants() -> list[str]:
    lines = [
        f"MAJOR = {frames.MAJOR}",
        f"MINOR = {frames.MINOR}",
        f"MAX_FRAME_BYTES = {MAX_FRAME_BYTES}",
        f"MAX_SEALED_BYTES = {MAX_SEALED_BYTES}",
        f"MAX_PACKED_BYTES = {MAX_SEALED_BYTES + 3}",
        f"HEADER_BYTES = {HEADER.sizeof()}",
        f"TRAILER_BYTES = {TRAILER.sizeof()}",
        f"CRC_BYTES = {CRC.sizeof()}",
        f"PAYLOAD_LIMIT = {MAX_FRAME_BYTES - CRC.sizeof()}  # offset that no payload may pass",
        f"BOOT_LIMIT = {frames.BOOT_LIMIT}",
        f"FIRST_UNNUMBERED = {frames.FIRST_UNNUMBERED}",
        f"UNCERTAINTY_UNKNOWN_S = {frames.UNCERTAINTY_UNKNOWN_S}",
        "",
        f'SERVICE_UUID = "{gatt.SERVICE}"',
        f'FRAMES_UUID = "{gatt.FRAMES}"',
        f'CONTROL_UUID = "{gatt.CONTROL}"',
        f"ATT_OVERHEAD_BYTES = {gatt.ATT_OVERHEAD_BYTES}",
        f"MIN_ATT_MTU = {gatt.MIN_ATT_MTU}",
        f"PREFERRED_ATT_MTU = {gatt.PREFERRED_ATT_MTU}",
    ]
    for prefix, codes in _ENUMERATIONS.items():
        lines.append("")
        lines += [f"{prefix}_{code.name} = {int(code)}" for code in codes]
    return lines


def _arguments(fields: list[Field]) -> list[str]:
    names: list[str] = []
    for field in fields:
        if field.shape == "int" and field.size == 4 and not field.signed:
            names += [f"{field.name}_high", f"{field.name}_low"]
        elif field.shape != "rest":
            names.append(field.name)
    return names


def _put_field(field: Field) -> list[str]:
    """Statements that write one field at `at` and move `at` behind it."""
    name = field.name
    match field.shape:
        case "bytes":
            return [f"    at = _bytes(buffer, at, {name}, {field.size})"]
        case "text":
            return [f"    at = _text(buffer, at, {name})"]
        case "rest":
            return []
    if field.clamped:
        low, high = field.limits
        name = f"min(max({name}, {low}), {high})"
    if field.size == 4 and not field.signed:
        return [f"    at = _u16(buffer, at, {name}_low)", f"    at = _u16(buffer, at, {name}_high)"]
    if (field.size, field.signed) not in _INTEGER_WRITERS:
        raise NotEmittable(f"{field.name}: no writer for {field.type_name}")
    return [f"    at = {_INTEGER_WRITERS[field.size, field.signed]}(buffer, at, {name})"]


def _writer(name: str, struct: Struct, purpose: str) -> list[str]:
    fields = fields_of(struct)
    arguments = ", ".join(["buffer", "at", *_arguments(fields)])
    signature = textwrap.wrap(f"def {name}({arguments}):", 110, subsequent_indent="    ", break_long_words=False)
    lines = [*signature, f'    """{purpose}"""']
    for field in fields:
        lines += _put_field(field)
    return [*lines, "    return at", "", ""]


def _getter(name: str, field: Field, at: int) -> list[str]:
    """Functions that read one field of a frame in `buffer`."""
    match field.shape, field.size, field.signed:
        case "bytes", size, _:
            body = [f"    return bytes(buffer[{at}:{at + size}])"]
        case "text", _, _:
            body = [f"    return bytes(buffer[{at + 1}:{at + 1} + buffer[{at}]])"]
        case "int", 1, False:
            body = [f"    return buffer[{at}]"]
        case "int", 2, False:
            body = [f"    return buffer[{at}] | buffer[{at + 1}] << 8"]
        case "int", 3, False:
            body = [f"    return buffer[{at}] | buffer[{at + 1}] << 8 | buffer[{at + 2}] << 16"]
        case "int", 4, False:
            half = Field(field.name, "int", 2)
            return _getter(f"{name}_low", half, at) + _getter(f"{name}_high", half, at + 2)
        case _:
            raise NotEmittable(f"{field.name}: no reader for {field.type_name}")
    return [f"def {name}(buffer):", *body, "", ""]


def _getters(prefix: str, struct: Struct, at: int) -> list[str]:
    lines: list[str] = []
    for field in fields_of(struct):
        lines += _getter(f"{prefix}_{field.name}", field, at)
        at += field.size
    return lines


def _complete() -> list[str]:
    """is_complete(): does a received frame hold all the fields that the getters read?"""
    lines = [
        "def is_complete(buffer, length):",
        '    """True if a frame that is_frame() accepts is of a kind this side reads, and holds its fields."""',
        "    end = length - CRC_BYTES - (TRAILER_BYTES if buffer[0] & FLAG_AUTHENTICATED else 0)",
        "    kind = buffer[1]",
    ]
    for kind in _SAID_BY_HUB:
        fields = fields_of(PAYLOADS[kind])
        least = HEADER.sizeof() + sum(field.size for field in fields)
        condition = f"end >= {least}"
        if fields[-1].shape == "text":
            condition = f"end >= {least + 1} and end >= {least + 1} + buffer[{least}]"
        lines += [f"    if kind == KIND_{kind.name}:", f"        return {condition}"]
    return [*lines, "    return False", "", ""]


def firmware_wire() -> str:
    """The text of wire.py."""
    lines = [
        '"""GENERATED from protocol/evensong_wire by `python -m evensong_wire.emit`; change it there.',
        "",
        "Frames for MicroPython: begin() and one put_...() write into the caller's buffer and return the offset behind",
        "what they wrote, finish() adds the CRC, cobs() packs for any transport, Receiver is the way back. Kinds with",
        "a coded sequence: put_...() writes what stands before it; ibi_coding and series_coding write the rest from",
        "the offset that it returns. 32-bit fields are two 16-bit halves. Nothing here allocates, but for getters that",
        "return bytes; no integer reaches 2^30.",
        '"""',
        "",
        "from array import array",
        "",
        *_constants(),
        "",
        CORE,
    ]
    header = fields_of(HEADER)
    lines += [
        f"def begin(buffer, flags, {', '.join(_arguments(header[1:]))}):",
        '    """The header; incarnation is 4 bytes. Returns where the payload begins."""',
        "    if not 0 <= flags <= 15 or not 0 <= t_ms <= 999:",
        '        raise ValueError("out of range")',
        "    at = _u8(buffer, 0, MAJOR << 4 | flags)",
    ]
    for field in header[1:]:
        lines += _put_field(field)
    lines += ["    return at", "", ""]
    for kind in _SAID_BY_DEVICE:
        lines += _writer(f"put_{kind.name.lower()}", PAYLOADS[kind], f"The fields of {kind.name}.")
    lines += _getters("header", HEADER, 0)
    for kind in _SAID_BY_HUB:
        lines += _getters(kind.name.lower(), PAYLOADS[kind], HEADER.sizeof())
    lines += _complete()
    return "\n".join(lines).rstrip() + "\n"
