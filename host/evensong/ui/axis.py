"""The time axis that every band of a night shares: epochs to percent of the width, and to the words a person reads.

Labels are local wall time where the document knows it, UTC where it knows only that, and hours since the recording's
zero where no clock was ever known. Nothing here reads the reader's clock or time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evensong.record import EPOCH_S, SpanDocument

_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_MOST_TICKS = 10


@dataclass(frozen=True, slots=True)
class Tick:
    """percent: of the width; major: also shown where there is room for half of them only."""

    percent: float
    label: str
    major: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """epochs: n, at positions 0 to n. zero_ms: what a clock on the wall showed at position 0, as if it were UTC, or the
    recording time if there was no clock. epoch_ms: what it took for an epoch (drift makes it not quite 30 s)."""

    epochs: int
    zero_ms: float
    epoch_ms: float
    has_clock: bool

    @classmethod
    def of(cls, document: SpanDocument) -> Axis:
        n = len(document.stages)
        if document.start_utc_ms is None or document.end_utc_ms is None:
            return cls(n, document.first_epoch * EPOCH_S * 1_000, EPOCH_S * 1_000, has_clock=False)
        epoch_ms = (document.end_utc_ms - document.start_utc_ms) / n if n else 0
        zero_ms = document.start_utc_ms + (document.utc_offset_min or 0) * 60_000
        return cls(n, zero_ms, epoch_ms or EPOCH_S * 1_000, has_clock=True)

    def percent(self, position: float) -> float:
        """Position in epochs (0 to n) to percent of the width, clipped to the chart."""
        return round(min(max(100 * position / self.epochs, 0), 100), 3)

    def time(self, position: float) -> str:
        """`23:05` on the wall, or `1:05` hours since the recording's zero."""
        return self._label(self.zero_ms + position * self.epoch_ms)

    def ticks(self) -> list[Tick]:
        """At round times, at most ten. Midnight of a span longer than a day brings its weekday along."""
        end_ms = self.zero_ms + self.epochs * self.epoch_ms
        step_min = next((s for s in _STEPS_MIN if (end_ms - self.zero_ms) / 60_000 / s <= _MOST_TICKS), _STEPS_MIN[-1])
        step_ms = step_min * 60_000
        first = int(-(-self.zero_ms // step_ms))
        last = int(end_ms // step_ms)
        return [
            Tick(self.percent((k * step_ms - self.zero_ms) / self.epoch_ms), self._label(k * step_ms), k % 2 == 0)
            for k in range(first, last + 1)
        ]

    def _label(self, ms: float) -> str:
        if self.has_clock:
            return wall(ms).strftime("%H:%M")
        minutes = round(abs(ms) / 60_000)
        return f"{'−' if ms < 0 and minutes else ''}{minutes // 60}:{minutes % 60:02}"


def position(recording_ms: float, first_epoch: int) -> float:
    """Recording time in ms to a position on the axis of a document that begins with this epoch."""
    return recording_ms / (EPOCH_S * 1_000) - first_epoch


def wall(ms: float) -> datetime:
    """What a clock on the wall shows; the time zone of the result means nothing."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
