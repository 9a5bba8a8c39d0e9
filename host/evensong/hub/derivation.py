"""A window of the timeline turned into documents: staged, cut into spans, counted, labelled with UTC.

Which document a span continues, and whether it says anything new, is `night`'s business.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Literal

import numpy as np

from evensong.config import OriginSettings
from evensong.record import Kind, NightPlan, Passport, SpanDocument, State, Summary
from evensong.staging import EPOCH_MS, Hypnogram, NightSpan, Samples, find, gather, lay_out, shipped, stage
from evensong.staging.series import Series
from evensong_wire.frames import EventCode, Plan, PlanBy
from evensong_wire.models import Event

from .documents import Identity
from .journal import Journal
from .ledger import Share, Times, count, ledger, shares
from .spans import GIVEN_UP_MS, SETTLED_MS, Span, clip, cut, input_sha256, is_final, per_epoch, stretches
from .timeline import TooMuch
from .window import Window

LATEST_UTC_MS = (1 << 32) * 1000 - 96 * 3_600_000  # where the wire's seconds and the document's times end, less a span
LONGEST_MS = 60 * 86_400_000  # of a window; more than a spool holds
_PLANS: dict[int, Literal["lean", "spare"]] = {Plan.LEAN: "lean", Plan.SPARE: "spare"}
_BY: dict[int, Literal["button", "command"]] = {PlanBy.BUTTON: "button", PlanBy.COMMAND: "command"}
CLOCKS_AGREE_MS = 3_600_000  # within a span; if two boots disagree by more, the first one's clock labels both ends


@dataclass(frozen=True, slots=True)
class Staged:
    """A stretch of samples and what became of it. csv: of the hypnogram, which takes longer to write than to hash."""

    series: Series
    nights: list[NightSpan]
    hypnogram: Hypnogram
    csv: bytes
    passport: Passport


@dataclass(frozen=True, slots=True)
class Derived:
    """One span with all that its document says."""

    span: Span
    state: State
    staged: Staged
    share: Share


def derive(journal: Journal, window: Window, times_ms: Times, silent_ms: int) -> list[Derived]:
    """The spans of a window, in order. times_ms: its samples' times, sorted, at least one. silent_ms: since anything
    came, by the hub's clock. TooMuch if they cover more than `LONGEST_MS`."""
    runs = stretches(times_ms - window.zero_ms)
    if sum(last_ms - first_ms for first_ms, last_ms in runs) > LONGEST_MS:
        raise TooMuch(f"samples of more than {LONGEST_MS // 86_400_000} days that are not settled")
    gathered = gather(window.to_stage(), {boot.key: boot.starts_ms or 0 for boot in window.boots})
    whole = len(runs) == 1 and window.from_ms is None
    parts = [_stage(gathered if whole else clip(gathered, *run)) for run in runs]
    heard_ms = window.heard_ms() - window.zero_ms
    cuts: list[tuple[Span, State, Staged]] = []
    for (_, last_ms), staged in zip(runs, parts, strict=True):
        latest = staged is parts[-1]
        over = not latest or heard_ms - last_ms >= SETTLED_MS or silent_ms >= GIVEN_UP_MS
        for span in cut(staged.series.epochs, staged.nights, complete=over):
            final = not latest or is_final(span, last_sample_ms=last_ms, heard_ms=heard_ms, silent_ms=silent_ms)
            cuts.append((span, State.FINAL if final else State.PROVISIONAL, staged))
    starts_ms = [window.zero_ms + span.first_epoch * EPOCH_MS for span, _, _ in cuts]
    successors = [boot.begins for boot in window.boots[1:]] + [None]
    counts = [count(journal, boot, after) for boot, after in zip(window.boots, successors, strict=True)]
    counted = shares(window.boots, window.frames(), counts, starts_ms, window.from_ms)
    return [Derived(*each, share) for each, share in zip(cuts, counted, strict=True)]


