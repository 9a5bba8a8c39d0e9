"""What the pages say: durations, dates, the ledger and the bounds of a night in plain English, and definitions."""

from __future__ import annotations

from evensong.record import BoundSource, Cause, Gap, Ledger, SpanDocument, Stage, State
from evensong.ui.axis import Axis, position, wall

STAGE_NAMES = {
    Stage.WAKE: "Wake",
    Stage.REM: "REM",
    Stage.LIGHT: "Light",
    Stage.DEEP: "Deep",
    Stage.UNKNOWN: "Unknown",
    Stage.NOT_NIGHT: "Not staged",
}

STATES = {
    State.PROVISIONAL: ("Provisional", "More of this night may still arrive; its numbers can change."),
    State.FINAL: ("Final", "Everything the hub knows of has arrived. Late data would make a new revision."),
    State.WITHDRAWN: ("Withdrawn", "This night was taken back."),
}

DEFINITIONS = {
    "Asleep": "Total sleep time (TST): all epochs of 30 s staged as light, deep or REM. Unknown epochs are not in it.",
    "Time in bed": "TIB: from lights-off to rising, as far as these are known.",
    "Efficiency": "Sleep efficiency (SE): total sleep time in percent of the time in bed. Unknown epochs count as not "
    "asleep, so the true value is this or higher.",
    "Fell asleep after": "Sleep onset latency (SOL): from lights-off to the first epoch of sleep.",
    "Awake in between": "Wake after sleep onset (WASO): all wake epochs after the first epoch of sleep, until rising.",
    "First REM after": "REM latency: from the first epoch of sleep to the first epoch of REM.",
    "Unknown": "Epochs that the stager would not decide: too little was measured, or its probabilities were too even. "
    "They are neither sleep nor wake in any number here.",
}

_BOUNDS = {
    BoundSource.WEARER: "marked by the wearer",
    BoundSource.RECORDING: "given by the recording",
    BoundSource.DETECTED: "detected from movement and heart rate",
    BoundSource.WEAR: "taken from when the wearable was put on or off",
    BoundSource.SO_FAR: "the end of what has arrived so far",
    BoundSource.LIMIT: "cut at the longest span that a document may hold",
}

_CAUSES = {
    Cause.REBOOT: "the wearable restarted",
    Cause.SPOOL_FULL: "the wearable's memory was full",
    Cause.MISSING: "frames never arrived, though they were asked for again",
    Cause.SENSOR: "a sensor failed",
}


def duration(minutes: float | None) -> str:
    """`7 h 12 min`, `48.5 min`; an en dash where there is none."""
    if minutes is None:
        return "–"
    if minutes < 60:
        return f"{minutes:g} min"
    whole = int(minutes)  # half minutes do not matter beside hours
    return f"{whole // 60} h {whole % 60:02} min"


def seconds(value: float) -> str:
    return f"{value:.3g} s" if value < 120 else duration(round(value / 60))


def night_title(document: SpanDocument, weekday: str = "%A") -> str:
    """The evening and the morning of a night, or what it is called where no clock was known. weekday: `%a` is short."""
    if document.start_utc_ms is None or document.end_utc_ms is None:
        return "A night without a clock"
    shift = (document.utc_offset_min or 0) * 60_000
    start, end = wall(document.start_utc_ms + shift), wall(document.end_utc_ms + shift)
    if start.date() == end.date():
        return f"{start:{weekday}} {start.day} {start:%B %Y}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:{weekday}} {start.day} to {end:{weekday}} {end.day} {end:%B %Y}"
    if start.year == end.year:
        return f"{start:{weekday}} {start.day} {start:%B} to {end:{weekday}} {end.day} {end:%B %Y}"
    return f"{start:{weekday}} {start.day} {start:%B %Y} to {end:{weekday}} {end.day} {end:%B %Y}"


def night_hours(document: SpanDocument, axis: Axis) -> str:
    """From when to when, and by which clock."""
    span = f"{axis.time(0)} to {axis.time(axis.epochs)}"
    if not axis.has_clock:
        return f"{span} hours of the recording"
    return f"{span} {clock_name(document)}"


