"""Labelled nights as the live stager meets them: its features, epoch by epoch, from its own code."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evensong.staging import Samples
from evensong.staging.live import feed
from evensong.staging.student import untrained
from evensong.training.corpus import LabelledNight
from evensong_firmware.stager import heart
from evensong_firmware.stager.live import FEATURES, TIME_FEATURES, Live, put_time

LATE_MS = 285_000  # how far the shared counts were smoothed into the future
NOTED_LATE = (0, 0, -20, 40)  # epochs by which lights-off is noted late in what a student is trained on
_TIME = FEATURES - TIME_FEATURES

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stream:
    """features: (n, FEATURES) Q10. known: (n, 3) the heart, movement, any movement in the last hour. since: (n,) epochs
    since lights-off, as the stager saw it then."""

    features: Ints
    known: NDArray[np.bool_]
    since: Ints

    def standardised(self, mean: Ints, scale: Ints, noted_late: int = 0) -> Ints:
        """(n, FEATURES) in Q5, as `evensong_firmware.stager.layer.standardise` makes them."""
        features = self.features.copy()
        if noted_late:
            features[:, _TIME:] = _TIMES[np.clip(self.since - noted_late, 0, len(_TIMES) - 1)]
        off = np.clip(features - mean, -8191, 8191)
        x: Ints = np.clip((off * scale + 8192) >> 14, -127, 127)
        x[~self.known[:, 0], : heart.FEATURES] = 0
        x[~self.known[:, 1], heart.FEATURES : _TIME] = 0
        return x


@dataclass(frozen=True, slots=True)
class Streamed:
    """as_counted: the night as it is. late: its counts come `LATE_MS` later. place: (m,) of the scored epochs in it;
    stage, aasm: (m,) as in `LabelledNight`."""

    name: str
    subject: str
    as_counted: Stream
    late: Stream
    place: Ints
    stage: Ints
    aasm: Ints


def stream_night(night: LabelledNight) -> Streamed:
    """Run the live stager's measurement over a night, twice."""
    samples = night.samples
    later = samples.activity.copy()
    later[:, 0] += LATE_MS
    epochs = samples.epochs
    place = np.clip(night.epoch - epochs.start, 0, len(epochs) - 1)
    streams = (stream(samples), stream(replace(samples, activity=later)))
    return Streamed(night.name, night.subject, *streams, place, night.stage, night.aasm)


def stream(samples: Samples) -> Stream:
    """What the live stager measures in a recording, epoch by epoch."""
    live = Live(untrained())
    features, known, since = [], [], []
    for count_q8, worn in feed(live, samples):
        features.append(tuple(live.measure(count_q8, worn)))
        known.append(live.known)
        since.append(live.bed.since)
    return Stream(np.array(features, np.int64), np.array(known, np.bool_), np.array(since, np.int64))


def _times() -> Ints:
    rows = []
    for since in range(12 * 120 + 1):
        out = [0] * TIME_FEATURES
        put_time(since, out, 0)
        rows.append(out)
    return np.array(rows, np.int64)


_TIMES = _times()
