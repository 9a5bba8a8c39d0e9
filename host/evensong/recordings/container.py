"""`*.evr`: one line of JSON that says where a recording comes from, then the wearable's byte stream, untouched.

See "A recording" in docs/architecture.md. Invariants: a file cut off anywhere behind its first line still yields every
whole frame, damage in the middle costs the frames it hit and is told, and a file that is being written appears under
its name only when it is complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from evensong.errors import InputError
from evensong.whole_file import whole
from evensong_wire.models import Frame
from evensong_wire.stream import Stream, pack

FORMAT = "evensong-recording"
VERSION = 1
MAX_HEADER_BYTES = 1 << 20
MADE_FROM_OTHERS = frozenset({"csv", "mmash", "sleep-accel", "slpdb", "synthetic"})  # sources that make it again
_CHUNK_BYTES = 1 << 20
_FURTHEST_MS = 10**15  # 30,000 years: nothing means more, and integers made of it cannot overflow


@dataclass(frozen=True, slots=True)
class BootStart:
    """One boot on the wearable's timeline. incarnation: 4 bytes. starts_ms: timeline time of its device time 0."""

    incarnation: bytes
    boot_id: int
    starts_ms: int


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """device_id: 8 bytes. source: kind of origin, e.g. `sleep-accel`, `hub`. repairs: what an importer had to mend."""

    device_id: bytes
    source: str
    source_id: str | None
    synthetic: bool
    utc_at_zero_ms: int | None
    citation: str | None
    boots: tuple[BootStart, ...]
    repairs: tuple[str, ...] = ()

    def starts(self) -> dict[tuple[bytes, int], int]:
        """Return {(incarnation, boot id): timeline ms of that boot's device time 0}."""
        return {(boot.incarnation, boot.boot_id): boot.starts_ms for boot in self.boots}


@dataclass(frozen=True, slots=True)
class Recording:
    """frames: every whole frame, in file order. damage: a sentence for each thing that is wrong with the file."""

    header: RecordingHeader
    frames: tuple[Frame, ...]
    damage: tuple[str, ...] = ()


def read(path: Path) -> Recording:
    """Return what a recording holds.

    Raises:
        InputError: there is no such file, or its first line is not a recording's.
    """
    stream = Stream()
    frames: list[Frame] = []
    last = b"\0"
    try:
        with path.open("rb") as file:
            header = _header(path, file)
            while chunk := file.read(_CHUNK_BYTES):
                frames += stream.feed(chunk)
                last = chunk[-1:]
    except OSError as error:
        raise _unreadable(path, error) from None
    return Recording(header, tuple(frames), tuple(_damage(path, stream, header, frames, cut=last != b"\0")))


def write(path: Path, header: RecordingHeader, raws: Iterable[bytes]) -> int:
    """Write a recording of these frames (their `Frame.raw`); return how many they were.

    Raises:
        InputError: the file cannot be written. Then there is none, or the one from before.
    """
    count = 0
    with writing(path, header) as put:
        for raw in raws:
            put(raw)
            count += 1
    return count


@contextmanager
def writing(path: Path, header: RecordingHeader) -> Iterator[Callable[[bytes], None]]:
    """Yield a function that appends one frame's raw bytes; the file takes its name if the block ends without error.

    Raises:
        InputError: the file cannot be written. Then there is none, or the one from before.
    """
    with whole(path, "recording", lambda there: _may_be_replaced(there, header)) as file:
        file.write(json.dumps(_to_json(header), ensure_ascii=False).encode() + b"\n")
        yield lambda raw: _append(file, raw)


def held(path: Path) -> RecordingHeader | None:
    """The first line of the recording at a path; None if there is nothing, or no recording."""
    try:
        with path.open("rb") as file:
            return _header(path, file)
    except (OSError, InputError):
        return None


def _may_be_replaced(path: Path, header: RecordingHeader) -> bool:
    """False if it is no recording. InputError: it is one that nobody could make again."""
    there = held(path)
    if there is None:
        return False
    if there.source not in MADE_FROM_OTHERS and there.device_id != header.device_id:
        raise InputError(
            f"{path} is what wearable {there.device_id.hex()} recorded, so it is left alone: name another file."
        )
    return True


def _append(file: BinaryIO, raw: bytes) -> None:
    file.write(pack(raw))


def _unreadable(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"There is no recording {path}: check the name, or make one with `evensong import`.")
    if isinstance(error, IsADirectoryError):
        return InputError(f"{path} is a folder: name a recording in it, a file such as night.evr.")
    return InputError(f"{path} cannot be read: {error.strerror or error}.")


