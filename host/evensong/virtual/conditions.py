"""In what state a replay finds the evening: a weak battery, a full spool, a wrong clock, a hub that is away.

Written `battery:12,spool:95,clock:-3600,hub:away`. With any of them the wearer of the replay uses the button: a hold at
the recording's lights-off, which makes the wearable do its flight check; one press that agrees to what it may propose;
and a hold at rising if the recording has none.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import Any

from evensong.errors import InputError
from evensong.hub.evening import Evening
from evensong_wire.frames import EventCode

from .interpreters import command_of
from .tape import BATTERY, BUTTON, EVENT, Record, Tape
from .wearable import FIRMWARE, SHIM, Wearable

HOLD_MS = 2500
AGREES_AFTER_MS = 15_000
PRESS_MS = 150
WITHOUT_MARK_MS = 600_000  # lights-off in a recording that does not say when it was
PREPARE = SHIM / "bench" / "prepare_flash.py"


@dataclass(frozen=True)
class Conditions:
    """None: as ever. battery_pct: at the start. spool_pct: so full of frames that no hub has fetched. clock_s: how far
    the wearable's clock is ahead. hub_away: until the recording has been played."""

    battery_pct: int | None = None
    spool_pct: int | None = None
    clock_s: int | None = None
    hub_away: bool = False

    def on_tape(self, tape: Tape) -> Tape:
        """The tape with battery and button on it, and without the lights-off that the button now says."""
        marks = {a: t_ms for t_ms, kind, a, _ in reversed(tape.records) if kind == EVENT}
        off_ms = marks.get(EventCode.LIGHTS_OFF, WITHOUT_MARK_MS)
        pressed_ms = max(0, off_ms - HOLD_MS + 500)
        records = [record for record in tape.records if record[1:3] != (EVENT, EventCode.LIGHTS_OFF)]
        if self.battery_pct is not None:
            records.append((0, BATTERY, self.battery_pct, 0))
        records += _press(pressed_ms, HOLD_MS) + _press(pressed_ms + HOLD_MS + AGREES_AFTER_MS, PRESS_MS)
        if EventCode.RISE not in marks:
            records += _press(max(pressed_ms + 60_000, tape.end_ms - 60_000), HOLD_MS)
        records.sort(key=lambda record: record[:2])
        return Tape(records)

    def prepare(self, wearable: Wearable, utc_ms: int) -> None:
        """Let an earlier boot of the firmware leave what it left in flash. utc_ms: when the wearable is started."""
        if self.clock_s is not None:
            wearable.extra["EVENSONG_RTC_S"] = str(utc_ms // 1000 + self.clock_s)
        elif self.spool_pct is None:
            return
        before_s = 0 if self.clock_s is None else utc_ms // 1000 + self.clock_s - 60
        arguments = [str(wearable.flash), str(self.spool_pct or 0), str(before_s)]
        environment = {**os.environ, "MICROPYPATH": f".frozen:{FIRMWARE.parent}", "PYTHONPATH": str(FIRMWARE.parent)}
        command = [*command_of(wearable.hardware.interpreter), str(PREPARE), *arguments]
        subprocess.run(command, env=environment, check=True, timeout=300)


@dataclass(frozen=True)
class Played:
    """A tape under conditions, as a `line.Played`."""

    conditions: Conditions
    tape: Tape
    utc_ms: int

    @property
    def end_ms(self) -> int:
        return self.tape.end_ms

    def give(self, wearable: Wearable) -> None:
        self.conditions.on_tape(self.tape).give(wearable)
        self.conditions.prepare(wearable, self.utc_ms)


def _press(at_ms: int, for_ms: int) -> list[Record]:
    return [(at_ms, BUTTON, 1, 0), (at_ms + for_ms, BUTTON, 0, 0)]


def parse(text: str) -> Conditions | None:
    """None for no conditions. Raises InputError with the piece that is wrong."""
    found: dict[str, Any] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = piece.partition(":")
        if name in found:
            raise InputError(f"The condition `{name}` is named twice.")
        if name == "hub" and value == "away":
            found[name] = True
        elif name in ("battery", "spool"):
            found[name] = _number(piece, value, 0, 100 if name == "battery" else 98)
        elif name == "clock":
            found[name] = _number(piece, value, -86_400, 86_400)
        else:
            raise InputError(f"There is no condition `{piece}`: write battery:12,spool:95,clock:-3600,hub:away.")
    if not found:
        return None
    return Conditions(found.get("battery"), found.get("spool"), found.get("clock"), found.get("hub", False))


def _number(piece: str, value: str, low: int, high: int) -> int:
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise InputError(f"`{piece}`: the number must lie between {low} and {high}.")
    return number


def figures(evening: Evening) -> dict[str, Any]:
    """What `evensong replay --json` says of the evening; keys in README.md."""
    check = evening.check
    return {
        "flight_check": None
        if check is None
        else {
            "failed": evening.failed(),
            "battery_pct": check.battery_pct,
            "battery_h": [check.low_h, check.high_h],
            "wanted_h": check.wanted_h,
            "proposed": evening.proposed(),
        },
        "plan": evening.plan,
        "agreed_by": evening.agreed_by,
        "clock_steps_s": evening.clock_steps_s,
    }
