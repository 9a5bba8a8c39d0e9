"""The night in minutes: the quantities of a sleep report, from a hypnogram and the span of the night.

Definitions of the AASM manual (Iber et al. 2007; Berry et al. 2020), with lights-off and rise as `nights` found them.
Epochs that are `unknown` count as neither sleep nor wake, and their share is stated beside the figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .hypnogram import STAGES, UNKNOWN, WAKE, Hypnogram, Stage
from .intervals import expect
from .model import Model, shipped
from .nights import NightSpan

_REM = STAGES.index(Stage.REM)


@dataclass(frozen=True, slots=True)
class Summary:
    """Minutes, in halves. None where it cannot be said: no sleep, no REM, nothing decided.

    tib_min: time in bed, lights-off to rise. tst_min: total sleep time. sol_min: sleep onset latency, lights-off to the
    first epoch of sleep. waso_min: wake after that epoch. rem_latency_min: from that epoch to the first REM.
    se_percent: sleep efficiency, 100 TST / TIB as in `evensong.record`: unknown is not asleep. unknown_percent: of TIB.
    intervals_min: 90 % intervals, see `intervals`; undecided epochs count by their probabilities, so one may lie above.
    """

    tib_min: float
    tst_min: float
    sol_min: float | None
    waso_min: float | None
    rem_latency_min: float | None
    se_percent: float | None
    unknown_percent: float
    light_min: float
    deep_min: float
    rem_min: float
    intervals_min: dict[str, tuple[float, float]]


def summarise(hypnogram: Hypnogram, night: NightSpan, model: Model | None = None) -> Summary:
    """The summary of one night. model: the one that made the hypnogram, None for the shipped one."""
    first = int(hypnogram.epoch[0]) if len(hypnogram) else 0
    inside = slice(max(night.start_epoch - first, 0), max(night.end_epoch - first, 0))
    stage = hypnogram.stage[inside]
    widths = (model or shipped()).interval_widths_q8
    known = stage != UNKNOWN
    asleep = known & (stage != WAKE)
    minutes = {each: float((stage == i).sum()) / 2 for i, each in enumerate(STAGES)}
    onset = int(np.argmax(asleep)) if asleep.any() else None
    rem = np.flatnonzero(stage == _REM)
    tib = len(night.epochs)
    return Summary(
        tib_min=tib / 2,
        tst_min=float(asleep.sum()) / 2,
        sol_min=None if onset is None else onset / 2,
        waso_min=None if onset is None else float((stage[onset:] == WAKE).sum()) / 2,
        rem_latency_min=float(rem[0] - onset) / 2 if onset is not None and len(rem) else None,
        se_percent=round(100 * float(asleep.sum()) / tib, 1) if known.any() else None,
        unknown_percent=round(100 * (1 - float(known.sum()) / tib), 1) if tib else 100.0,
        light_min=minutes[Stage.LIGHT],
        deep_min=minutes[Stage.DEEP],
        rem_min=minutes[Stage.REM],
        intervals_min={name: each.interval(widths[name]) for name, each in expect(hypnogram.p[inside]).items()},
    )
