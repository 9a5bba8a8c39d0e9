"""Sleep staging: pure integers, from frames to a hypnogram. No clock, no chance, no files but the shipped model.

    samples = gather(frames, boots)
    hypnogram = stage(samples)
    hypnogram.csv_bytes(), hypnogram.digest()

What it is not: a diagnosis. It knows heart rate and wrist movement, and says `unknown` where these do not tell.
"""

from __future__ import annotations

from .corrections import Correction, CorrectionsError
from .hypnogram import STAGES, Hypnogram, Stage
from .intake import EPOCH_MS, Samples, gather
from .model import Model, ModelError, load, shipped
from .nights import NightSpan, find
from .quality import Quality, judge
from .series import lay_out
from .stage import Staged, corrected, stage
from .summary import Summary, summarise

__all__ = [
    "EPOCH_MS", "STAGES", "Correction", "CorrectionsError", "Hypnogram", "Model", "ModelError", "NightSpan", "Quality",
    "Samples", "Stage", "Staged", "Summary", "corrected", "find", "gather", "judge", "lay_out", "load", "shipped",
    "stage", "summarise",
]  # fmt: skip
