"""The hypnogram: one row per epoch, and its bytes, which are the same wherever they are made.

Probabilities are whole ten-thousandths that add up to one; their text is made by integer arithmetic, so that the file,
and hence its digest, depends on integers alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from .fixed import Ints

EPOCH_S = 30
WHOLE = 10_000  # the probabilities of a row add up to this
HEADER = "epoch,t_s,stage,p_wake,p_light,p_deep,p_rem"


class Stage(StrEnum):
    """In the order of the probability columns; UNKNOWN has none."""

    WAKE = "wake"
    LIGHT = "light"
    DEEP = "deep"
    REM = "rem"
    UNKNOWN = "unknown"


STAGES = tuple(Stage)
WAKE = STAGES.index(Stage.WAKE)
UNKNOWN = STAGES.index(Stage.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Hypnogram:
    """epoch, stage: (n,). epoch k begins 30 k seconds after t = 0; stage indexes `STAGES`. p: (n, 4) in 1/10000,
    columns wake, light, deep, rem."""

    epoch: Ints
    stage: Ints
    p: Ints

    def __len__(self) -> int:
        return len(self.epoch)

    def csv_bytes(self) -> bytes:
        """The hypnogram as CSV, lines ended by one newline."""
        lines = [HEADER]
        for epoch, stage, row in zip(self.epoch.tolist(), self.stage.tolist(), self.p.tolist(), strict=True):
            text = ",".join(f"{share // WHOLE}.{share % WHOLE:04d}" for share in row)
            lines.append(f"{epoch},{epoch * EPOCH_S},{STAGES[stage].value},{text}")
        return ("\n".join(lines) + "\n").encode("ascii")

    def digest(self) -> str:
        """SHA-256 of `csv_bytes`, 64 hex digits."""
        return hashlib.sha256(self.csv_bytes()).hexdigest()
