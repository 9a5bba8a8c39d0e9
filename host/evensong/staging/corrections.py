"""What the wearer says against what was detected, as an overlay: the recording keeps every byte, staging reads both.

A file of corrections is JSON, times in seconds of the recording's clock:

    {"format": "evensong-corrections", "version": 1, "corrections": [
        {"what": "off-wrist", "from_s": 0, "to_s": 1800}, {"what": "rise", "at_s": 27000}]}

- `off-wrist`: as if the wearable had said so: not rest, and `unknown`.
- `nap`, `night`: I lay down to sleep from then to then. What was detected gives way where it overlaps.
- `lights-off`, `rise`: moves the start, or the end, of the night it belongs to: the one it lies in, else the nearest.
- `not-sleep`: I was awake. Within a night these epochs are `wake`, by the wearer's word and with certainty; a span of
  which all is not sleep is no night.

They are applied in the order of that list, whatever their order in the file; equal ones count once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from evensong_wire.frames import Wear

from .hypnogram import WAKE, WHOLE, Hypnogram
from .intake import EPOCH_MS, Samples
from .nights import LONGEST_EPOCHS, NightSpan

FORMAT = "evensong-corrections"
VERSION = 1
MOST_BYTES = 1 << 15
MOST = 200
_LATEST_MS = 1 << 40


class CorrectionsError(Exception):
    """They cannot be read, or do not fit the recording; the message says why."""


class What(StrEnum):
    """In the order in which they are applied."""

    OFF_WRIST = "off-wrist"
    NAP = "nap"
    NIGHT = "night"
    LIGHTS_OFF = "lights-off"
    RISE = "rise"
    NOT_SLEEP = "not-sleep"


_INSTANTS = (What.LIGHTS_OFF, What.RISE)
_ORDER = tuple(What)


@dataclass(frozen=True, slots=True)
class Correction:
    """from_ms, to_ms: of the recording's clock; equal for an instant."""

    what: What
    from_ms: int
    to_ms: int

    def as_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        if self.what in _INSTANTS:
            return {"what": self.what.value, "at_s": _seconds(self.from_ms)}
        return {"what": self.what.value, "from_s": _seconds(self.from_ms), "to_s": _seconds(self.to_ms)}


def parse(content: bytes) -> tuple[Correction, ...]:
    """The corrections of a file, in the order in which they are applied. Raises CorrectionsError."""
    if len(content) > MOST_BYTES:
        raise CorrectionsError(f"it is longer than {MOST_BYTES >> 10} KB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise CorrectionsError("it is not JSON, or cut off") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("version") != VERSION:
        raise CorrectionsError(f'it does not say "format": "{FORMAT}", "version": {VERSION}')
    return of_json(document.get("corrections"))


def of_json(entries: object) -> tuple[Correction, ...]:
    """The same from the list alone, which a passport holds. Raises CorrectionsError."""
    if not isinstance(entries, list) or len(entries) > MOST:
        raise CorrectionsError(f'"corrections" is not a list of at most {MOST}')
    found = {_correction(entry, number) for number, entry in enumerate(entries, 1)}
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.what), each.from_ms, each.to_ms)))


def overlay(samples: Samples, corrections: Sequence[Correction]) -> Samples:
    """The samples as if the wearable had known when it was off the wrist."""
    wear = samples.wear
    for each in corrections:
        if each.what is not What.OFF_WRIST:
            continue
        before = wear[wear[:, 0] <= each.to_ms]
        state = int(before[-1, 1]) if len(before) else int(Wear.UNKNOWN)  # what it said last holds afterwards
        kept = wear[(wear[:, 0] < each.from_ms) | (wear[:, 0] > each.to_ms)]
        said = np.array([(each.from_ms, int(Wear.OFF)), (each.to_ms, state)], np.int64)
        rows = np.concatenate([kept, said])
        wear = rows[np.argsort(rows[:, 0], kind="stable")]
    return replace(samples, wear=wear)


def spans(found: Sequence[NightSpan], corrections: Sequence[Correction], epochs: range) -> list[NightSpan]:
    """The nights of a recording as the wearer has it. found: as detected. Raises CorrectionsError."""
    result = list(found)
    for each in corrections:
        start, stop = _epochs(each, epochs)
        if each.what in (What.NAP, What.NIGHT):
            if start >= stop:
                raise CorrectionsError(f"the recording holds nothing of the {_named(each)}")
            cut = [piece for span in result for piece in _without(span, start, stop)]
            result = sorted([*cut, NightSpan(start, stop, "corrected", True)], key=lambda span: span.start_epoch)
        elif each.what in _INSTANTS:
            result = _moved(result, each, start)
        elif each.what is What.NOT_SLEEP:
            result = [span for span in result if span.start_epoch < start or span.end_epoch > stop]
    return result