def _no_recording(path: Path, line: bytes) -> InputError:
    """What a file is that does not begin as a recording does, as far as its first line tells."""
    if not line:
        return InputError(f"{path} is empty: take another copy, or make the recording again.")
    if FORMAT.encode() in line:
        return InputError(
            f"{path} is a recording whose first line is damaged, and without it nothing can be placed in time: "
            "take another copy."
        )
    text = line.decode("ascii", "replace").strip()
    if "," in text and text.isascii() and text.isprintable() and not text.startswith("{"):
        return InputError(f"{path} is a table, no recording: `evensong import csv` makes one of tables.")
    return InputError(f"{path} is no recording: it does not begin with the line of one, so it is something else.")


def _to_json(header: RecordingHeader) -> dict[str, Any]:
    boots = [
        {"incarnation": boot.incarnation.hex(), "boot_id": boot.boot_id, "starts_ms": boot.starts_ms}
        for boot in header.boots
    ]
    line: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "device_id": header.device_id.hex(),
        "source": header.source,
        "source_id": header.source_id,
        "synthetic": header.synthetic,
        "utc_at_zero_ms": header.utc_at_zero_ms,
        "citation": header.citation,
        "boots": boots,
    }
    if header.repairs:
        line["repairs"] = list(header.repairs)
    return line


def _header(path: Path, file: BinaryIO) -> RecordingHeader:
    line = file.readline(MAX_HEADER_BYTES)
    try:
        fields = json.loads(line)
        if not line.endswith(b"\n") or not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ValueError("no recording")
        version = fields.get("version")
        if isinstance(version, int) and version > VERSION:
            raise InputError(
                f"{path} is a recording of version {version}, this Evensong reads up to {VERSION}: install a newer one."
            )
        return _from_json(fields)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_recording(path, line) from None


def _from_json(fields: dict[str, Any]) -> RecordingHeader:
    boots = tuple(
        BootStart(_hex(boot["incarnation"], 4), _typed(boot["boot_id"], int), _time_ms(boot["starts_ms"]))
        for boot in _typed(fields["boots"], list)
    )
    return RecordingHeader(
        device_id=_hex(fields["device_id"], 8),
        source=_typed(fields["source"], str),
        source_id=_optional(fields.get("source_id"), str),
        synthetic=_typed(fields["synthetic"], bool),
        utc_at_zero_ms=_optional(fields.get("utc_at_zero_ms"), int),
        citation=_optional(fields.get("citation"), str),
        boots=boots,
        repairs=tuple(_typed(sentence, str) for sentence in _typed(fields.get("repairs", []), list)),
    )


def _hex(text: object, length: int) -> bytes:
    found = bytes.fromhex(_typed(text, str))
    if len(found) != length:
        raise ValueError("of another length")
    return found


def _time_ms(value: object) -> int:
    found = _typed(value, int)
    if abs(found) > _FURTHEST_MS:
        raise ValueError("beyond all time")
    return found


T = TypeVar("T")


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError("of another type")
    return value


def _optional(value: object, kind: type[T]) -> T | None:
    return None if value is None else _typed(value, kind)


def _damage(path: Path, stream: Stream, header: RecordingHeader, frames: list[Frame], *, cut: bool) -> Iterator[str]:
    if cut:
        yield f"{path.name} ends in the middle of a frame; all before it was read."
    broken = stream.bad_cobs + stream.bad_crc + stream.oversize
    if broken:
        yield f"{path.name}: {broken} frame{'s' if broken > 1 else ''} damaged and left out."
    if stream.unparsable:
        whole = f"{stream.unparsable} whole frame{'s' if stream.unparsable > 1 else ''}"
        yield f"{path.name}: {whole} left out that this version cannot read: install a newer one."
    numbers: dict[tuple[bytes, int], set[int]] = {}
    for frame in frames:
        if frame.header.numbered:
            numbers.setdefault((frame.header.incarnation, frame.header.boot_id), set()).add(frame.header.seq)
    placed = header.starts()
    for (incarnation, boot_id), seqs in numbers.items():
        if (incarnation, boot_id) not in placed:
            yield f"{path.name}: {len(seqs)} frames of boot {boot_id} have no place in time: the first line lacks it."
        missing = max(seqs) - min(seqs) + 1 - len(seqs)
        if missing:
            first = next(seq for seq in range(min(seqs), max(seqs)) if seq not in seqs)
            what = "1 numbered frame" if missing == 1 else f"{missing} numbered frames"
            yield f"{path.name}: {what} of boot {boot_id} missing, the first is number {first}."
