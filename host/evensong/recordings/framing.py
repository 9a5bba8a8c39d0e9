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
from evensong_wire.codec import encode
from evensong_wire.frames import BOOT_LIMIT, UNCERTAINTY_UNKNOWN_S, UTC_UNKNOWN_S, EventCode, ResetCause
from evensong_wire.ibi_coding import IbiEncoder
from evensong_wire.models import (
    KIND_OF,
    Activity,
    Body,
    Boot,
    Ema,
    Event,
    Header,
    HeartRate,
    Ibi,
    Status,
    WearChange,
)
from evensong_wire.series_coding import MISSING, ActivityWriter, HeartRateWriter

from evensong.errors import InputError
from evensong.recordings.container import BootStart, Recording, RecordingHeader, write
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import EPOCH_MS, Samples

LONGEST_FRAME_MS = 600_000
CODED_BYTES = 220  # what header, count and CRC leave of a frame
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
    raws = [
        encode(Header(KIND_OF[type(body)], incarnation, 1, seq, time_ms), body)
        for seq, (_, time_ms, body) in enumerate(bodies)
    ]
    header = RecordingHeader(
        device_id=device_id,
        source=source.name,
        source_id=source.ident,
        synthetic=source.synthetic,
        utc_at_zero_ms=None,
        citation=source.citation,
        boots=(BootStart(incarnation, 1, 0),),
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
    writer = HeartRateWriter(bytearray(CODED_BYTES), 0, CODED_BYTES)
    times: list[int] = []
    rates: list[int] = []
    for t_ms, rate in zip((samples.heart_ms + bias_ms).tolist(), samples.hr_q4.tolist(), strict=True):
        if times and (t_ms - times[0] > LONGEST_FRAME_MS or not writer.put(t_ms - times[-1], rate)):
            yield _readings(times, rates)
            times, rates = [], []
        if not times:
            writer.reset()
            writer.put(0, rate)
        times.append(t_ms)
        rates.append(rate)
    if times:
        yield _readings(times, rates)


def _readings(times: list[int], rates: list[int]) -> _Closed:
    return _Closed(times[-1], times[0], HeartRate(tuple(t - times[0] for t in times), tuple(rates)))


def _beats(samples: Samples, bias_ms: int) -> Iterator[_Closed]:
    coder = IbiEncoder(bytearray(CODED_BYTES), 0, CODED_BYTES)
    beats: list[tuple[int, int, int]] = []  # beat, interval, quality
    columns = ((samples.beat_ms + bias_ms).tolist(), samples.ibi_ms.tolist(), samples.quality.tolist())
    for t_ms, ibi, quality in zip(*columns, strict=True):
        if beats:
            begins_ms = beats[0][0] - beats[0][1]
            gap_ms = t_ms - ibi - beats[-1][0]
            if t_ms - begins_ms > LONGEST_FRAME_MS or not coder.put(gap_ms, ibi, quality):
                yield _intervals(beats)
                beats = []
        if not beats:
            coder.reset()
            coder.put(0, ibi, quality)
        beats.append((t_ms, ibi, quality))
    if beats:
        yield _intervals(beats)


def _intervals(beats: list[tuple[int, int, int]]) -> _Closed:
    begins_ms = beats[0][0] - beats[0][1]
    times, ibis, qualities = zip(*beats, strict=True)
    return _Closed(times[-1], begins_ms, Ibi(tuple(t - begins_ms for t in times), ibis, qualities))


def _activity(samples: Samples, bias_ms: int) -> Iterator[_Closed]:
    writer = ActivityWriter(bytearray(CODED_BYTES), 0, CODED_BYTES)
    counts: list[int | None] = []
    first = 0
    for epoch, count in zip(samples.epoch.tolist(), samples.count_q8.tolist(), strict=True):
        if counts:
            missing = epoch - first - len(counts)
            if (epoch + 1 - first) * EPOCH_MS > LONGEST_FRAME_MS or not all(
                writer.put(value) for value in (*[MISSING] * missing, count)
            ):
                yield _epochs(first, counts, bias_ms)
                counts = []
            else:
                counts += [None] * missing
        if not counts:
            first = epoch
            writer.reset()
            writer.put(count)
        counts.append(count)
    if counts:
        yield _epochs(first, counts, bias_ms)


def _epochs(first: int, counts: list[int | None], bias_ms: int) -> _Closed:
    begins_ms = first * EPOCH_MS + bias_ms
    return _Closed(begins_ms + len(counts) * EPOCH_MS, begins_ms, Activity(tuple(counts)))


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
    found.mood = sorted((t_ms - zero_ms, *rest) for t_ms, *rest in found.mood)
    found.events = sorted((t_ms - zero_ms, *rest) for t_ms, *rest in found.events)
    return found


def _columns(rows: set[tuple[int, ...]], count: int, zero_ms: int) -> np.ndarray:
    table = np.array(sorted(rows), np.int64).reshape(-1, count)
    table[:, 0] -= zero_ms
    return table.T
