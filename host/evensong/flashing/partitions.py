"""The partition table of an ESP32's flash, as ESP-IDF lays it out, read and written.

After ESP-IDF's "Partition Tables": from 0x8000, entries of 32 bytes - AA 50, type, subtype, offset, size, label (16),
flags - then EB EB, 14 times FF and the MD5 of all entries, then FF.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

TABLE_OFFSET = 0x8000
TABLE_BYTES = 0xC00
APP, DATA = 0, 1
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC, _MD5_MAGIC = b"\xaa\x50", b"\xeb\xeb"


@dataclass(frozen=True, slots=True)
class Partition:
    """offset, size: bytes. kind: APP or DATA."""

    kind: int
    subtype: int
    offset: int
    size: int
    label: str
    flags: int = 0


def read(table: bytes) -> list[Partition]:
    """Raises ValueError if this is no table, or a damaged one."""
    found: list[Partition] = []
    for at in range(0, min(len(table), TABLE_BYTES) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, subtype, offset, size, label, flags = _ENTRY.unpack_from(table, at)
        if magic == _MD5_MAGIC:
            if table[at + 16 : at + 32] != hashlib.md5(table[:at], usedforsecurity=False).digest():
                raise ValueError("the partition table's MD5 is wrong")
            break
        if magic != _MAGIC:
            break
        found.append(Partition(kind, subtype, offset, size, label.rstrip(b"\0").decode("ascii", "replace"), flags))
    if not found:
        raise ValueError("there is no partition table")
    return found


def write(partitions: list[Partition]) -> bytes:
    """TABLE_BYTES bytes."""
    table = b"".join(
        _ENTRY.pack(_MAGIC, part.kind, part.subtype, part.offset, part.size, part.label.encode(), part.flags)
        for part in partitions
    )
    table += _MD5_MAGIC + b"\xff" * 14 + hashlib.md5(table, usedforsecurity=False).digest()
    return table.ljust(TABLE_BYTES, b"\xff")
