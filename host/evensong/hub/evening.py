"""What the frames say of an evening: the flight check, the plan that was agreed to, a wrong clock. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field

from evensong_wire.codec import decode
from evensong_wire.errors import WireError
from evensong_wire.frames import Check, EventCode, Kind, Plan, PlanBy
from evensong_wire.models import Event, FlightCheck

from .journal import Journal

REMEMBERED = 200  # events of a timeline that are looked through, the latest


@dataclass
class Evening:
    """check: the latest flight check. check_utc_ms: when it came. plan: what was agreed to since then, by `agreed_by`
    (`button` or `command`, None: nothing was); in_force: until its night ended. clock_steps_s: by how much the clock
    was behind, each time that a hub found it wrong. cues: False while the wearer has them switched off."""

    check: FlightCheck | None = None
    check_utc_ms: int | None = None
    plan: str = Plan.FULL.name
    agreed_by: str | None = None
    in_force: bool = False
    clock_steps_s: list[int] = field(default_factory=list)
    cues: bool = True

    def failed(self) -> list[str]:
        return (
            []
            if self.check is None
            else [each.name.lower() for each in Check if each & self.check.failed and each.name]
        )

    def proposed(self) -> str | None:
        if self.check is None:
            return None
        plan = self.check.proposed
        return plan.name if isinstance(plan, Plan) else str(plan)

    def sentence(self) -> str | None:
        """For people; None if there was no flight check."""
        check = self.check
        if check is None:
            return None
        names = self.failed()
        said = "all is well for the night" if not names else f"not for the night: {', '.join(names)}"
        battery = "" if check.battery_pct is None else f" (battery {check.battery_pct} %, with the full plan "
        if battery:
            battery += (
                f"{check.low_h} to {check.high_h}{' or more' if check.high_h == 63 else ''} of {check.wanted_h} h)"
            )
        agreed = f"; agreed by {self.agreed_by} to {self.plan}" if self.agreed_by else ""
        proposed = f"; {self.proposed()} was proposed" if check.proposed else ""
        return f"Flight check: {said}{battery}{proposed}{agreed}."


def evening_of(journal: Journal, timeline: int) -> Evening:
    """By the latest events of a timeline."""
    rows = journal.db.execute(
        """SELECT raw, received_utc_ms FROM frame JOIN boot ON boot.id = frame.boot WHERE timeline = ? AND kind = ?
           ORDER BY boot_id DESC, seq DESC LIMIT ?""",
        (timeline, int(Kind.EVENT), REMEMBERED),
    ).fetchall()
    evening = Evening()
    for raw, received_utc_ms in reversed(rows):
        try:
            body = decode(bytes(raw)).body
        except WireError:
            continue
        if isinstance(body, Event):
            _take(evening, body, received_utc_ms)
    return evening


def _take(evening: Evening, event: Event, utc_ms: int) -> None:
    match event.code:
        case EventCode.FLIGHT_CHECK:
            evening.check, evening.check_utc_ms = FlightCheck.of(event.arg), utc_ms
            evening.plan, evening.agreed_by, evening.in_force = Plan.FULL.name, None, False
        case EventCode.PLAN:
            plan, by = event.arg & 0xFF, event.arg >> 8 & 0xFF
            evening.in_force = plan != Plan.FULL
            if evening.in_force and plan in list(Plan) and by in list(PlanBy):
                evening.plan, evening.agreed_by = Plan(plan).name, PlanBy(by).name.lower()
        case EventCode.CLOCK_SET:
            evening.clock_steps_s.append(event.arg)
        case EventCode.CUES:
            evening.cues = bool(event.arg)