def _stage(samples: Samples) -> Staged:
    series = lay_out(samples)
    nights = find(samples, series)
    hypnogram = stage(samples, spans=nights)
    csv = hypnogram.csv_bytes()
    passport = Passport(
        model_sha256=_model_sha256(),
        stager_version=f"evensong {version('evensong')}",
        input_sha256=input_sha256(samples),
        hypnogram_sha256=hashlib.sha256(csv).hexdigest(),
    )
    return Staged(series, nights, hypnogram, csv, passport)


@cache
def _model_sha256() -> str:
    return shipped().sha256


def document(derived: Derived, window: Window, identity: Identity, origin: OriginSettings) -> SpanDocument:
    """The document of a span, as revision 1."""
    span = derived.span
    arrays = per_epoch(span, derived.staged.hypnogram, derived.staged.series)
    start_ms, end_ms = (window.zero_ms + epoch * EPOCH_MS for epoch in (span.first_epoch, span.end_epoch))
    start, end = _utc(window, start_ms), _utc(window, end_ms)
    if start and end and not 0 <= end[0] - start[0] <= end_ms - start_ms + CLOCKS_AGREE_MS:
        end = start[0] + end_ms - start_ms, start[1]
    return SpanDocument(
        document_id=identity.document_id,
        device_id=identity.device_id,
        device_name=identity.device_name,
        hub_id=identity.hub_id,
        kind=span.kind,
        state=derived.state,
        revision=1,
        start_utc_ms=start[0] if start and end else None,
        end_utc_ms=end[0] if start and end else None,
        uncertainty_ms=max(start[1], end[1]) if start and end else None,
        utc_offset_min=_offset_min(start[0]) if start and end else None,
        bounds=span.bounds,
        first_epoch=span.first_epoch,
        stages=arrays.stages,
        p=arrays.p,
        heart_rate_bpm=arrays.heart_rate_bpm,
        activity_count=arrays.activity_count,
        summary=Summary.of(arrays.stages),
        ledger=ledger(derived.share, staged=_staged(derived), zero_ms=window.zero_ms),
        thinner_plan=_thinner_plan(window, start_ms, end_ms),
        passport=derived.staged.passport if span.kind is Kind.NIGHT else None,
        synthetic=origin.synthetic,
        source=origin.source or None,
        citation=origin.citation or None,
    )


def _thinner_plan(window: Window, start_ms: int, end_ms: int) -> NightPlan | None:
    """The last one that was in force between two instants of the timeline."""
    said = [
        (placed.at_ms, placed.frame.body.arg)
        for held in window.frames()
        for placed in held
        if isinstance(placed.frame.body, Event) and placed.frame.body.code == EventCode.PLAN
    ]
    ends_ms = [at_ms for at_ms, _ in said[1:]] + [end_ms]
    for (at_ms, arg), until_ms in reversed(list(zip(said, ends_ms, strict=False))):
        plan, by = _PLANS.get(arg & 0xFF), _BY.get(arg >> 8 & 0xFF)
        if plan and by and at_ms < end_ms and until_ms > start_ms:
            return NightPlan(plan=plan, agreed_by=by, from_ms=at_ms - window.zero_ms)
    return None


def _staged(derived: Derived) -> int:
    """Samples of the span that lie in an epoch of the hypnogram."""
    decided = derived.staged.hypnogram.epoch
    inside = np.count_nonzero((decided >= derived.span.first_epoch) & (decided < derived.span.end_epoch))
    complete = inside == derived.span.end_epoch - derived.span.first_epoch
    return derived.share.transferred if complete else 0


def _utc(window: Window, timeline_ms: int) -> tuple[int, int] | None:
    """(UTC, uncertainty) in ms, by the boot that the instant lies in; by its neighbours if that one knew no time."""
    before = [boot for boot in window.boots if (boot.starts_ms or 0) <= timeline_ms]
    after = [boot for boot in window.boots if (boot.starts_ms or 0) > timeline_ms]
    for boot in [*reversed(before), *after]:
        if (utc := boot.utc_at(timeline_ms)) is not None and 0 <= utc[0] < LATEST_UTC_MS:
            return utc
    return None


def _offset_min(utc_ms: int) -> int:
    """Local time of the hub, which is at the bedside, minus UTC."""
    offset = datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)