def clock_name(document: SpanDocument) -> str:
    if document.start_utc_ms is None:
        return "recording time"
    if document.utc_offset_min is None:
        return "UTC"
    hours, minutes = divmod(abs(document.utc_offset_min), 60)
    sign = "−" if document.utc_offset_min < 0 else "+"
    return f"local time (UTC{sign}{hours}{f':{minutes:02}' if minutes else ''})"


def clock_sentence(document: SpanDocument) -> str:
    """How far the times on the page can be trusted."""
    if document.uncertainty_ms is None:
        return "The wearable was never told the time, so times count from the recording's zero."
    if document.uncertainty_ms < 1_000:
        return "Times are right to within a second."
    return f"Times are right to within {seconds(document.uncertainty_ms / 1_000)}."


def bounds_sentence(document: SpanDocument) -> str:
    start, end = _BOUNDS[document.bounds.start], _BOUNDS[document.bounds.end]
    if start == end:
        return f"Lights-off and rising are {start}."
    return f"Lights-off is {start}; rising is {end}."


def is_complete(ledger: Ledger) -> bool:
    """True if everything that was sampled is known to have made it to a decision."""
    s = ledger.samples
    return s.sampled is not None and {s.stored, s.transferred, s.staged} == {s.sampled} and not ledger.gaps


def ledger_sentence(ledger: Ledger, *, arrived: bool) -> str:
    """The ledger's first sentence. arrived: the document lies here, so what it stages has been forwarded."""
    s = ledger.samples
    forwarded = s.staged if arrived else s.forwarded
    if is_complete(ledger) and forwarded == s.sampled:
        return f"{count(s.sampled, 'sample')}: all sampled, stored, transferred, staged and forwarded; nothing lost."
    if is_complete(ledger):
        return f"{count(s.sampled, 'sample')}: all sampled, stored, transferred and staged; not all forwarded yet."
    if s.sampled is None:
        return f"{count(s.transferred, 'sample')} arrived; how many the wearable took is not known."
    missing = s.sampled - s.transferred
    if missing > 0:
        return f"{count(s.sampled, 'sample')} sampled, {s.transferred:,} transferred: {missing:,} did not arrive."
    if ledger.gaps and missing == 0 and s.staged == s.sampled:
        return f"{count(s.sampled, 'sample')}: every one that was stored has arrived and is staged, but there are gaps."
    return f"{count(s.sampled, 'sample')} sampled, {s.transferred:,} transferred, {s.staged:,} staged."


def ledger_mark(ledger: Ledger) -> str:
    """The ledger in two or three words, for a list."""
    s = ledger.samples
    if is_complete(ledger):
        return "nothing lost"
    if s.sampled is not None and s.sampled > s.transferred:
        return f"{s.sampled - s.transferred:,} lost"
    if ledger.gaps:
        return count(len(ledger.gaps), "gap")
    return "not all counted" if s.sampled is None else "not all staged"


_PLANS = {
    "lean": "heart rate from 10 s of every 30 s instead of each beat",
    "spare": "heart rate from 10 s of every 30 s instead of each beat, and the radio off until rising",
}
_AGREED = {"button": "by a press on the wearable", "command": "from the hub"}


def plan_sentence(document: SpanDocument, axis: Axis) -> str:
    """What a thinner plan was and who agreed to it; empty for the full one."""
    plan = document.thinner_plan
    if plan is None:
        return ""
    at = axis.time(position(plan.from_ms, document.first_epoch))
    return (
        f"From {at} the {plan.plan} plan was in force, agreed to {_AGREED[plan.agreed_by]}: {_PLANS[plan.plan]}. "
        "What it leaves out was never sampled, so the ledger does not miss it."
    )


def gap_sentence(gap: Gap, axis: Axis, first_epoch: int) -> str:
    at = axis.time(position(gap.from_ms, first_epoch))
    samples = "" if gap.samples is None else f", {count(gap.samples, 'sample')}"
    which = f" ({gap.sensor.replace('-', ' ')})" if gap.sensor else ""
    return f"{at}: {seconds(gap.lost_s)}{samples} lost, because {_CAUSES[gap.cause]}{which}."


def count(n: int | None, noun: str) -> str:
    return f"{n or 0:,} {noun}{'' if n == 1 else 's'}"
