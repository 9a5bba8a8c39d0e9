"""A recording that lies in several files, as one: what was split can be joined, in any order, at any frame.

Nothing is copied or written. Files belong together if one wearable made them and no boot starts at two places in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evensong.errors import InputError
from evensong_wire.models import Frame

from .container import read


def read_together(paths: Iterable[Path]) -> tuple[list[Frame], dict[tuple[bytes, int], int], list[str]]:
    """Frames of all files, where each boot starts in ms of the timeline, and a sentence for each damage.

    Raises:
        InputError: a file is no recording, or the files do not belong together.
    """
    frames: list[Frame] = []
    starts: dict[tuple[bytes, int], int] = {}
    damage: list[str] = []
    wearables: dict[bytes, Path] = {}
    for path in paths:
        recording = read(path)
        header = recording.header
        wearables.setdefault(header.device_id, path)
        if len(wearables) > 1:
            one, other = wearables.values()
            raise InputError(f"{one} and {other} come from two wearables: stage them one by one.")
        for boot, starts_ms in header.starts().items():
            if starts.setdefault(boot, starts_ms) != starts_ms:
                raise InputError(f"{path} places boot {boot[1]} elsewhere in time than the file before it: they are no "
                                 "parts of one recording, so stage them one by one.")  # fmt: skip
        frames += recording.frames
        damage += recording.damage
    return frames, starts, damage
