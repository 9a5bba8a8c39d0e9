"""A document as a page needs it: every drawing made, every sentence written, so that templates only place them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evensong.record import EPOCH_S, SpanDocument, Stage, Summary
from evensong.ui import hypnogram, traces, words
from evensong.ui.axis import Axis
from evensong.ui.hypnogram import LANES

_CODES = {Stage.WAKE: "W", Stage.REM: "R", Stage.LIGHT: "L", Stage.DEEP: "D", Stage.UNKNOWN: "?", Stage.NOT_NIGHT: "-"}


@dataclass(frozen=True, slots=True)
class NightCard:
    """A night in a list."""

    document_id: str
    title: str
    hours: str
    where: str
    asleep: str
    state: str
    state_help: str
    synthetic: bool
    complete: bool
    mark: str
    ledger: str
    sparkline: Markup

    @classmethod
    def of(cls, document: SpanDocument, hub_name: str) -> NightCard:
        axis = Axis.of(document)
        state, state_help = words.STATES[document.state]
        return cls(
            document_id=str(document.document_id),
            title=words.night_title(document, weekday="%a"),
            hours=words.night_hours(document, axis),
            where=f"{document.device_name or document.device_id} · {hub_name}",
            asleep=words.duration(document.summary.tst_min),
            state=state,
            state_help=state_help,
            synthetic=document.synthetic,
            complete=words.is_complete(document.ledger),
            mark=words.ledger_mark(document.ledger),
            ledger=words.ledger_sentence(document.ledger, arrived=True),
            sparkline=hypnogram.sparkline(
                document.stages, axis, f"s{document.document_id.hex}", _told(document.summary)
            ),
        )


@dataclass(frozen=True, slots=True)
class Tile:
    term: str
    value: str
    definition: str


@dataclass(frozen=True, slots=True)
class Share:
    css_class: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Bout:
    """Consecutive epochs of one stage: a row of the table that says what the drawings show."""

    start: str
    end: str
    stage: str
    css_class: str
    minutes: str
    sure: str
    heart_rate: str


@dataclass(frozen=True, slots=True)
class NightView:
    """A night on its own page."""

    document: SpanDocument
    hub_name: str
    title: str
    hours: str
    state: str
    state_help: str
    clock: str
    bounds: str
    asleep: str
    asleep_help: str
    tiles: list[Tile]
    shares: list[Share]
    proportions: Markup
    hypnogram: Markup
    probabilities: Markup
    heart_rate: Markup
    heart_range: tuple[int, int] | None
    movement: Markup
    lost: Markup | None
    axis_labels: Markup
    complete: bool
    ledger: str
    steps: list[tuple[str, str, bool]]
    frames: str
    gaps: list[str]
    plan: str
    bouts: list[Bout]
    crosshair: dict[str, Any]

    @classmethod
    def of(cls, document: SpanDocument, hub_name: str, *, arrived: bool = True) -> NightView:
        """arrived: the document lies where this page is served, so what it stages has been forwarded."""
        axis = Axis.of(document)
        state, state_help = words.STATES[document.state]
        told = _told(document.summary)
        ledger = document.ledger
        shares = _shares(document.summary)
        return cls(
            document=document,
            hub_name=hub_name,
            title=words.night_title(document),
            hours=words.night_hours(document, axis),
            state=state,
            state_help=state_help,
            clock=words.clock_sentence(document),
            bounds=words.bounds_sentence(document),
            asleep=words.duration(document.summary.tst_min),
            asleep_help=words.DEFINITIONS["Asleep"],
            tiles=_tiles(document.summary),
            shares=[Share(stage, words.STAGE_NAMES[stage], words.duration(minutes)) for stage, minutes in shares],
            proportions=hypnogram.proportions([(s, m or 0) for s, m in shares], "shares", told),
            hypnogram=hypnogram.hypnogram(document.stages, axis, "hypnogram", told),
            probabilities=hypnogram.probabilities(document.p, "probabilities", _sure(document)),
            heart_rate=traces.heart_rate(
                document.heart_rate_bpm, axis, "heart", _range("beats per minute", document.heart_rate_bpm)
            ),
            heart_range=traces.heart_range(document.heart_rate_bpm),
            movement=traces.movement(
                document.activity_count, axis, "movement", _range("counts per epoch", document.activity_count)
            ),
            lost=traces.lost(ledger.gaps, document.first_epoch, axis, "lost", words.count(len(ledger.gaps), "gap"))
            if ledger.gaps
            else None,
            axis_labels=traces.axis_labels(axis),
            complete=words.is_complete(ledger),
            ledger=words.ledger_sentence(ledger, arrived=arrived),
            steps=_steps(document, arrived=arrived),
            frames=f"{words.count(ledger.frames.transferred, 'frame')} arrived, "
            f"{words.count(ledger.duplicates, 'duplicate')} dropped.",
            gaps=[words.gap_sentence(gap, axis, document.first_epoch) for gap in ledger.gaps],
            plan=words.plan_sentence(document, axis),
            bouts=_bouts(document, axis),
            crosshair={
                "stages": "".join(_CODES[s] for s in document.stages),
                "sure": document.confidence(),
                "bpm": document.heart_rate_bpm,
                "counts": document.activity_count,
                "zero_ms": axis.zero_ms,
                "epoch_ms": axis.epoch_ms,
                "has_clock": axis.has_clock,
            },
        )


def _told(summary: Summary) -> str:
    if summary.tst_min is None:
        return f"{words.duration(summary.tib_min)} in bed, of which nothing could be staged."
    shares = ", ".join(f"{words.STAGE_NAMES[s].lower()} {words.duration(m)}" for s, m in _shares(summary) if m)
    return f"{words.duration(summary.tst_min)} asleep of {words.duration(summary.tib_min)} in bed: {shares}."


def _shares(summary: Summary) -> list[tuple[Stage, float | None]]:
    minutes = {
        Stage.WAKE: summary.wake_min,
        Stage.REM: summary.rem_min,
        Stage.LIGHT: summary.light_min,
        Stage.DEEP: summary.deep_min,
    }
    return [*((stage, minutes[stage]) for stage in LANES), (Stage.UNKNOWN, summary.unknown_min)]


def _tiles(summary: Summary) -> list[Tile]:
    values = {
        "Time in bed": words.duration(summary.tib_min),
        "Efficiency": "–" if summary.se_pct is None else f"{summary.se_pct:.0f} %",
        "Fell asleep after": words.duration(summary.sol_min),
        "Awake in between": words.duration(summary.waso_min),
        "First REM after": words.duration(summary.rem_latency_min),
        "Unknown": words.duration(summary.unknown_min),
    }
    return [Tile(term, value, words.DEFINITIONS[term]) for term, value in values.items()]


def _steps(document: SpanDocument, *, arrived: bool) -> list[tuple[str, str, bool]]:
    """Name, number and whether nothing is missing, of each step of the ledger."""
    s = document.ledger.samples
    forwarded = s.staged if arrived else s.forwarded
    steps = {
        "sampled": s.sampled,
        "stored": s.stored,
        "transferred": s.transferred,
        "staged": s.staged,
        "forwarded": forwarded,
    }
    return [(name, "–" if n is None else f"{n:,}", n is not None and n == s.sampled) for name, n in steps.items()]


def _bouts(document: SpanDocument, axis: Axis) -> list[Bout]:
    confidence = document.confidence()
    found = []
    for run in hypnogram.runs(document.stages):
        sure = traces.mean(confidence[run.start : run.stop])
        heart = traces.mean(document.heart_rate_bpm[run.start : run.stop])
        found.append(
            Bout(
                start=axis.time(run.start),
                end=axis.time(run.stop),
                stage=words.STAGE_NAMES[run.stage],
                css_class=run.stage,
                minutes=f"{(run.stop - run.start) * EPOCH_S / 60:g}",
                sure="–" if sure is None else f"{sure / 10:.0f} %",
                heart_rate="–" if heart is None else f"{heart:.0f}",
            )
        )
    return found


def _sure(document: SpanDocument) -> str:
    mean = traces.mean(document.confidence())
    if mean is None:
        return "No epoch has probabilities."
    return f"The likeliest stage has a probability of {mean / 10:.0f} % on average."


def _range(unit: str, values: Sequence[float | None]) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "Nothing was measured."
    missing = len(values) - len(known)
    gone = f"; {words.duration(missing * EPOCH_S / 60)} without" if missing else ""
    return f"{min(known):.0f} to {max(known):.0f} {unit}{gone}."
