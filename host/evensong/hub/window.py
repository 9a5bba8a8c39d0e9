"""The part of a timeline that can still change, decoded and placed in time; kept between derivations.

Everything up to 30 hours is one window, so that a recorded night is staged just as `evensong stage` stages it. Beyond
that what is final and half a day old is left alone, or a wearable worn for a year would be staged as one year.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import takewhile

import numpy as np

from evensong.record import State
from evensong_wire.codec import decode
from evensong_wire.errors import WireError
from evensong_wire.frames import EventCode, Kind
from evensong_wire.models import Event, Frame

from .documents import Kept
from .journal import Journal
from .ledger import EPOCH_MS, Placed, Times, sample_times
from .timeline import BootOnAxis, TooMuch

WHOLE_MS = 30 * 3_600_000
SETTLED_FOR_MS = 12 * 3_600_000
MOST_FRAMES = 50_000  # of a window; 30 hours of beats are 3,000
LONGEST_FRAME_MS = 3_600_000  # what a frame's samples can reach beyond its own time; the firmware closes it sooner


def settled_before(kept: list[Kept]) -> int | None:
    """End (epoch) of the documents that are left alone, None if there are none. kept: in the order of their epochs."""
    active = [document for document in kept if document.state is not State.WITHDRAWN]
    if not active:
        return None
    last = max(document.end_epoch for document in active)
    if (last - active[0].first_epoch) * EPOCH_MS <= WHOLE_MS:
        return None
    settled = takewhile(lambda d: d.state is State.FINAL and (last - d.end_epoch) * EPOCH_MS >= SETTLED_FOR_MS, active)
    return max((document.end_epoch for document in settled), default=None)


class Window:
    """Frames of one timeline from `from_ms` (timeline; None: all) on, by boot and number. up_to: the last `frame.id`
    read. zero_ms: recording time 0 on the timeline. boots: the pinned ones, oldest first."""

    def __init__(self, timeline: int) -> None:
        self.timeline = timeline
        self.from_ms: int | None = None
        self.up_to = 0
        self.zero_ms = 0
        self.boots: list[BootOnAxis] = []
        self._frames: dict[int, list[Placed]] = {}
        self._held = 0
        self._zeros: list[Frame] = []  # TIME_ZERO events, which hold for the whole timeline

    def frames(self) -> list[list[Placed]]:
        """Of each boot."""
        return [self._frames.get(boot.row, []) for boot in self.boots]

    def to_stage(self) -> Iterator[Frame]:
        """All frames of the window and what says where recording time begins."""
        yield from (zero for zero in self._zeros)
        for placed in self.frames():
            yield from (each.frame for each in placed)

    def times_ms(self) -> Times:
        """Timeline times of the window's samples, sorted."""
        parts = [each.times_ms for placed in self.frames() for each in placed if len(each.times_ms)]
        times_ms: Times = np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
        return times_ms if self.from_ms is None else times_ms[times_ms >= self.from_ms]

    def heard_ms(self) -> int:
        """Timeline time of the latest frame of any kind."""
        return max((boot.starts_ms or 0) + boot.last_ms for boot in self.boots)

    def read(self, journal: Journal, boots: list[BootOnAxis]) -> None:
        """Take in what was journalled since. boots: pinned, the only ones whose frames can be placed.

        TooMuch if more than `MOST_FRAMES` are in the window then.
        """
        self.boots = boots
        for boot in boots:  # all of one that could not be placed when its frames came
            self._read_boot(journal, boot, after=self.up_to if boot.row in self._frames else 0)
        (last,) = journal.db.execute(
            f"SELECT coalesce(max(id), 0) FROM frame WHERE boot IN ({', '.join('?' * len(boots))})",  # noqa: S608
            [boot.row for boot in boots],
        ).fetchone()
        self.up_to = max(self.up_to, int(last))
        starts = {boot.key: boot.starts_ms or 0 for boot in boots}
        self.zero_ms = min((starts[_key(f)] + f.header.time_ms for f in self._zeros), default=0)

    def _read_boot(self, journal: Journal, boot: BootOnAxis, after: int) -> None:
        assert boot.starts_ms is not None
        held = self._frames.setdefault(boot.row, [])
        since_ms = -1 if self.from_ms is None else self.from_ms - boot.starts_ms - LONGEST_FRAME_MS
        for kind, raw in journal.db.execute(
            "SELECT kind, raw FROM frame WHERE boot = ? AND id > ? AND (time_ms >= ? OR kind = ?) ORDER BY seq",
            (boot.row, after, since_ms, int(Kind.EVENT)),
        ):
            try:
                frame = decode(bytes(raw))
            except WireError:  # a version that understood it less journalled it
                continue
            if kind == Kind.EVENT and isinstance(frame.body, Event) and frame.body.code == EventCode.TIME_ZERO:
                self._zeros.append(frame)
            if frame.header.time_ms < since_ms:
                continue
            placed = Placed(frame, boot.starts_ms + frame.header.time_ms, boot.starts_ms + sample_times(frame))
            bisect.insort(held, placed, key=lambda p: p.frame.header.seq)
            self._held += 1
            if self._held > MOST_FRAMES:
                raise TooMuch(f"more than {MOST_FRAMES} frames that are not settled")

    def begin(self, zero_ms: int, epoch: int | None) -> None:
        """Leave alone what lies before an epoch; None: nothing, as it is."""
        if epoch is None:
            return
        self.zero_ms = zero_ms
        self.from_ms = zero_ms + epoch * EPOCH_MS
        keep_ms = self.from_ms - LONGEST_FRAME_MS
        for row, held in self._frames.items():
            self._frames[row] = [placed for placed in held if placed.at_ms >= keep_ms]
        self._held = sum(map(len, self._frames.values()))


def _key(frame: Frame) -> tuple[bytes, int]:
    return frame.header.incarnation, frame.header.boot_id
