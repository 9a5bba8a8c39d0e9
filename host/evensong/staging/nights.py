"""When was the night? From the wearer's own events if there are any, else from stillness and a slow heart.

Event LIGHTS_OFF begins a night; the next RISE ends it, or, without one, the end of the recording or the next night.
Without any event the night is detected: see `detect`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evensong_wire.frames import EventCode

from . import fixed
from .features import MOVED_Q10
from .fixed import Ints
from .intake import EPOCH_MS, Samples
from .series import BINS, Series

LEAST_EPOCHS = 120  # less than an hour of rest is no night
UP_EPOCHS = 60  # a detected night has ended if half an hour without rest follows
LONGEST_EPOCHS = 16 * 120  # a night without a RISE ends here at the latest


@dataclass(frozen=True, slots=True)
class NightSpan:
    """start_epoch: lights-off; end_epoch: the first epoch after rise. how: `events`, `lights-off` or `detected`.

    risen: False while the end is only the last that is known of a night.
    """

    start_epoch: int
    end_epoch: int
    how: str
    risen: bool = False

    @property
    def epochs(self) -> range:
        return range(self.start_epoch, self.end_epoch)


def find(samples: Samples, series: Series) -> list[NightSpan]:
    """The nights of a recording, in order, without overlap."""
    told = _told(samples.events, series.epochs)
    return told or detect(series)


def _told(events: Ints, epochs: range) -> list[NightSpan]:
    spans: list[NightSpan] = []
    start: int | None = None
    for t_ms, code, _ in [*events.tolist(), (epochs.stop * EPOCH_MS, -1, 0)]:
        at_end = code == -1
        epoch = min(
            max(-(-t_ms // EPOCH_MS) if code == EventCode.RISE else t_ms // EPOCH_MS, epochs.start), epochs.stop
        )
        if start is not None and (at_end or code == EventCode.RISE or epoch - start >= LONGEST_EPOCHS):
            stop = min(epoch, start + LONGEST_EPOCHS)
            if stop > start:
                risen = code == EventCode.RISE
                spans.append(NightSpan(start, stop, "events" if risen else "lights-off", risen))
            start = None
        if code == EventCode.LIGHTS_OFF and start is None:
            start = epoch
    return spans


def detect(series: Series) -> list[NightSpan]:
    """The main night: the stretch of epochs that holds the most evidence of rest, if it lasts `LEAST_EPOCHS`.

    Evidence of an epoch: 1/3 if it holds no movement, -2/3 if it does; up to 1/2 for a slow heart and down to -1/2 for
    a fast one, against the recording's own range; nothing where nothing was measured. An interruption is bridged if
    there is more evidence of rest behind it than of unrest in it.
    """
    evidence = _evidence(series)
    if not len(evidence):
        return []
    running = np.concatenate(([0], np.cumsum(evidence)))
    stop = int(np.argmax(running - np.minimum.accumulate(running)))
    start = int(stop - np.argmin(running[stop::-1]))  # the latest of equal starts
    if stop - start < LEAST_EPOCHS:
        return []
    up = stop <= len(series.epochs) - UP_EPOCHS
    return [NightSpan(series.epochs.start + start, series.epochs.start + stop, "detected", up)]


def _evidence(series: Series) -> Ints:
    """Sixths of a rest epoch, in Q10."""
    moved = fixed.log2(series.count_q8 + 256) - (8 << fixed.LOG_Q) > MOVED_Q10
    movement = np.where(series.count_known, np.where(moved, -4 << 10, 2 << 10), 0)
    known = series.hr_known.reshape(-1, BINS)
    number = known.sum(axis=1)
    total = np.where(known, series.hr_q8.reshape(-1, BINS), 0).sum(axis=1)
    rate = fixed.round_div(total, np.maximum(number, 1))
    if not (number > 0).any():
        return movement
    low, high = (fixed.quantile(rate[number > 0], part, 20) for part in (1, 19))
    middle = low + fixed.round_div(2 * (high - low), 5)
    slowness = fixed.round_div((middle - rate) * (10 << 10), max(high - low, 1))
    return movement + np.where(number > 0, np.clip(slowness, -3 << 10, 3 << 10), 0)