def stages(hypnogram: Hypnogram, corrections: Sequence[Correction], nights: Sequence[NightSpan]) -> Hypnogram:
    """`wake`, with certainty, wherever the wearer was awake by their own word within a night."""
    stage, p = hypnogram.stage.copy(), hypnogram.p.copy()
    inside = np.zeros(len(hypnogram), bool)
    for span in nights:
        inside |= (hypnogram.epoch >= span.start_epoch) & (hypnogram.epoch < span.end_epoch)
    for each in corrections:
        if each.what is What.NOT_SLEEP:
            begins_ms = hypnogram.epoch * EPOCH_MS
            awake = inside & (begins_ms < each.to_ms) & (begins_ms + EPOCH_MS > each.from_ms)
            stage[awake], p[awake] = WAKE, (WHOLE, 0, 0, 0)
    return Hypnogram(hypnogram.epoch, stage, p)


def _correction(entry: object, number: int) -> Correction:
    if not isinstance(entry, dict):
        raise CorrectionsError(f"correction {number} is not an object")
    what = next((known for known in What if known.value == entry.get("what")), None)
    if what is None:
        raise CorrectionsError(f'correction {number} has no "what" of {", ".join(What)}')
    keys = ("at_s", "at_s") if what in _INSTANTS else ("from_s", "to_s")
    from_ms, to_ms = (_ms(entry.get(key), key, number) for key in keys)
    if surplus := set(entry) - {"what", *keys}:
        raise CorrectionsError(f"correction {number} has a {ascii(min(surplus))[:40]}, which {what} does not take")
    if what not in _INSTANTS and from_ms >= to_ms:
        raise CorrectionsError(f"correction {number} ends before it begins")
    return Correction(what, from_ms, to_ms)


def _ms(value: object, key: str, number: int) -> int:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or abs(float(value) * 1000) > _LATEST_MS:  # type: ignore[arg-type]
        raise CorrectionsError(f"correction {number} has no {key} in seconds of the recording's clock")
    return round(float(value) * 1000)  # type: ignore[arg-type]


def _seconds(ms: int) -> int | float:
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def _epochs(each: Correction, epochs: range) -> tuple[int, int]:
    """Every epoch that it touches; of an instant, lights-off begins its epoch and rise ends it, as for the button."""
    start = min(max(each.from_ms // EPOCH_MS, epochs.start), epochs.stop)
    stop = min(max(-(-each.to_ms // EPOCH_MS), epochs.start), epochs.stop)
    return (stop, stop) if each.what is What.RISE else (start, max(start, stop))


def _without(span: NightSpan, start: int, stop: int) -> list[NightSpan]:
    pieces = [
        replace(span, end_epoch=min(span.end_epoch, start)),
        replace(span, start_epoch=max(span.start_epoch, stop)),
    ]
    overlaps = span.start_epoch < stop and start < span.end_epoch
    return [each for each in pieces if each.start_epoch < each.end_epoch] if overlaps else [span]


def _moved(found: list[NightSpan], each: Correction, at: int) -> list[NightSpan]:
    rises = each.what is What.RISE

    def distance(i: int) -> tuple[bool, int]:
        span = found[i]
        return not span.start_epoch <= at <= span.end_epoch, abs(at - (span.end_epoch if rises else span.start_epoch))

    fits = [i for i, span in enumerate(found) if (span.start_epoch < at if rises else span.end_epoch > at)]
    if not fits or distance(i := min(fits, key=distance))[1] > LONGEST_EPOCHS:
        raise CorrectionsError(f"there is no night for the {_named(each)}: say `night` with both ends")
    ends = {"end_epoch": at, "risen": True} if rises else {"start_epoch": at}
    span = replace(found[i], how="corrected", **ends)  # type: ignore[arg-type]
    others = [piece for k, other in enumerate(found) if k != i for piece in _without(other, *_ends(span))]
    return sorted([*others, span], key=lambda night: night.start_epoch)


def _ends(span: NightSpan) -> tuple[int, int]:
    return span.start_epoch, span.end_epoch


def _named(each: Correction) -> str:
    if each.what in _INSTANTS:
        return f"{each.what} at {_seconds(each.from_ms)} s"
    return f"{each.what} from {_seconds(each.from_ms)} s to {_seconds(each.to_ms)} s"
