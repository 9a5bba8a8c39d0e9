"""Writes docs/frames.md: the wire as tables, from the construct definitions and the comments beside them."""

from __future__ import annotations

import inspect
import re
from enum import IntEnum, IntFlag

from construct import Struct

from . import frames, gatt, ibi_coding, sealing, series_coding
from .frames import CRC, FIRST_UNNUMBERED, HEADER, MAX_FRAME_BYTES, PAYLOADS, TRAILER, Kind
from .layout import fields_of

_CODES: dict[str, type[IntEnum | IntFlag]] = {
    "Flags": frames.Flag,
    "Wear": frames.Wear,
    "Reset causes": frames.ResetCause,
    "Events": frames.EventCode,
    "Sensors": frames.Sensor,
    "Faults of a sensor": frames.Fault,
    "Commands": frames.CommandCode,
    "Power states": frames.PowerState,
    "Plans": frames.Plan,
    "Who decided a plan": frames.PlanBy,
    "Checks": frames.Check,
    "Why an alarm rang": frames.Ring,
    "Refusals": frames.Refused,
    "Capabilities": frames.Capability,
}
_SOURCE = inspect.getsource(frames).splitlines()


def _comment_above(pattern: str) -> str:
    """The comment lines directly above the source line that matches."""
    at = next(i for i, line in enumerate(_SOURCE) if re.search(pattern, line))
    words: list[str] = []
    while at and (found := re.fullmatch(r"\s*# (.*)", _SOURCE[at - 1])):
        words.insert(0, found[1])
        at -= 1
    return " ".join(words)


def _comment_beside(name: str, after: str) -> str:
    """The comment at the end of the first line that defines field `name` behind the line that matches `after`."""
    start = next(i for i, line in enumerate(_SOURCE) if re.search(after, line))
    for line in _SOURCE[start:]:
        if re.search(rf'"{name}"', line):
            found = re.search(r"  # (.*)", line)
            return found[1].replace("|", "\\|") if found else ""
    return ""


def _table(struct: Struct, after: str) -> list[str]:
    fields = fields_of(struct)
    lines = ["| offset | field | type | |", "|---|---|---|---|"]
    at: int | None = 0
    for field in fields:
        remark = _comment_beside(field.name, after) if len(fields) > 1 else ""
        if field.clamped:
            remark = "; ".join(filter(None, [remark, "saturates"]))
        lines.append(f"| {'' if at is None else at} | `{field.name}` | {field.type_name} | {remark} |")
        at = at + field.size if at is not None and field.size else None
    return [*lines, ""]


def _prose(docstring: str | None) -> list[str]:
    return [*inspect.cleandoc(docstring or "").splitlines(), ""]


def frames_md() -> str:
    """The text of docs/frames.md."""
    lines = [
        "<!-- GENERATED from protocol/evensong_wire by `python -m evensong_wire.emit`; change it there. -->",
        f"# The wire, version {frames.MAJOR}.{frames.MINOR}",
        "",
        *_prose(frames.__doc__),
        f"A frame has at most {MAX_FRAME_BYTES} bytes: header, payload, trailer if authenticated, CRC. Packed (a zero",
        "byte, its COBS encoding, a zero byte) it has 3 more. Over BLE the packed bytes flow through service",
        f"`{gatt.SERVICE}`: device to hub as notifications of",
        f"`{gatt.FRAMES}`, hub to device as writes to",
        f"`{gatt.CONTROL}`, cut at the ATT MTU - 3.",
        "",
        "## Header",
        "",
        *_table(HEADER, "^HEADER"),
        "## Trailer",
        "",
        _comment_beside("nonce", "^TRAILER")[:1].upper() + _comment_beside("nonce", "^TRAILER")[1:] + ".",
        "",
        *_table(TRAILER, "^CRC"),
        "## CRC",
        "",
        _comment_beside("crc32", "^CRC") + ".",
        "",
        *_table(CRC, "^PAYLOADS"),
    ]
    for kind in Kind:
        numbered = "numbered" if kind < FIRST_UNNUMBERED else "within one connection"
        lines += [f"## 0x{kind:02x} {kind.name} ({numbered})", ""]
        pattern = rf"^    Kind\.{kind.name}: Struct"
        if above := _comment_above(pattern):
            lines += [above, ""]
        lines += _table(PAYLOADS[kind], pattern)
    lines += ["## Codes", ""]
    for title, codes in _CODES.items():
        lines.append(f"{title}: " + ", ".join(f"{int(code)} `{code.name}`" for code in codes) + ".")
        lines.append("")
    lines += ["## Sealed frames", "", *_prose(sealing.__doc__)]
    lines += ["## Coding of IBIs", "", *_prose(ibi_coding.__doc__)]
    lines += ["## Coding of the other sequences", "", *_prose(series_coding.__doc__)]
    return "\n".join(lines).rstrip() + "\n"
