"""The settled answer: what the whole-night model says of an epoch ten minutes after its end.

Every `EVERY` epochs the recording is cut, as if nothing had been measured since, and staged; what was ten minutes old
then is settled. So an epoch is seen from a point 5.5 to 10 minutes after its end, and measured against the part of the
night until then: no row ever changes, whatever comes later, even if nothing does.
"""

from __future__ import annotations

import numpy as np

from .hypnogram import UNKNOWN, Hypnogram
from .intake import Samples
from .model import Model, shipped
from .prefix import until
from .stage import stage

LOOK_AHEAD = 20  # epochs, at most
EVERY = 10


def stage_settled(samples: Samples, *, abstain: bool = True, model: Model | None = None) -> Hypnogram:
    """Stage every epoch with nothing measured later than ten minutes after its end. Arguments as in `stage`."""
    model = model or shipped()
    epochs = samples.epochs
    decided = np.full(len(epochs), UNKNOWN)
    p = np.zeros((len(epochs), 4), np.int64)
    for rows, cut in cuts(epochs):
        part = stage(until(samples, cut), abstain=abstain, model=model)
        taken = slice(rows.start - epochs.start, rows.stop - epochs.start)
        decided[taken], p[taken] = (column[taken] for column in (part.stage, part.p))
    return Hypnogram(np.arange(epochs.start, epochs.stop), decided, p)


def cuts(epochs: range) -> list[tuple[range, int]]:
    """(rows, cut): these epochs are staged from what lies before epoch `cut`, a multiple of `EVERY`."""
    found: list[tuple[range, int]] = []
    first = epochs.start
    while first < epochs.stop:
        cut = (first + 1 + LOOK_AHEAD) // EVERY * EVERY
        stop = min(cut + EVERY - LOOK_AHEAD - 1, epochs.stop)  # the first that may look at the next cut
        found.append((range(first, stop), cut))
        first = stop
    return found
