"""The live stager's model: bytes that wearable and hub read alike, and where they come from.

A JSON file: {"format", "version", "sha256": of the weights, "facts", "weights": base64}. What the weights mean is
written in `evensong_firmware.stager.network`; a wearable is given these very bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from evensong_firmware.stager.live import FEATURES, Live
from evensong_firmware.stager.network import CLASSES, MAGIC

from .model import ModelError

FORMAT = "evensong-student"
VERSION = 1
SHIPPED = "student.json"


@dataclass(frozen=True, slots=True)
class Student:
    """facts: "subjects" it was trained on, and JSON values for people."""

    weights: bytes
    facts: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of the weights."""
        return hashlib.sha256(self.weights).hexdigest()

    @property
    def subjects(self) -> frozenset[str]:
        """Names of the nights that it was trained on."""
        return frozenset(self.facts["subjects"])

    @property
    def threshold(self) -> int:
        """An epoch whose largest probability, in 1/10000, lies below this is not decided."""
        return self.weights[8] | self.weights[9] << 8

    def to_bytes(self) -> bytes:
        """The file."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "sha256": self.sha256,
            "facts": self.facts,
            "weights": base64.b64encode(self.weights).decode("ascii"),
        }
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def load(content: bytes) -> Student:
    """Parse a student's file. Raises ModelError."""
    try:
        document = json.loads(content)
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise ModelError(f"it is {document['format']} version {document['version']}, not {FORMAT} {VERSION}")
        student = Student(base64.b64decode(document["weights"], validate=True), document["facts"])
        if student.sha256 != document["sha256"]:
            raise ModelError("its weights do not have the hash that it states")
        Live(student.weights)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"it is damaged ({error})") from error
    return student


@cache
def shipped_student() -> Student:
    """The student that comes with Evensong."""
    return load(resources.files("evensong.staging").joinpath(SHIPPED).read_bytes())


def header(features: int, width: int, blocks: int, threshold: int, mean: list[int], scale: list[int]) -> bytes:
    """What comes before the layers in a student's weights; see `evensong_firmware.stager.network`."""
    start = bytes(MAGIC) + struct.pack("<4BH", features, width, blocks, CLASSES, threshold)
    return start + b"".join(struct.pack("<hH", *each) for each in zip(mean, scale, strict=True))


def untrained() -> bytes:
    """Weights with which a `Live` measures, for training, but says nothing of worth."""
    width = 1
    layers = bytes((FEATURES + 5) * width + (width + FEATURES + 5) * CLASSES)
    return header(int(FEATURES), width, 0, 0, [0] * FEATURES, [0] * FEATURES) + layers
