"""The live answer: the wearable's own stager, fed with a recording in the order in which it was measured.

The code that gives it is `evensong_firmware.stager`, so a hub says of an epoch, to the bit, what the wearable said when
it ended. A sample at the very end of an epoch belongs to the next; a count belongs to the epoch in which its counting
ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evensong_firmware.stager.live import Live
from evensong_wire.frames import EventCode

from .fixed import Ints, Mask
from .hypnogram import WAKE, Hypnogram
from .intake import EPOCH_MS, Samples
from .series import BIN_MS, BINS, worn_bins
from .student import Student, shipped_student


def stage_live(samples: Samples, *, abstain: bool = True, student: Student | None = None) -> Hypnogram:
    """Stage every epoch with nothing that was measured later than its end.

    abstain: True says `unknown` where the wearable does, see `evensong_firmware.stager.live`; False takes the most
    probable stage, and `wake` off the wrist. student: None for the shipped one.
    """
    live = Live((student or shipped_student()).weights)
    stages, p = [], []
    for count_q8, worn in feed(live, samples):
        stage = live.step(count_q8, worn)
        forced = live.likeliest if worn else WAKE
        stages.append(stage if abstain else forced)
        p.append(tuple(live.p))
    epochs = samples.epochs
    return Hypnogram(
        np.arange(epochs.start, epochs.stop), np.array(stages, np.int64), np.array(p, np.int64).reshape(-1, 4)
    )


def feed(live: Live, samples: Samples) -> Iterator[tuple[int, bool]]:
    """For each epoch, give `live` its beats, readings and button, then yield what its step takes: count and worn."""
    epochs = samples.epochs
    edges_ms = EPOCH_MS * np.arange(epochs.start, epochs.stop + 1, dtype=np.int64)
    bins_worn = worn_bins(samples.wear, edges_ms[0] + BIN_MS * np.arange(BINS * len(epochs) + 1, dtype=np.int64))
    worn: Mask = np.asarray(bins_worn.reshape(-1, BINS).all(axis=1))
    counts = _counts(samples.activity, epochs)
    events = samples.events.copy()
    events[:, 0] = np.maximum(events[:, 0], edges_ms[0])  # what was said before anything was measured
    parts = [
        np.split(rows, np.searchsorted(rows[:, 0], edges_ms))[1:-1]
        for rows in (events, samples.beats, samples.heart_rate)
    ]
    for i, (said, beats, readings) in enumerate(zip(*parts, strict=True)):
        for _, code, _ in said.tolist():
            if code == EventCode.LIGHTS_OFF:
                live.lights_off()
            elif code == EventCode.RISE:
                live.rise()
        start_ms = int(edges_ms[i])
        for t_ms, ibi_ms, quality in beats.tolist():
            live.rates.beat((t_ms - start_ms) // BIN_MS, ibi_ms, quality)
        for t_ms, hr_q4 in readings.tolist():
            live.rates.reading((t_ms - start_ms) // BIN_MS, hr_q4)
        yield int(counts[i]), bool(worn[i])


def _counts(activity: Ints, epochs: range) -> Ints:
    """Per epoch the largest count that ended in it, -1 for none."""
    counts = np.full(len(epochs), -1, np.int64)
    place = (activity[:, 0] + 2 * EPOCH_MS - 1) // EPOCH_MS - 1 - epochs.start
    there = (place >= 0) & (place < len(epochs))
    np.maximum.at(counts, place[there], activity[there, 1])
    return counts
