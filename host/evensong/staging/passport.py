"""A hypnogram's passport: what it was made from, with what, and how to make it again.

It holds hashes and settings, no time and no folder, so the same staging writes the same passport. It proves nothing by
itself - anyone can write one - but it names everything that someone else needs to restage and compare the bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .corrections import Correction, CorrectionsError, of_json
from .hypnogram import Hypnogram
from .intake import Samples

FORMAT = "evensong-passport"
VERSION = 1
SUFFIX = ".passport.json"
MOST_BYTES = 1 << 16
_HASH = re.compile("[0-9a-f]{64}")
_QUOTED = 60  # characters of a file's line in a sentence


class PassportError(Exception):
    """The bytes are no passport that this version can read; the message says why."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """One file of a recording as it was read. name: without folders."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Passport:
    """hypnogram_sha256: of the CSV's bytes. samples_sha256: of what was measured, however it was divided into files.
    model_sha256: of the arrays, as `Model.sha256`. answer: final, settled or live. evensong: version. reproduce: the
    command. corrections: by the wearer, whole, so that no other file is needed; the file names them if there are any.
    """

    hypnogram_sha256: str
    epochs: int
    recording: tuple[RecordingFile, ...]
    samples_sha256: str
    model_sha256: str
    answer: str
    abstain: bool
    evensong: str
    reproduce: str
    corrections: tuple[Correction, ...] = ()

    def to_bytes(self) -> bytes:
        """The file: JSON with sorted keys."""
        parameters: dict[str, Any] = {"answer": self.answer, "abstain": self.abstain}
        if self.corrections:
            parameters["corrections"] = [each.as_json() for each in self.corrections]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "hypnogram": {"sha256": self.hypnogram_sha256, "epochs": self.epochs},
            "recording": {
                "files": [{"name": f.name, "bytes": f.size_bytes, "sha256": f.sha256} for f in self.recording],
                "samples_sha256": self.samples_sha256,
            },
            "model": {"sha256": self.model_sha256},
            "parameters": parameters,
            "evensong": self.evensong,
            "reproduce": self.reproduce,
        }
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def parse(content: bytes) -> Passport:
    """Raises PassportError."""
    if len(content) > MOST_BYTES:
        raise PassportError(f"it is longer than {MOST_BYTES >> 10} KB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise PassportError("it is not JSON, or cut off") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise PassportError(f"it does not say that its format is {FORMAT}")
    if document.get("version") != VERSION:
        raise PassportError(f"this version reads passports of version {VERSION}, which it is not")
    files = _at(document, list, "recording", "files")
    return Passport(
        hypnogram_sha256=_hash(document, "hypnogram", "sha256"),
        epochs=_at(document, int, "hypnogram", "epochs"),
        recording=tuple(
            RecordingFile(_at(file, str, "name"), _at(file, int, "bytes"), _hash(file, "sha256")) for file in files
        ),
        samples_sha256=_hash(document, "recording", "samples_sha256"),
        model_sha256=_hash(document, "model", "sha256"),
        answer=_at(document, str, "parameters", "answer"),
        abstain=_at(document, bool, "parameters", "abstain"),
        evensong=_at(document, str, "evensong"),
        reproduce=_at(document, str, "reproduce"),
        corrections=_corrections(_at(document, dict, "parameters")),
    )


def samples_sha256(samples: Samples) -> str:
    """Hash of what was measured: the same for frames in another order, and for the parts of a recording joined."""
    sha = hashlib.sha256()
    for field in fields(samples):
        value = getattr(samples, field.name)
        if isinstance(value, np.ndarray):
            sha.update(f"{field.name} {value.shape}\n".encode())
            sha.update(value.astype("<i8").tobytes())
        else:
            sha.update(f"{field.name} {value}\n".encode())
    return sha.hexdigest()


def first_difference(file: bytes, restaged: Hypnogram) -> str:
    """Where a hypnogram file first departs from a restaged one, as the end of a sentence; empty if nowhere."""
    expected = restaged.csv_bytes()
    if file == expected:
        return ""
    theirs, ours = (content.decode("ascii", "backslashreplace").split("\n") for content in (file, expected))
    row = next((i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), min(len(theirs), len(ours)))
    found, due = (_quoted(lines, row) for lines in (theirs, ours))
    if row == 0:
        return f"in the line of column names: it has {found} instead of {due}"
    if row <= len(restaged):
        return f"first at epoch {int(restaged.epoch[row - 1])} (line {row + 1}): it has {found} instead of {due}"
    return f"after the last epoch (line {row + 1}): it has {found} instead of {due}"


def _quoted(lines: Sequence[str], row: int) -> str:
    if row >= len(lines) or not lines[row]:
        return "nothing"
    return ascii(lines[row][:_QUOTED])


def _at(document: object, kind: type, *path: str) -> Any:
    value = document
    for key in path:
        if not isinstance(value, dict) or key not in value:
            raise PassportError(f"it has no {'.'.join(path)}")
        value = value[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise PassportError(f"its {'.'.join(path)} is not {_KINDS[kind]}")
    return value


def _corrections(parameters: dict[str, Any]) -> tuple[Correction, ...]:
    try:
        return of_json(parameters.get("corrections", []))
    except CorrectionsError as error:
        raise PassportError(f"its parameters hold corrections that make no sense: {error}") from None


def _hash(document: object, *path: str) -> str:
    value: str = _at(document, str, *path)
    if not _HASH.fullmatch(value):
        raise PassportError(f"its {'.'.join(path)} is not 64 hexadecimal digits")
    return value


_KINDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}
