"""The night ledger: how many samples were taken, stored, transferred, staged and forwarded, and where some are missing.

`sampled` and `stored` are the wearable's own counts (STATUS and BOOT frames), carried on over what came after its last
STATUS; they are never derived from what arrived before it. If they disagree with what arrived, the difference is shown.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evensong.record import MAX_GAPS, Cause, Gap, Ledger, Steps
from evensong_wire.codec import decode
from evensong_wire.frames import EventCode, Fault, Kind
from evensong_wire.models import Activity, Boot, Event, Frame, HeartRate, Ibi, SensorFault, Status, samples_in

from .journal import Journal
from .timeline import BootOnAxis

EPOCH_MS = 30_000
_UNCOUNTED = frozenset({Cause.REBOOT, Cause.SENSOR})  # what the wearable never counted as sampled
Times = npt.NDArray[np.int64]


def sample_times(frame: Frame) -> Times:
    """Device time in ms of each sample in a frame, shape (samples_in(frame.body),)."""
    offsets: Times
    match frame.body:
        case HeartRate(offset_ms=offset_ms) | Ibi(offset_ms=offset_ms):
            offsets = np.array(offset_ms, np.int64)
        case Activity(count_q8=counts):
            offsets = np.array([i * EPOCH_MS for i, c in enumerate(counts) if c is not None], np.int64)
        case body:
            offsets = np.zeros(samples_in(body), np.int64)  # raw blocks count where they begin
    return frame.header.time_ms + offsets


@dataclass(frozen=True, slots=True)
class Placed:
    """A journalled frame on the timeline. at_ms: of its header; times_ms: of its samples."""

    frame: Frame
    at_ms: int
    times_ms: Times


@dataclass(slots=True)
class Count:
    """What the wearable says of one boot, against what the journal has. None: it has not said."""

    sampled: int | None
    stored: int | None
    transferred: int


def count(journal: Journal, boot: BootOnAxis, successor: Boot | None) -> Count:
    """successor: the BOOT frame of the boot that followed this one, if there is one.

    That frame has the last word on a boot that ended: what it does not count was lost in the reset, and its seconds are
    in the gap. Until then the latest STATUS counts, carried on over the frames behind it.
    """
    total = "SELECT coalesce(sum(samples), 0) FROM frame WHERE boot = ? AND seq > ?"
    (transferred,) = journal.db.execute(total, (boot.row, -1)).fetchone()
    row = journal.db.execute(
        "SELECT seq, raw FROM frame WHERE boot = ? AND kind = ? ORDER BY seq DESC LIMIT 1", (boot.row, int(Kind.STATUS))
    ).fetchone()
    status = decode(bytes(row[1])).body if row else None
    dropped = status.dropped if isinstance(status, Status) else 0
    if successor is not None and successor.previous_boot_id == boot.boot_id:
        return Count(successor.previous_sampled, successor.previous_sampled - dropped, transferred)
    if not isinstance(status, Status):
        return Count(None, None, transferred)
    (behind,) = journal.db.execute(total, (boot.row, row[0])).fetchone()
    stored = status.stored + behind
    return Count(max(status.sampled, stored + dropped), stored, transferred)


@dataclass(frozen=True, slots=True)
class Hole:
    """A gap on the timeline. boot: index of the boot in which samples are missing. sensor: see `record.Gap`."""

    boot: int
    from_ms: int
    to_ms: int
    cause: Cause
    samples: int | None
    sensor: str | None = None


def holes(boots: list[BootOnAxis], frames: list[list[Placed]], from_ms: int | None) -> list[Hole]:
    """Every gap, in order of time. frames: of each boot, by number, from some time before `from_ms` of the timeline on
    (None: all). Numbers before the first that the journal has of a timeline are no gap: they are from before we met."""
    found: list[Hole] = []
    for i, (boot, placed) in enumerate(zip(boots, frames, strict=True)):
        assert boot.starts_ms is not None
        whole = i > 0 and (from_ms is None or boot.starts_ms >= from_ms)
        if whole:
            found.append(_reboot(i, boots[i - 1], boot))
        if whole and placed and _seq(placed[0]) > 0:
            found.append(Hole(i, min(boot.starts_ms, placed[0].at_ms), placed[0].at_ms, Cause.MISSING, None))
        runs = [k for k in range(1, len(placed)) if _seq(placed[k]) != _seq(placed[k - 1]) + 1]
        for k, stop in pairwise([*runs, len(placed)]):
            told = [
                p.frame.body.arg
                for p in placed[k:stop]
                if isinstance(p.frame.body, Event) and p.frame.body.code == EventCode.SPOOL_FULL
            ]
            before_ms, after_ms = sorted((placed[k - 1].at_ms, placed[k].at_ms))
            cause = Cause.SPOOL_FULL if told else Cause.MISSING
            found.append(Hole(i, before_ms, after_ms, cause, max(0, told[0]) if told else None))
        found += _failures(i, placed)
    return sorted(found, key=lambda hole: (hole.from_ms, hole.to_ms))


def _reboot(i: int, before: BootOnAxis, boot: BootOnAxis) -> Hole:
    """Every reboot is a gap, even one of no length: without a clock nobody knows how long it was off, and what was
    sampled since the spool was last written is lost all the same."""
    assert before.starts_ms is not None
    assert boot.starts_ms is not None
    begins = boot.begins
    told = begins is not None and begins.previous_boot_id == before.boot_id
    safe_ms = before.starts_ms + (begins.previous_time_ms if begins is not None and told else before.last_ms)
    return Hole(i - 1, min(safe_ms, boot.starts_ms), boot.starts_ms, Cause.REBOOT, None)


def _failures(i: int, placed: list[Placed]) -> list[Hole]:
    """What a boot's sensors missed, by its own words. One that still fails fails up to the last frame."""
    found: list[Hole] = []
    failing: dict[int, tuple[int, SensorFault]] = {}
    for each in placed:
        if not isinstance(each.frame.body, Event) or each.frame.body.code != EventCode.SENSOR_FAULT:
            continue
        told = SensorFault.of(each.frame.body.arg)
        if told.fault != Fault.NONE:
            failing.setdefault(told.sensor, (each.at_ms, told))
        elif told.sensor in failing:
            from_ms, why = failing.pop(told.sensor)
            found.append(Hole(i, from_ms, max(from_ms, each.at_ms), Cause.SENSOR, None, str(why)))
    for from_ms, why in failing.values():
        last_ms = max(each.at_ms for each in placed)
        found.append(Hole(i, from_ms, max(from_ms, last_ms), Cause.SENSOR, None, str(why)))
    return found


