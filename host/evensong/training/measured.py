"""Labelled nights as the model sees them: features of a stretch of epochs, and which of these are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evensong.staging import NightSpan, find, lay_out
from evensong.staging.features import Features, measure
from evensong.training.corpus import LabelledNight

CONTEXT_EPOCHS = 120  # before lights-off and after rise: an hour, as a hub would have it too
# Epochs by which lights-off and rise are noted late, and whether rise is known yet: what a model must live with.
READINGS = (
    (0, 0, True), (0, 0, True), (0, 0, False), (-20, 0, False), (-40, 0, True), (40, 0, True), (-20, 20, True),
    (20, -20, True), (20, -40, True), (0, 40, True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """features: (n, 59) of consecutive epochs, as the product measures them; readings: as
    `READINGS` would have them. place: (m,) of the scored ones among them; stage, aasm: (m,) as in
    `LabelledNight`."""

    name: str
    subject: str
    features: Features
    readings: tuple[Features, ...]
    place: NDArray[np.int64]
    stage: NDArray[np.int64]
    aasm: NDArray[np.int64]


def measure_night(night: LabelledNight, notes: Sequence[tuple[int, int, bool]] = READINGS) -> Measured:
    """Measure a night against the span in which the product would find it. notes: () for a night that never trains."""
    series = lay_out(night.samples)
    whole = NightSpan(series.epochs.start, series.epochs.stop, "nothing found")
    span = next(iter(find(night.samples, series)), whole)
    first = max(min(span.start_epoch - CONTEXT_EPOCHS, int(night.epoch.min())), series.epochs.start)
    stop = min(max(span.end_epoch + CONTEXT_EPOCHS, int(night.epoch.max()) + 1), series.epochs.stop)
    place = np.clip(night.epoch - first, 0, stop - first - 1)

    def reading(late: int, later: int, risen: bool) -> Features:
        start = min(max(span.start_epoch + late, series.epochs.start), span.end_epoch - 1)
        end = min(max(span.end_epoch + later, start + 1), series.epochs.stop)
        features = measure(series, range(start, end), range(first, stop), risen=risen and span.risen)
        # Sums of floats depend on the order in memory, and what is trained shall not.
        return Features(np.ascontiguousarray(features.values), np.ascontiguousarray(features.known))

    readings = tuple(reading(*each) for each in notes)
    return Measured(night.name, night.subject, reading(0, 0, True), readings, place, night.stage, night.aasm)


def hidden(night: Measured, columns: NDArray[np.bool_]) -> Measured:
    """The night without these features, in whatever reading. columns: (59,)."""

    def without(features: Features) -> Features:
        return Features(np.where(columns, 0, features.values), features.known & ~columns)

    return replace(night, features=without(night.features), readings=tuple(map(without, night.readings)))
