"""Rows `t_s,event,value`: what the wearer and the wearable said, both ways, so that what was exported can be imported.

| event | value |
|---|---|
| `LIGHTS_OFF`, `RISE` | none needed |
| another name of `EventCode`, or a number from 2 to 255 | its argument, an integer; none is 0 |
| `WEAR_ON`, `WEAR_OFF`, `WEAR_CHARGING`, `WEAR_UNKNOWN` | none needed: worn or not from then on |
| `MOOD` | `valence V arousal A`, 1 to 9 each, with `prompted` behind if the wearable asked |

`TIME_ZERO` is no such row: a table's t = 0 is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.columns import blocks, first_of
from evensong.recordings.first_line import columns_named
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Samples
from evensong_wire.frames import EventCode, Wear

_TIME = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
_MOOD = re.compile(r"valence ([1-9]) arousal ([1-9])( prompted)?")
_ARG = re.compile(r"-?\d{1,10}")
_LARGEST_ARG = (1 << 31) - 1
_WEAR = {f"WEAR_{state.name}": state for state in Wear}
_PLAIN = (EventCode.LIGHTS_OFF, EventCode.RISE)  # whatever somebody wrote behind these


def rows_of(samples: Samples) -> Iterator[tuple[int, str, object]]:
    """(t_ms, event, value), kind by kind."""
    names = {code.value: code.name for code in EventCode}
    for t_ms, code, arg in samples.events:
        yield t_ms, names.get(code, str(code)), arg
    for t_ms, state in samples.wear:
        yield t_ms, f"WEAR_{state.name}", ""
    for t_ms, valence, arousal, prompted in samples.mood:
        yield t_ms, "MOOD", f"valence {valence} arousal {arousal}{' prompted' if prompted else ''}"


def read_events(path: Path, samples: Samples, repairs: Repairs) -> None:
    """Put events, wear changes and mood check-ins of such rows into `samples`, by time; other rows are left out and
    said.

    Raises:
        InputError: the file is missing, is no such table, or holds no such row.
    """
    columns: tuple[int, ...] = ()
    found, other, first_other = 0, 0, 0
    for first_line, block in blocks(path):
        columns = columns or columns_named(path, first_of(block), ("t_s", "event"), "value")
        time_at, event_at, value_at = columns if len(columns) == 3 else (*columns, 2)
        for line, row in enumerate(block.decode("utf-8", "replace").split("\n"), first_line):
            cells = [cell.strip().strip('"') for cell in row.split(",")] + [""] * (value_at + 1)
            if _TIME.fullmatch(cells[time_at]) and _put(cells[time_at], cells[event_at], cells[value_at], samples):
                found += 1
            elif row.strip() and line > 1:
                other, first_other = other + 1, first_other or line
    if not columns:
        raise InputError(f"{path} is empty: it should hold rows t_s,event.")
    if not found:
        raise InputError(f"{path} holds no row such as `0,LIGHTS_OFF` or `28800,RISE`: is it the right file?")
    repairs.rows(path, other, first_other, "left out, as no time with an event that a recording has")
    samples.events.sort()
    samples.wear.sort()
    samples.mood.sort()


def _put(t_s: str, event: str, value: str, samples: Samples) -> bool:
    """False if it says nothing that a recording holds."""
    t_ms = round(float(t_s) * 1000)
    if event in _WEAR:
        samples.wear.append((t_ms, _WEAR[event]))
        return True
    if event == "MOOD":
        mood = _MOOD.fullmatch(value)
        if mood:
            samples.mood.append((t_ms, int(mood[1]), int(mood[2]), bool(mood[3])))
        return mood is not None
    code = EventCode.__members__.get(event, int(event) if re.fullmatch(r"\d{1,3}", event, re.ASCII) else 0)
    arg = 0 if code in _PLAIN or not value else int(value) if _ARG.fullmatch(value) else _LARGEST_ARG + 1
    if not EventCode.TIME_ZERO < code < 256 or not -_LARGEST_ARG <= arg <= _LARGEST_ARG:
        return False
    samples.events.append((t_ms, int(code), arg))
    return True
