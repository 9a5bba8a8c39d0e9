"""When was the night? What the wearer said with the button, and where they said nothing, what rest tells.

- LIGHTS_OFF begins a night, RISE ends it. If one of the two was forgotten, detection finds that end.
- Elsewhere stretches of rest (`rest`) are detected. Two of them are one night if no more than `BRIDGED` lies between,
  and no more than the shorter of them lasts: an hour awake in bed or out of it does not end a night, but a short doze
  before a long evening does not begin one. Whatever is then left of an hour or more is a night, or a nap: there may be
  several, at any time of day. Detection never contradicts the wearer: what overlaps a told night is dropped.
- Off the wrist is no rest: a night neither begins nor ends there. Up to `BRIDGED` of it may lie inside a night, where
  staging must say `unknown`. A void beside a night may be part of it, see `rest.trimmed`.
"""

from __future__ import annotations

from dataclasses import dataclass

from evensong_wire.frames import EventCode

from . import rest
from .fixed import Ints
from .intake import EPOCH_MS, Samples
from .series import Series

LEAST_EPOCHS = 120  # less than an hour of rest is no night, and no nap that could be told from sitting still
NAP_EPOCHS = 3 * 120  # what is shorter is a nap
UP_EPOCHS = 60  # a night that detection ended has ended if half an hour follows
LONGEST_EPOCHS = 16 * 120  # a night without an end ends here at the latest
BRIDGED = 120  # epochs of the longest interruption


@dataclass(frozen=True, slots=True)
class NightSpan:
    """start_epoch: lights-off; end_epoch: the first epoch after rise.

    how: who said so: `events` (the wearer both), `lights-off` (the wearer the start only), `rise` (the wearer the end
    only) or `detected`. risen: False while the end is only the last that is known of a night.
    """

    start_epoch: int
    end_epoch: int
    how: str
    risen: bool = False

    @property
    def epochs(self) -> range:
        return range(self.start_epoch, self.end_epoch)

    @property
    def is_nap(self) -> bool:
        """True if it is too short for a night. While it goes on, every night is."""
        return len(self.epochs) < NAP_EPOCHS


def find(samples: Samples, series: Series) -> list[NightSpan]:
    """The nights and naps of a recording, in order, without overlap."""
    rested = _rested(series)
    told = _told(samples.events, series.epochs, rested)
    found = [
        NightSpan(start, min(stop, start + LONGEST_EPOCHS), "detected", _is_over(stop, series.epochs))
        for start, stop in rested
        if stop - start >= LEAST_EPOCHS and not any(start < t.end_epoch and t.start_epoch < stop for t in told)
    ]
    return sorted(told + found, key=lambda span: span.start_epoch)


def _rested(series: Series) -> list[tuple[int, int]]:
    """(start, end) epochs of stretches of rest, the interruptions bridged that do not end a night."""
    merged: list[tuple[int, int]] = []
    for stretch in rest.stretches(series):
        whole = stretch
        while merged and _one_night(merged[-1], whole):
            whole = (merged.pop()[0], whole[1])
        merged.append(whole)
    seen = [rest.trimmed(series, *piece) for piece in merged]
    return [(series.epochs.start + start, series.epochs.start + stop) for start, stop in seen]


def _is_over(stop: int, epochs: range) -> bool:
    return stop <= epochs.stop - UP_EPOCHS


def _one_night(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return two[0] - one[1] <= min(BRIDGED, one[1] - one[0], two[1] - two[0])


def _told(events: Ints, epochs: range, rested: list[tuple[int, int]]) -> list[NightSpan]:
    spans: list[NightSpan] = []
    start: int | None = None

    def close(stop: int, how: str, risen: bool) -> None:
        if start is not None and stop > start:
            spans.append(NightSpan(start, stop, how, risen))

    for t_ms, code, _ in events.tolist():
        epoch = -(-t_ms // EPOCH_MS) if code == EventCode.RISE else t_ms // EPOCH_MS
        epoch = min(max(epoch, epochs.start), epochs.stop)
        if code not in (EventCode.LIGHTS_OFF, EventCode.RISE):
            continue
        if start is not None and code == EventCode.RISE and epoch - start <= LONGEST_EPOCHS:
            close(epoch, "events", True)
            start = None
            continue
        if start is not None and (until := _end(start, epochs, rested)) <= epoch:
            close(until, "lights-off", True)
            start = None
        if code == EventCode.LIGHTS_OFF and start is None:
            start = epoch
        elif code == EventCode.RISE and start is None:
            after = spans[-1].end_epoch if spans else epochs.start
            begins = _start(epoch, after, rested)
            if begins is not None:
                spans.append(NightSpan(begins, epoch, "rise", True))
    if start is not None:
        until = _end(start, epochs, rested)
        close(until, "lights-off", _is_over(until, epochs))
    return spans


def _end(start: int, epochs: range, rested: list[tuple[int, int]]) -> int:
    """Where rest ends that began, or went on, after lights-off at `start`; the limit, if none did."""
    limit = min(start + LONGEST_EPOCHS, epochs.stop)
    ends = [stop for first, stop in rested if stop - max(first, start) >= LEAST_EPOCHS and first < limit]
    return min(ends[0], limit) if ends else limit


def _start(rise: int, after: int, rested: list[tuple[int, int]]) -> int | None:
    """Where the rest began that a RISE at `rise` ended; None if there was none, or it was long over."""
    begins = [
        max(first, after, rise - LONGEST_EPOCHS)
        for first, stop in rested
        if min(stop, rise) - max(first, after) >= LEAST_EPOCHS and rise - stop <= BRIDGED
    ]
    return begins[-1] if begins and begins[-1] < rise else None
