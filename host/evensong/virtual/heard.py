"""What a wearable made of a heart: the beats it told beside those that were in the light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.hub.journal import Journal
from evensong.recordings.ppg_beats import VOUCHED
from evensong.recordings.ppg_synth import steepest_ms
from evensong_wire import codec, frames
from evensong_wire.models import Ibi

Integers = npt.NDArray[np.int64]
NEAR_MS = 50


@dataclass(frozen=True)
class Heard:
    """beats: that were there; found: those that were told, within 50 ms; vouched: that the wearable vouches for; right:
    those of them within 50 ms of one that was there."""

    beats: int
    found: int
    vouched: int
    right: int


def heard(journal: Path, beat_ms: Integers) -> Heard:
    """beat_ms: when the heart beat, device time of the only boot, in order."""
    told = _told(journal)
    vouched = told[told[:, 1] >= VOUCHED]
    true_ms = beat_ms + round(steepest_ms())
    return Heard(
        beats=len(true_ms),
        found=_near(true_ms, told[:, 0]),
        vouched=len(vouched),
        right=_near(vouched[:, 0], true_ms),
    )


def _told(path: Path) -> Integers:
    """Shape (n, 2): time and quality of each beat."""
    with Journal.open(path, read_only=True) as journal:
        query = "SELECT raw FROM frame WHERE kind = ? ORDER BY time_ms"
        found = [codec.decode(raw) for (raw,) in journal.db.execute(query, (int(frames.Kind.IBI),))]
    rows = [
        (frame.header.time_ms + offset_ms, quality)
        for frame in found
        if isinstance(body := frame.body, Ibi)
        for offset_ms, quality in zip(body.offset_ms, body.quality, strict=True)
    ]
    return np.array(rows, np.int64).reshape(-1, 2)


def _near(these_ms: Integers, those_ms: Integers) -> int:
    """How many of these have one of those near. Those are in order."""
    if not len(those_ms):
        return 0
    i = np.searchsorted(those_ms, these_ms)
    before, behind = those_ms[np.maximum(i - 1, 0)], those_ms[np.minimum(i, len(those_ms) - 1)]
    return int((np.minimum(np.abs(these_ms - before), np.abs(behind - these_ms)) <= NEAR_MS).sum())
