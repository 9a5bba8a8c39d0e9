"""Labelled nights as the model sees them: features of a stretch of epochs, and which of these are scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evensong.staging import find, lay_out
from evensong.staging.features import Features, measure
from evensong.training.corpus import LabelledNight

CONTEXT_EPOCHS = 120  # before lights-off and after rise: an hour, as a hub would have it too


@dataclass(frozen=True, slots=True)
class Measured:
    """features: (n, 57) of consecutive epochs. place: (m,) of the scored ones among them; stage, aasm: (m,) as in
    `LabelledNight`."""

    name: str
    subject: str
    features: Features
    place: NDArray[np.int64]
    stage: NDArray[np.int64]
    aasm: NDArray[np.int64]


def measure_night(night: LabelledNight) -> Measured:
    """Measure a night against the span in which the product would find it."""
    series = lay_out(night.samples)
    spans = find(night.samples, series)
    span = spans[0].epochs if spans else series.epochs
    first = max(min(span.start - CONTEXT_EPOCHS, int(night.epoch.min())), series.epochs.start)
    stop = min(max(span.stop + CONTEXT_EPOCHS, int(night.epoch.max()) + 1), series.epochs.stop)
    place = np.clip(night.epoch - first, 0, stop - first - 1)
    features = measure(series, span, range(first, stop))
    return Measured(night.name, night.subject, features, place, night.stage, night.aasm)
