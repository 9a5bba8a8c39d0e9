"""Staging of a recording, or of what has come of it so far: samples in, hypnogram out, integers all the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import corrections as overlays
from . import nights
from .corrections import Correction
from .features import measure
from .fixed import Ints, Mask
from .hypnogram import UNKNOWN, WAKE, Hypnogram
from .intake import Samples
from .model import Model, shipped
from .series import BINS, Series, lay_out


@dataclass(frozen=True, slots=True)
class Staged:
    """A recording's hypnogram, its nights, and the series that both rest on."""

    hypnogram: Hypnogram
    nights: list[nights.NightSpan]
    series: Series


def stage(
    samples: Samples, *, abstain: bool = True, model: Model | None = None, spans: list[nights.NightSpan] | None = None
) -> Hypnogram:
    """Stage every epoch from the first to the last sample.

    abstain: True says `unknown` outside the night, where no heart rate was measured within 30 s, and where the largest
    probability lies below the model's threshold; False takes the most probable stage everywhere, whatever it rests on.
    Off the wrist it is `wake` then, for it is never sleep. model: None for the shipped one. spans: the nights, if a
    person has said when they were.
    """
    model = model or shipped()
    series = lay_out(samples)
    found = nights.find(samples, series) if spans is None else spans
    probabilities = _probabilities(series, found, model)
    decided = np.argmax(probabilities, axis=1)
    if abstain:
        decided[~_may_decide(series, found) | (probabilities.max(axis=1) < model.threshold)] = UNKNOWN
    decided[~series.worn] = UNKNOWN if abstain else WAKE
    return Hypnogram(np.arange(series.epochs.start, series.epochs.stop), decided, probabilities)


def corrected(
    samples: Samples, corrections: Sequence[Correction], *, abstain: bool = True, model: Model | None = None
) -> Staged:
    """A recording as its wearer has it; without corrections as `stage` and `nights.find` do.

    Raises:
        CorrectionsError: they do not fit the recording.
    """
    overlaid = overlays.overlay(samples, corrections)
    series = lay_out(overlaid)
    spans = overlays.spans(nights.find(overlaid, series), corrections, series.epochs)
    hypnogram = stage(overlaid, abstain=abstain, model=model, spans=spans)
    return Staged(overlays.stages(hypnogram, corrections, spans), spans, series)


def _probabilities(series: Series, found: list[nights.NightSpan], model: Model) -> Ints:
    """Each epoch is seen from the night nearest to it; without a night, from the whole recording."""
    if not series.epochs:
        return np.zeros((0, 4), np.int64)
    spans = found or [nights.NightSpan(series.epochs.start, series.epochs.stop, "nothing found")]
    borders = [(one.end_epoch + two.start_epoch) // 2 for one, two in pairwise(spans)]
    edges = [series.epochs.start, *borders, series.epochs.stop]
    parts = [
        model.probabilities(measure(series, span.epochs, range(*edge), risen=span.risen))
        for span, edge in zip(spans, pairwise(edges), strict=True)
    ]
    return np.concatenate(parts)


def _may_decide(series: Series, found: list[nights.NightSpan]) -> Mask:
    inside = np.zeros(len(series.epochs), bool)
    for span in found:
        inside[span.start_epoch - series.epochs.start : span.end_epoch - series.epochs.start] = True
    heart = series.hr_known.reshape(-1, BINS).any(axis=1)
    return inside & heart
