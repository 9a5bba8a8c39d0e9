"""From a hypnogram to spans: nights, and the days between them. Pure; no journal, no clock.

Invariant: the spans of a stretch cover its epochs once, without a hole, so every sample lies in exactly one of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from evensong.record import MAX_EPOCHS, Bounds, BoundSource, Kind, Stage
from evensong.staging import EPOCH_MS, STAGES, Hypnogram, NightSpan, Samples
from evensong.staging.series import BINS, Series

from .ledger import Times

SETTLED_MS = 60 * 60_000  # so long after its end nothing is expected to change a night: shorter rests are bridged
GIVEN_UP_MS = 12 * 60 * 60_000  # of the hub's time without a word from the wearable
FRAME_LIMIT_MS = 15 * 60_000  # the firmware closes every frame within 10 minutes
MOST_COUNT = 1_000_000.0  # of an epoch; a wrist gets nowhere near it, a broken wearable may claim it
APART_MS = 12 * 60 * 60_000  # a silence that long parts what lies before it from what follows


@dataclass(frozen=True, slots=True)
class Span:
    kind: Kind
    first_epoch: int
    end_epoch: int
    bounds: Bounds


def stretches(times_ms: Times) -> list[tuple[int, int]]:
    """(first, last) sample time of each run of samples without a silence of `APART_MS`. times_ms: sorted."""
    if not len(times_ms):
        return []
    cuts = np.flatnonzero(np.diff(times_ms) >= APART_MS)
    starts, ends = np.concatenate(([0], cuts + 1)), np.concatenate((cuts, [len(times_ms) - 1]))
    return [(int(times_ms[a]), int(times_ms[b])) for a, b in zip(starts, ends, strict=True)]


def clip(samples: Samples, first_ms: int, last_ms: int) -> Samples:
    """What was measured from first to last, and in what state the wear was before. Recording time, ms."""

    def within(rows: Times) -> Times:
        kept: Times = rows[(rows[:, 0] >= first_ms) & (rows[:, 0] <= last_ms)]
        return kept

    before = samples.wear[samples.wear[:, 0] < first_ms][-1:]
    return replace(
        samples,
        heart_rate=within(samples.heart_rate),
        beats=within(samples.beats),
        activity=within(samples.activity),
        wear=np.concatenate((before, within(samples.wear))),
        events=within(samples.events),
        span_ms=(first_ms, last_ms),
    )


def cut(epochs: range, nights: list[NightSpan], *, complete: bool) -> list[Span]:
    """Nights and days over these epochs. complete: no more is expected at the end."""
    end_source = BoundSource.RECORDING if complete else BoundSource.SO_FAR
    spans: list[Span] = []
    at, source = epochs.start, BoundSource.RECORDING
    for night in nights:
        start = max(night.start_epoch, at)
        stop = min(night.end_epoch, epochs.stop, start + MAX_EPOCHS)
        if stop <= start:
            continue
        begins = BoundSource.WEARER if night.how in ("events", "lights-off") else BoundSource.DETECTED
        if night.how in ("events", "rise"):
            ends = BoundSource.WEARER
        elif stop == epochs.stop:
            ends = end_source
        else:
            ends = BoundSource.LIMIT if stop < night.end_epoch else BoundSource.DETECTED
        spans += _days(at, start, source, begins)
        spans.append(Span(Kind.NIGHT, start, stop, Bounds(start=begins, end=ends)))
        at, source = stop, ends
    return spans + _days(at, epochs.stop, source, end_source)


def _days(start: int, stop: int, begins: BoundSource, ends: BoundSource) -> list[Span]:
    spans: list[Span] = []
    while start < stop:
        until = min(stop, start + MAX_EPOCHS)
        bounds = Bounds(start=begins, end=ends if until == stop else BoundSource.LIMIT)
        spans.append(Span(Kind.DAY, start, until, bounds))
        start, begins = until, BoundSource.LIMIT
    return spans


def is_final(span: Span, *, last_sample_ms: int, heard_ms: int, silent_ms: int) -> bool:
    """Whether a span is complete as far as one can know. Recording time, ms.

    It is if samples go on for `SETTLED_MS` behind it, or if the wearable spoke so long after its last sample (it is
    off the wrist, or the recording ended), or if nothing was heard from it for `GIVEN_UP_MS`: a wearable out of reach
    may be recording the rest of this night. A night that its wearer ended is complete with the frames then open.
    """
    end_ms = span.end_epoch * EPOCH_MS
    settled_ms = FRAME_LIMIT_MS if span.bounds.end is BoundSource.WEARER else SETTLED_MS
    heard_behind_ms = heard_ms - min(end_ms, last_sample_ms)
    samples_behind_ms = last_sample_ms - end_ms
    return (
        samples_behind_ms >= settled_ms
        or heard_ms - last_sample_ms >= SETTLED_MS
        or silent_ms >= GIVEN_UP_MS
        or (span.bounds.end is BoundSource.WEARER and heard_behind_ms >= settled_ms)
    )


@dataclass(frozen=True, slots=True)
class PerEpoch:
    """What a document shows for each epoch; equally long."""

    stages: tuple[Stage, ...]
    p: tuple[tuple[int, int, int, int] | None, ...]
    heart_rate_bpm: tuple[float | None, ...]
    activity_count: tuple[float | None, ...]


def per_epoch(span: Span, hypnogram: Hypnogram, series: Series) -> PerEpoch:
    """The arrays of one span. A day is not staged; where it has no measurement, it says so."""
    first = series.epochs.start
    rows = slice(span.first_epoch - first, span.end_epoch - first)
    n = span.end_epoch - span.first_epoch
    measured = series.measured.reshape(-1, BINS)[rows]
    total = np.where(measured, series.hr_q8.reshape(-1, BINS)[rows], 0).sum(axis=1)
    number = measured.sum(axis=1)
    heart = [round(t / (256 * k), 1) if k else None for t, k in zip(total.tolist(), number.tolist(), strict=True)]
    known, counts = series.count_known[rows].tolist(), series.count_q8[rows].tolist()
    activity = [min(round(c / 256, 2), MOST_COUNT) if k else None for c, k in zip(counts, known, strict=True)]
    if span.kind is Kind.DAY:
        return PerEpoch((Stage.NOT_NIGHT,) * n, (None,) * n, tuple(heart), tuple(activity))
    stages = tuple(Stage(STAGES[i].value) for i in hypnogram.stage[rows].tolist())
    p = tuple((a, b, c, d) for a, b, c, d in ((hypnogram.p[rows] + 5) // 10).tolist())
    return PerEpoch(stages, p, tuple(heart), tuple(activity))


def input_sha256(samples: Samples) -> str:
    """Digest of what the stager was given: every column as little-endian int64, in the order of the fields."""
    sha = hashlib.sha256()
    for rows in (samples.heart_rate, samples.beats, samples.activity, samples.wear, samples.events):
        sha.update(f"{rows.shape}\n".encode())
        sha.update(np.ascontiguousarray(rows).astype("<i8").tobytes())
    return sha.hexdigest()
