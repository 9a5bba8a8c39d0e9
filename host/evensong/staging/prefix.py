"""A recording as it was known at an instant: what the answers that do not wait for the morning may look at."""

from __future__ import annotations

from .fixed import Ints
from .intake import EPOCH_MS, Samples


def until(samples: Samples, stop_epoch: int) -> Samples:
    """What was measured before epoch `stop_epoch` begins; the last epoch is the one before it, measured or not.

    A count is measured when its epoch is over, and so is everything that it was counted from.
    """
    stop_ms = stop_epoch * EPOCH_MS
    span = samples.span_ms

    def before(rows: Ints, lasts_ms: int = 0) -> Ints:
        return rows[rows[:, 0] + lasts_ms < stop_ms]

    return Samples(
        heart_rate=before(samples.heart_rate),
        beats=before(samples.beats),
        activity=before(samples.activity, EPOCH_MS - 1),
        wear=before(samples.wear),
        events=before(samples.events),
        span_ms=None if span is None or span[0] >= stop_ms else (span[0], stop_ms - 1),
    )
