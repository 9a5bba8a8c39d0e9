"""Samples into the frames that a wearable would have sent, and back.

The cut is the firmware's: a frame is closed when it is full or covers ten minutes, and frames are numbered in the order
in which they were closed. Everything lies in one boot whose device time is recording time plus a multiple of 30 s. The
same samples of the same source always give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evensong.errors import InputError
from evensong.recordings.container import BootStart, Recording, RecordingHeader, write
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Integers, Samples
from evensong_wire.cut import FrameWriter, cut
from evensong_wire.frames import BOOT_LIMIT, EPOCH_MS, UNCERTAINTY_UNKNOWN_S, UTC_UNKNOWN_S, EventCode, ResetCause
from evensong_wire.models import Activity, Body, Boot, Ema, Event, HeartRate, Ibi, Status, WearChange

LONGEST_FRAME_MS = 600_000
BOOT_ID = 1
MOST_SAMPLES = (1 << 24) - 1  # that a status frame can count


@dataclass(frozen=True, slots=True)
class Source:
    """Where samples come from. name: `sleep-accel`, `csv`, ...; ident: subject, record, file."""

    name: str
    ident: str
    citation: str | None
    synthetic: bool = False


class _Closed(NamedTuple):
    """A body with the device time of its frame and the one at which the frame was closed."""

    closed_ms: int
    time_ms: int
    body: Body


def write_samples(path: Path, samples: Samples, source: Source, repairs: Repairs) -> int:
    """Write samples as a recording; return its number of frames.

    Raises:
        InputError: there is nothing to write, it is longer than a boot can be, or the file cannot be written.
    """
    header, raws = record(samples, source, repairs)
    return write(path, header, raws)


def record(samples: Samples, source: Source, repairs: Iterable[str] = ()) -> tuple[RecordingHeader, list[bytes]]:
    """Return the header and the raw frames of a recording.

    Raises:
        InputError: there is nothing to record, or it is longer than a boot can be.
    """
    first_ms, last_ms = samples.first_ms, samples.last_ms
    if first_ms is None or last_ms is None or not samples.total:
        raise InputError(f"{source.name} {source.ident} holds no samples.")
    bias_ms = max(0, -(first_ms // EPOCH_MS) * EPOCH_MS)
    if (last_ms + bias_ms) // 1000 >= BOOT_LIMIT or samples.total > MOST_SAMPLES:
        raise InputError(
            f"{source.name} {source.ident} reaches from {first_ms / 1000:.0f} s to {last_ms / 1000:.0f} s with "
            f"{samples.total} samples, more than one recording holds: times count from 0 near the start of the night."
        )
    incarnation = _fingerprint(samples, source)[:4]
    device_id = hashlib.sha256(f"evensong {source.name} {source.ident}".encode()).digest()[:8]
    bodies = _frames(samples, bias_ms, last_ms + bias_ms)
    frames = FrameWriter(incarnation, BOOT_ID)
    raws = [raw for _, time_ms, body in bodies for raw in frames.write(time_ms, body)]
    header = RecordingHeader(
        device_id=device_id,
        source=source.name,
        source_id=source.ident,
        synthetic=source.synthetic,
        utc_at_zero_ms=None,
        citation=source.citation,
        boots=(BootStart(incarnation, BOOT_ID, 0),),
        repairs=tuple(repairs),
    )
    return header, raws


def _fingerprint(samples: Samples, source: Source) -> bytes:
    # Two tables of the same name must not be taken for repeats of the same frames.
    digest = hashlib.sha256(f"{source.name} {source.ident}".encode())
    for column in (
        *(samples.heart_ms, samples.hr_q4, samples.beat_ms, samples.ibi_ms, samples.quality),
        *(samples.epoch, samples.count_q8),
    ):
        digest.update(np.ascontiguousarray(column, "<i8").tobytes())
    digest.update(repr((samples.wear, samples.mood, samples.events)).encode())
    return digest.digest()


def _frames(samples: Samples, bias_ms: int, end_ms: int) -> list[_Closed]:
    boot = Boot(ResetCause.POWER_ON, 0, 0, 0, UTC_UNKNOWN_S, UNCERTAINTY_UNKNOWN_S)
    status = Status(0, None, None, 0, None, samples.total, samples.total, 0)
    singles: list[tuple[int, Body]] = [(0, Event(EventCode.TIME_ZERO, 0))]
    singles += [(t_ms, Event(code, arg)) for t_ms, code, arg in samples.events]
    singles += [(t_ms, WearChange(state)) for t_ms, state in samples.wear]
    singles += [(t_ms, Ema(valence, arousal, prompted)) for t_ms, valence, arousal, prompted in samples.mood]
    between = [_Closed(t_ms + bias_ms, t_ms + bias_ms, body) for t_ms, body in singles]
    between += _heart_rate(samples, bias_ms)
    between += _beats(samples, bias_ms)
    between += _activity(samples, bias_ms)
    between.sort(key=lambda closed: closed.closed_ms)  # stable
    return [_Closed(0, 0, boot), *between, _Closed(end_ms, end_ms, status)]


def _heart_rate(samples: Samples, bias_ms: int) -> Iterator[_Closed]:
    times, rates = samples.heart_ms + bias_ms, samples.hr_q4
    at = 0
    while at < len(times):
        start_ms = int(times[at])
        piece = slice(at, int(np.searchsorted(times, start_ms + LONGEST_FRAME_MS, "right")))
        body = HeartRate(tuple((times[piece] - start_ms).tolist()), tuple(rates[piece].tolist()))
        _, closed = next(cut(start_ms, body))
        assert isinstance(closed, HeartRate)
        yield _Closed(start_ms + closed.offset_ms[-1], start_ms, closed)
        at += len(closed.offset_ms)


def _beats(samples: Samples, bias_ms: int) -> Iterator[_Closed]:
    times = samples.beat_ms + bias_ms
    at = 0
    while at < len(times):
        start_ms = int(times[at] - samples.ibi_ms[at])
        piece = slice(at, max(at + 1, int(np.searchsorted(times, start_ms + LONGEST_FRAME_MS, "right"))))
        body = Ibi(
            tuple((times[piece] - start_ms).tolist()),
            tuple(samples.ibi_ms[piece].tolist()),
            tuple(samples.quality[piece].tolist()),
        )
        _, closed = next(cut(start_ms, body))
        assert isinstance(closed, Ibi)
        yield _Closed(start_ms + closed.offset_ms[-1], start_ms, closed)
        at += len(closed.offset_ms)


def _activity(samples: Samples, bias_ms: int) -> Iterator[_Closed]:
    epochs = samples.epoch
    at = 0
    while at < len(epochs):
        first = int(epochs[at])
        end = int(np.searchsorted(epochs, first + LONGEST_FRAME_MS // EPOCH_MS))
        counts: list[int | None] = [None] * (int(epochs[end - 1]) - first + 1)
        for epoch, count in zip(epochs[at:end].tolist(), samples.count_q8[at:end].tolist(), strict=True):
            counts[epoch - first] = count
        begins_ms = first * EPOCH_MS + bias_ms
        yield _Closed(begins_ms + len(counts) * EPOCH_MS, begins_ms, Activity(tuple(counts)))
        at = end


def samples_of(recording: Recording) -> Samples:
    """Return what a recording measured, in recording time (ms). A frame that is there twice counts once, and so does a
    measurement; frames of a boot that the header does not place are left out."""
    starts = recording.header.starts()
    frames = {
        (frame.header.incarnation, frame.header.boot_id, frame.header.seq): frame
        for frame in recording.frames
        if frame.header.numbered and (frame.header.incarnation, frame.header.boot_id) in starts
    }
    heart: set[tuple[int, ...]] = set()
    beats: set[tuple[int, ...]] = set()
    activity: set[tuple[int, ...]] = set()
    found = Samples()
    zeros = []
    for (incarnation, boot_id, _), frame in frames.items():
        t_ms = starts[incarnation, boot_id] + frame.header.time_ms
        match frame.body:
            case HeartRate(offsets, rates):
                heart.update((t_ms + offset, rate) for offset, rate in zip(offsets, rates, strict=True))
            case Ibi(offsets, ibis, qualities):
                rows = zip(offsets, ibis, qualities, strict=True)
                beats.update((t_ms + offset, ibi, quality) for offset, ibi, quality in rows)
            case Activity(counts):
                activity.update((t_ms + i * EPOCH_MS, c) for i, c in enumerate(counts) if c is not None)
            case WearChange(state):
                found.wear.append((t_ms, state))
            case Ema(valence, arousal, prompted):
                found.mood.append((t_ms, valence, arousal, prompted))
            case Event(EventCode.TIME_ZERO, _):
                zeros.append(t_ms)
            case Event(code, arg):
                found.events.append((t_ms, int(code), arg))
    zero_ms = min(zeros, default=0)
    found.heart_ms, found.hr_q4 = _columns(heart, 2, zero_ms)
    found.beat_ms, found.ibi_ms, found.quality = _columns(beats, 3, zero_ms)
    starts_ms, found.count_q8 = _columns(activity, 2, zero_ms)
    found.epoch = starts_ms // EPOCH_MS
    found.wear = sorted((t_ms - zero_ms, state) for t_ms, state in found.wear)
    found.mood = sorted((mood[0] - zero_ms, *mood[1:]) for mood in found.mood)
    found.events = sorted((event[0] - zero_ms, *event[1:]) for event in found.events)
    return found


def _columns(rows: set[tuple[int, ...]], count: int, zero_ms: int) -> Integers:
    table = np.array(sorted(rows), np.int64).reshape(-1, count)
    table[:, 0] -= zero_ms
    return table.T
