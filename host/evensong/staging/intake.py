"""From frames to samples: every measurement of a recording on one clock, as a sorted set.

Because it is a set - sorted, each measurement once - neither the order of frames, nor a frame that came twice, nor a
recording cut in two and joined again can change anything that is derived from it. That is this module's invariant.
Nothing is judged here; `features` decides which beats to believe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from evensong_wire.frames import EventCode
from evensong_wire.models import Activity, Event, Frame, HeartRate, Ibi, WearChange, samples_in

from .fixed import Ints

EPOCH_MS = 30_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of int64, sorted by row, no row twice; times in ms of the recording's clock, t = 0 being its time zero.

    heart_rate (n, 2): t_ms, hr_q4. beats (n, 3): t_ms of the beat that ends the interval, ibi_ms, quality.
    activity (n, 2): start of the epoch, count_q8. wear (n, 2): t_ms, `Wear` from then on. events (n, 3): t_ms, code,
    arg.
    span_ms: first and last measurement (of any kind, raw blocks and mood included), None without any.
    """

    heart_rate: Ints
    beats: Ints
    activity: Ints
    wear: Ints
    events: Ints
    span_ms: tuple[int, int] | None

    @property
    def epochs(self) -> range:
        """Numbers of the 30 s epochs from the first to the last measurement; epoch k begins at 30 k seconds."""
        if self.span_ms is None:
            return range(0)
        return range(self.span_ms[0] // EPOCH_MS, self.span_ms[1] // EPOCH_MS + 1)


def gather(frames: Iterable[Frame], boots: Mapping[tuple[bytes, int], int]) -> Samples:
    """The samples of a recording. boots: (incarnation, boot id) -> start of that boot in ms of the timeline.

    Frames of a boot that is not in `boots` cannot be placed in time and are left out.
    """
    heart_rate: list[Ints] = []
    beats: list[Ints] = []
    activity: list[tuple[int, int]] = []
    wear: list[tuple[int, int]] = []
    events: list[tuple[int, int, int]] = []
    first: list[int] = []
    last: list[int] = []
    for frame in frames:
        starts_ms = boots.get((frame.header.incarnation, frame.header.boot_id))
        if starts_ms is None:
            continue
        t0_ms = starts_ms + frame.header.time_ms
        begin_ms = end_ms = t0_ms
        match frame.body:
            case HeartRate(offset_ms, hr_q4) if hr_q4:
                rows = np.array((offset_ms, hr_q4), np.int64).T
                rows[:, 0] += t0_ms
                heart_rate.append(rows)
                begin_ms, end_ms = int(rows[:, 0].min()), int(rows[:, 0].max())
            case Ibi(offset_ms, ibi_ms, quality) if ibi_ms:
                rows = np.array((offset_ms, ibi_ms, quality), np.int64).T
                rows[:, 0] += t0_ms
                beats.append(rows)
                begin_ms, end_ms = int(rows[:, 0].min()), int(rows[:, 0].max())
            case Activity(count_q8):
                known = [(t0_ms + i * EPOCH_MS, c) for i, c in enumerate(count_q8) if c is not None]
                activity += known
                if known:
                    begin_ms, end_ms = known[0][0], known[-1][0]
            case WearChange(state):
                wear.append((t0_ms, int(state)))
            case Event(code, arg):
                events.append((t0_ms, int(code), arg))
        if samples_in(frame.body):
            first.append(begin_ms)
            last.append(end_ms)
    zero_ms = min((t for t, code, _ in events if code == EventCode.TIME_ZERO), default=0)
    return Samples(
        heart_rate=_rows(heart_rate, 2, zero_ms),
        beats=_rows(beats, 3, zero_ms),
        activity=_rows([np.array(activity, np.int64)] if activity else [], 2, zero_ms),
        wear=_rows([np.array(wear, np.int64)] if wear else [], 2, zero_ms),
        events=_rows([np.array(events, np.int64)] if events else [], 3, zero_ms),
        span_ms=(min(first) - zero_ms, max(last) - zero_ms) if first else None,
    )


def _rows(parts: list[Ints], columns: int, zero_ms: int) -> Ints:
    if not parts:
        return np.zeros((0, columns), np.int64)
    rows = np.concatenate(parts)
    rows[:, 0] -= zero_ms
    rows = rows[np.lexsort(rows.T[::-1])]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return rows[fresh]