def _seq(placed: Placed) -> int:
    return placed.frame.header.seq


@dataclass(slots=True)
class Share:
    """What lies in one span. None: not known."""

    transferred: int = 0
    frames: int = 0
    sampled: int | None = 0
    stored: int | None = 0
    holes: list[Hole] = field(default_factory=list)


def shares(
    boots: list[BootOnAxis],
    frames: list[list[Placed]],
    counts: list[Count],
    starts_ms: list[int],
    from_ms: int | None,
) -> list[Share]:
    """One share for each span. starts_ms: where the spans start on the timeline, rising. from_ms: where the first of
    them starts if there are spans before it, whose samples are not counted; None if the first takes all before it."""
    spans = [Share() for _ in starts_ms]

    def at(ms: int) -> int:
        return max(0, bisect.bisect_right(starts_ms, ms) - 1)

    found = [hole for hole in holes(boots, frames, from_ms) if from_ms is None or hole.from_ms >= from_ms]
    for hole in found:
        spans[at(hole.from_ms)].holes.append(hole)
    edges = np.array(starts_ms[1:], np.int64)
    for i, (placed, counted) in enumerate(zip(frames, counts, strict=True)):
        touched: int | None = None
        for each in placed:
            times_ms = each.times_ms if from_ms is None else each.times_ms[each.times_ms >= from_ms]
            if not len(times_ms):
                continue
            where = np.searchsorted(edges, times_ms, side="right")
            for span, n in enumerate(np.bincount(where).tolist()):
                spans[span].transferred += n
                _add(spans[span], n, n)
            touched = max(touched or 0, int(where[-1]))
            if len(times_ms) == len(each.times_ms):
                spans[int(where[0])].frames += 1
        with_holes = sorted({at(hole.from_ms) for hole in found if hole.boot == i and hole.cause not in _UNCOUNTED})
        if touched is not None:
            _attribute(spans, counted, with_holes, touched)
    return spans


def _attribute(spans: list[Share], counted: Count, with_holes: list[int], last: int) -> None:
    """Lay the difference between the wearable's counts and ours into the span that it belongs to."""
    if counted.sampled is None or counted.stored is None:
        spans[last].sampled = spans[last].stored = None
        return
    sampled, stored = counted.sampled - counted.transferred, counted.stored - counted.transferred
    if len(with_holes) > 1 and (sampled or stored):
        for i in with_holes:  # nobody counted how many are missing where
            spans[i].sampled = spans[i].stored = None
        return
    _add(spans[with_holes[0] if with_holes else last], sampled, stored)


def _add(share: Share, sampled: int, stored: int) -> None:
    if share.sampled is not None:
        share.sampled += sampled
    if share.stored is not None:
        share.stored += stored


def _count(n: int | None) -> int | None:
    """A wearable that counts less than it sent has none left for this span."""
    return None if n is None else max(0, n)


def ledger(share: Share, *, staged: int, zero_ms: int) -> Ledger:
    """A share as a document shows it. zero_ms: recording time 0 on the timeline."""
    longest = sorted(share.holes, key=lambda hole: hole.from_ms - hole.to_ms)[:MAX_GAPS]
    gaps = tuple(
        Gap(
            from_ms=hole.from_ms - zero_ms,
            to_ms=hole.to_ms - zero_ms,
            cause=hole.cause,
            lost_s=round((hole.to_ms - hole.from_ms) / 1000, 3),
            samples=hole.samples,
            sensor=hole.sensor,
        )
        for hole in sorted(longest, key=lambda hole: (hole.from_ms, hole.to_ms))
    )
    return Ledger(
        samples=Steps(
            sampled=_count(share.sampled), stored=_count(share.stored), transferred=share.transferred, staged=staged
        ),
        frames=Steps(sampled=None, stored=None, transferred=share.frames, staged=share.frames),
        gaps=gaps,
    )
