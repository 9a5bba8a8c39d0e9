"""When was the night? From the wearer's own events if there are any, else from stillness and a slow heart.

Event LIGHTS_OFF begins a night; the next RISE ends it, or, without one, the end of the recording or the next night.
Without any event the night is detected: see `detect`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evensong_wire.frames import EventCode

from . import fixed
from .fixed import Ints, Mask
from .intake import EPOCH_MS, Samples
from .series import BINS, Series

MERGE_EPOCHS = 120  # rest that is interrupted for less than an hour is one night
LEAST_EPOCHS = 120  # less than an hour of rest is no night
LONGEST_EPOCHS = 16 * 120  # a night without a RISE ends here at the latest
_STILL_EPOCHS = 41
_HEART_BINS = 40 * BINS


@dataclass(frozen=True, slots=True)
class NightSpan:
    """start_epoch: lights-off; end_epoch: the first epoch after rise. how: `events`, `lights-off` or `detected`."""

    start_epoch: int
    end_epoch: int
    how: str

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
                spans.append(NightSpan(start, stop, "events" if code == EventCode.RISE else "lights-off"))
            start = None
        if code == EventCode.LIGHTS_OFF and start is None:
            start = epoch
    return spans


def detect(series: Series) -> list[NightSpan]:
    """Rest by movement and heart rate, in integers.

    An epoch is restful if the 20-minute mean of log2(1 + count) lies in the lower part of the recording's range, or, where
    counts are missing, the 20-minute mean heart rate does. Interruptions below `MERGE_EPOCHS` are bridged; the longest
    span is the night, if it lasts `LEAST_EPOCHS`.
    """
    n = len(series.epochs)
    rest = _restful(series)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rest, [False])).astype(np.int8)))
    bouts = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= _STILL_EPOCHS // 2]
    merged: list[tuple[int, int]] = []
    for start, stop in bouts:
        if merged and start - merged[-1][1] < MERGE_EPOCHS:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    if not n or not merged:
        return []
    start, stop = max(merged, key=lambda bout: bout[1] - bout[0])
    if stop - start < LEAST_EPOCHS:
        return []
    return [NightSpan(series.epochs.start + start, series.epochs.start + stop, "detected")]


def _restful(series: Series) -> Mask:
    n = len(series.epochs)
    place = np.arange(n)
    stir, moved_known = _mean(fixed.log2(series.count_q8 + 256), series.count_known, place, _STILL_EPOCHS)
    heart, heart_known = _mean(series.hr_q8, series.hr_known, BINS * place + BINS // 2, _HEART_BINS)
    still = moved_known & (stir <= _lower_part(stir[moved_known]))
    slow = heart_known & (heart <= _lower_part(heart[heart_known]))
    return np.where(moved_known, still & (slow | ~heart_known), slow)


def _lower_part(values: Ints) -> int:
    if not len(values):
        return 0
    low, high = fixed.quantile(values, 1, 20), fixed.quantile(values, 19, 20)
    return low + int(fixed.round_div((high - low) * 2, 5))


def _mean(values: Ints, known: Mask, centre: Ints, width: int) -> tuple[Ints, Mask]:
    total = np.concatenate(([0], np.cumsum(np.where(known, values, 0))))
    number = np.concatenate(([0], np.cumsum(known)))
    low = np.clip(centre - width // 2, 0, len(values))
    high = np.clip(centre + (width + 1) // 2, 0, len(values))
    count = number[high] - number[low]
    return fixed.round_div(total[high] - total[low], np.maximum(count, 1)), count > 0
