"""How far a night can be trusted: what was measured of it, and a verdict in words.

Findings are sentences for people and codes for programs. A night with none is `good`; `poor` where half of it or more
rests on nothing, or the model is unsure of most of what was measured; else `fair`. Shares are of the time in bed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from .fixed import Mask
from .hypnogram import Hypnogram
from .model import Model, shipped
from .nights import BRIDGED, NightSpan
from .rest import runs
from .series import BINS, Series

COMPLETE_PERCENT = 80  # of the night measured: what is missing then is no finding
HALF_PERCENT = 50
HARDLY_PERCENT = 10
GAP_EPOCHS = 40  # nothing measured for 20 minutes
OFF_EPOCHS = 10
UNSURE_PERCENT = (
    40  # of what was measured. Nights of the training: 12 to 33, one of 21 above; men with apnea (slpdb): 58 to 88
)
VERY_UNSURE_PERCENT = 60


class Verdict(StrEnum):
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Finding:
    """code: for programs, never changed. text: one sentence. grave: it alone makes a night `poor`."""

    code: str
    text: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """heart_percent, movement_percent: measured, of the time in bed. off_wrist_min, longest_gap_min: gap, of neither
    heart nor movement while worn. unsure_percent: below the model's threshold, of the epochs with a heart rate; None
    without any."""

    heart_percent: int
    movement_percent: int
    off_wrist_min: float
    longest_gap_min: float
    unsure_percent: int | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        if any(finding.grave for finding in self.findings):
            return Verdict.POOR
        return Verdict.FAIR if self.findings else Verdict.GOOD

    def as_json(self) -> dict[str, Any]:
        """As `evensong nights --json` has it."""
        return {
            "verdict": self.verdict.value,
            "heart_percent": self.heart_percent,
            "movement_percent": self.movement_percent,
            "off_wrist_min": self.off_wrist_min,
            "longest_gap_min": self.longest_gap_min,
            "unsure_percent": self.unsure_percent,
            "findings": [{"code": each.code, "text": each.text} for each in self.findings],
        }


def judge(series: Series, night: NightSpan, hypnogram: Hypnogram, model: Model | None = None) -> Quality:
    """The quality of one night of a series. hypnogram: of the whole series, by this model; None: the shipped one."""
    first = series.epochs.start
    inside = slice(night.start_epoch - first, night.end_epoch - first)
    heart: Mask = np.asarray(series.hr_known.reshape(-1, BINS).any(axis=1))
    silent: Mask = np.asarray(series.worn & ~heart & ~series.count_known)
    gaps = runs(silent[inside])
    longest = max((stop - start for start, stop in gaps), default=0)
    staged = heart[inside] & series.worn[inside]
    unsure: Mask = np.asarray(hypnogram.p[inside][staged].max(axis=1, initial=0) < (model or shipped()).threshold)
    quality = Quality(
        heart_percent=_percent(staged),
        movement_percent=_percent(series.count_known[inside]),
        off_wrist_min=float((~series.worn[inside]).sum()) / 2,
        longest_gap_min=longest / 2,
        unsure_percent=_percent(unsure) if len(unsure) else None,
        findings=(),
    )
    found = [*_missing(quality, len(night.epochs)), *_edges(series, night, silent)]
    if longest >= GAP_EPOCHS:
        found.append(Finding("gap", f"Nothing at all was measured for {longest / 2:g} minutes."))
    if quality.unsure_percent is not None and quality.unsure_percent >= UNSURE_PERCENT:
        text = f"The model is unsure in {quality.unsure_percent} % of what was measured: it learned from other nights."
        found.append(Finding("unlike", text, grave=quality.unsure_percent >= VERY_UNSURE_PERCENT))
    return replace(quality, findings=tuple(found))


def _missing(quality: Quality, epochs: int) -> list[Finding]:
    found = []
    heart, movement = quality.heart_percent, quality.movement_percent
    if not heart:
        found.append(Finding("no-heart", "No heart rate was measured: every epoch is unknown.", grave=True))
    elif heart < COMPLETE_PERCENT:
        text = f"Heart rate is missing in {100 - heart} % of the night, which is unknown there."
        found.append(Finding("little-heart", text, grave=heart < HALF_PERCENT))
    if movement < HARDLY_PERCENT:
        found.append(Finding("no-movement", "No movement signal: wake is uncertain."))
    elif movement < COMPLETE_PERCENT:
        found.append(
            Finding(
                "little-movement", f"Movement is missing in {100 - movement} % of the night: wake is uncertain there."
            )
        )
    off = 2 * quality.off_wrist_min
    if off >= OFF_EPOCHS:
        text = f"The wearable was off the wrist for {quality.off_wrist_min:g} minutes, which are unknown."
        found.append(Finding("off-wrist", text, grave=2 * off >= epochs))
    return found


def _edges(series: Series, night: NightSpan, silent: Mask) -> list[Finding]:
    """Ends that nobody saw: a void at a detected end, or shortly before the start, or the recording ends first."""
    found = []
    start, stop = night.start_epoch - series.epochs.start, night.end_epoch - series.epochs.start
    told_start, told_end = (
        night.how in ("events", "lights-off", "corrected"),
        night.how in ("events", "rise", "corrected"),
    )
    voids = [(first, last) for first, last in runs(silent) if last - first >= GAP_EPOCHS]
    if not told_start and any(last > start - BRIDGED and first < start + GAP_EPOCHS for first, last in voids):
        text = "Nothing was measured near the night's start: it may have begun at another time."
        found.append(Finding("start-unsure", text))
    if not told_end and any(last > stop - GAP_EPOCHS and first < stop + BRIDGED for first, last in voids):
        text = "Nothing was measured near the night's end: it may have ended at another time."
        found.append(Finding("end-unsure", text))
    if not night.risen:
        found.append(
            Finding("end-unseen", "The recording ends before half an hour out of bed: the night may have gone on.")
        )
    if not told_start and not start:
        found.append(Finding("start-unseen", "The recording begins at rest: the night may have begun earlier."))
    return found


def _percent(mask: Mask) -> int:
    return (200 * int(mask.sum()) + len(mask)) // (2 * len(mask)) if len(mask) else 0
