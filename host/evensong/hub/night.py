"""Journal in, documents out: gathers what arrived, stages it, and keeps the timeline's spans as revisioned documents.

What it is not: it is not told of frames and has no state that matters; whenever it runs, the same journal gives the
same documents. A document keeps its id as long as it overlaps the span that it was made for, its revision grows only
when it says something new, and what no longer stands is withdrawn.

It runs in the event loop's thread: a night is staged in tens of milliseconds, and it is not staged at every frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid5

import structlog

from evensong.clock import Clock
from evensong.config import OriginSettings
from evensong.errors import Unavailable
from evensong.record import SpanDocument, State
from evensong.staging import EPOCH_MS
from evensong_wire.codec import decode
from evensong_wire.frames import EventCode
from evensong_wire.frames import Kind as FrameKind
from evensong_wire.models import Event

from . import documents, spans
from .derivation import Derived, derive, document
from .documents import Identity, Kept, LastStaging
from .interruptible import interruptible
from .journal import Journal
from .timeline import BootOnAxis, pin
from .window import Window, settled_before

LOOK_S = 60.0  # least time between two looks at the journal
ALWAYS_LOOK_S = 1800.0  # what falls silent becomes final without a frame that says so
STEP_MS = 10 * 60_000  # of device time between derivations, or a twelfth of the window if that is more, up to
LONGEST_STEP_MS = 60 * 60_000
STEP_PART = 12
REST_MS = 60 * 60_000  # of the hub's time after which samples are staged though no more come, and what failed again
CLOCK_STEP_MS = 2_000  # a clock fit that moves by less is not news
TELLING = (EventCode.RISE, EventCode.LIGHTS_OFF, EventCode.TIME_ZERO)
NAMESPACE = UUID("5b1b7a52-7a0c-5f5e-9a55-6d1f0c1f9e2a")

_log = structlog.get_logger("evensong.hub.night")


class Stager:
    """changed: called after documents changed. origin: what they say about where the measurements come from."""

    def __init__(self, journal: Journal, clock: Clock, origin: OriginSettings, changed: Callable[[], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._origin = origin
        self._changed = changed
        self._windows: dict[int, Window] = {}
        self._refused_ms: dict[int, int] = {}  # timeline -> UTC at which it could not be staged
        self._derived_ms: dict[int, int] = {}  # timeline -> timeline time reached at the last derivation

    async def run(self, journalled: asyncio.Event) -> None:
        """Derive at the start, and then whenever enough has come; for ever."""
        while True:
            journalled.clear()
            try:
                with self._journal.errors(), interruptible():
                    self.look()
            except Unavailable as error:
                _log.warning("not staged", detail=error.message)
            await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(ALWAYS_LOOK_S - LOOK_S):
                    await journalled.wait()
            except TimeoutError:
                continue

    def look(self) -> None:
        """Derive every timeline that has news; the first time, every timeline."""
        changed = False
        for row, device_id, incarnation in documents.timelines(self._journal):
            if self._has_news(row):
                try:
                    with self._journal.transaction():
                        changed |= self._derive(row, device_id, incarnation)
                except (ValueError, ArithmeticError, LookupError) as error:  # one wearable's claims cost no other
                    self._windows.pop(row, None)
                    self._refused_ms[row] = self._clock.utc_ms()
                    _log.warning("not staged", device=device_id.hex(), detail=str(error).partition("\n")[0])
        if changed:
            self._changed()

    def _has_news(self, row: int) -> bool:
        if self._clock.utc_ms() < self._refused_ms.get(row, 0) + REST_MS:
            return False
        window = self._windows.get(row)
        if window is None or not window.boots:
            return True
        db = self._journal.db
        fresh = db.execute(
            """SELECT kind, boot_id, time_ms, samples, raw FROM frame JOIN boot ON boot.id = frame.boot
               WHERE timeline = ? AND frame.id > ?""",
            (row, window.up_to),
        ).fetchall()
        newest = window.boots[-1]
        reached_ms = 0
        sampled = False
        for kind, boot_id, time_ms, samples, raw in fresh:
            if boot_id != newest.boot_id or (kind == FrameKind.EVENT and _tells(bytes(raw))):
                return True
            reached_ms = max(reached_ms, (newest.starts_ms or 0) + time_ms)
            sampled |= samples > 0
        derived_ms = self._derived_ms[row]
        length_ms = derived_ms - (window.from_ms or window.boots[0].starts_ms or 0)
        if fresh and reached_ms - derived_ms >= min(LONGEST_STEP_MS, max(STEP_MS, length_ms // STEP_PART)):
            return True
        silent_ms = self._silent_ms(row)
        if sampled and silent_ms >= REST_MS:
            return True
        provisional = "SELECT 1 FROM document WHERE timeline = ? AND state = ?"
        waiting = db.execute(provisional, (row, str(State.PROVISIONAL))).fetchone() is not None
        return waiting and silent_ms >= spans.GIVEN_UP_MS

    def _silent_ms(self, row: int) -> int:
        """By the hub's clock: since the last frame of this timeline came."""
        query = "SELECT max(received_utc_ms) FROM frame JOIN boot ON boot.id = frame.boot WHERE timeline = ?"
        (last,) = self._journal.db.execute(query, (row,)).fetchone()
        return 0 if last is None else self._clock.utc_ms() - int(last)

    def _derive(self, row: int, device_id: bytes, incarnation: bytes) -> bool:
        """Bring the documents of a timeline up to date. Returns whether any changed."""
        boots = pin(self._journal, row, self._clock.utc_ms())
        if not boots:
            return False
        kept = [each for each in documents.of_timeline(self._journal, row) if each.state is not State.WITHDRAWN]
        last = documents.last_staging(self._journal, row)
        window = self._window(row, boots, kept, last)
        if last is not None and window.zero_ms != last.zero_ms:  # TIME_ZERO came: every epoch has another number now
            shift = round((last.zero_ms - window.zero_ms) / EPOCH_MS)
            kept = [replace(each, first_epoch=each.first_epoch + shift) for each in kept]
            if window.from_ms is not None:
                window = self._windows[row] = Window(row)
                window.read(self._journal, boots)
        self._derived_ms[row] = window.heard_ms()
        times_ms = window.times_ms()
        if not len(times_ms):
            return False
        derived = derive(self._journal, window, times_ms, self._silent_ms(row))
        latest = derived[-1].staged
        covered = LastStaging(window.up_to, window.zero_ms)
        documents.write_staging(self._journal, row, covered, latest.series.epochs, latest.csv)
        open_from = None if window.from_ms is None else (window.from_ms - window.zero_ms) // EPOCH_MS
        movable = [each for each in kept if open_from is None or each.end_epoch > open_from]
        changed = self._revise(row, (device_id, incarnation), window, derived, movable)
        window.begin(window.zero_ms, settled_before(documents.of_timeline(self._journal, row)))
        return changed

    def _window(self, row: int, boots: list[BootOnAxis], kept: list[Kept], last: LastStaging | None) -> Window:
        """The window, up to date; it begins earlier than before if something came late for what was left alone."""
        window = self._windows.setdefault(row, Window(row))
        if last is not None and window.up_to == 0:  # the hub has just started
            window.begin(last.zero_ms, settled_before(kept))
        if last is not None and window.from_ms is not None:
            (early_ms,) = self._journal.db.execute(
                """SELECT min(starts_ms + time_ms) FROM frame JOIN boot ON boot.id = frame.boot
                   WHERE timeline = ? AND frame.id > ? AND samples > 0""",
                (row, last.up_to_frame),
            ).fetchone()
            if early_ms is not None and early_ms < window.from_ms:
                epoch = (early_ms - last.zero_ms) // EPOCH_MS
                window = self._windows[row] = Window(row)
                starts = [each.first_epoch for each in kept if each.end_epoch > epoch]
                window.begin(last.zero_ms, min([epoch, *starts]))
        window.read(self._journal, boots)
        return window

    def _revise(
        self, row: int, who: tuple[bytes, bytes], window: Window, derived: list[Derived], old: list[Kept]
    ) -> bool:
        """Write what changed: new revisions, new documents, withdrawals."""
        (name,) = self._journal.db.execute("SELECT name FROM device WHERE device_id = ?", who[:1]).fetchone()
        hub_id = self._journal.hub_id
        given = match([each.span for each in derived], old)
        changed = False
        for each, before in zip(derived, given, strict=True):
            ident = before.document_id if before else self._new_id(hub_id, who, each.span)
            identity = Identity(ident, who[0].hex(), name[:80] or None, hub_id.hex())
            new = revise(before.document() if before else None, document(each, window, identity, self._origin))
            if new is not None:
                documents.write(self._journal, row, new)
                said = {"state": str(new.state), "revision": new.revision, "epochs": len(new.stages)}
                _log.info(str(new.kind), document=str(ident), **said)
                changed = True
        for gone in old:
            if gone not in given:
                documents.write(self._journal, row, gone.document().withdraw())
                _log.info("withdrawn", document=str(gone.document_id))
                changed = True
        return changed

    def _new_id(self, hub_id: bytes, who: tuple[bytes, bytes], span: spans.Span) -> UUID:
        """Derived from what it names; counted on where a withdrawn document or one that moved away has that id."""
        name = f"{hub_id.hex()} {who[0].hex()} {who[1].hex()} {span.kind} {span.first_epoch}"
        again = 0
        while documents.exists(self._journal, ident := uuid5(NAMESPACE, f"{name} {again}")):
            again += 1
        return ident


def _tells(raw: bytes) -> bool:
    body = decode(raw).body
    return isinstance(body, Event) and body.code in TELLING


def match(new: list[spans.Span], old: list[Kept]) -> list[Kept | None]:
    """For each span the document that it continues: of its kind, with the largest overlap, each document once."""
    pairs = sorted(
        (
            (min(span.end_epoch, kept.end_epoch) - max(span.first_epoch, kept.first_epoch), i, k)
            for i, span in enumerate(new)
            for k, kept in enumerate(old)
            if kept.kind is span.kind
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    given: list[Kept | None] = [None] * len(new)
    taken: set[int] = set()
    for overlap, i, k in pairs:
        if overlap > 0 and given[i] is None and k not in taken:
            given[i] = old[k]
            taken.add(k)
    return given


def revise(before: SpanDocument | None, after: SpanDocument) -> SpanDocument | None:
    """The next revision of a document; None if it says nothing new.

    No news: another passport for the same stages (the rest of the timeline went on), duplicates, and UTC that moved by
    less than `CLOCK_STEP_MS` while a clock fit improves; what is not news stays as it was.
    """
    if before is None:
        return after
    kept: dict[str, object] = {"revision": before.revision}
    if _near(before.start_utc_ms, after.start_utc_ms) and _near(before.end_utc_ms, after.end_utc_ms):
        kept |= {name: getattr(before, name) for name in ("start_utc_ms", "end_utc_ms", "uncertainty_ms")}
    same = after.model_copy(update={**kept, "passport": before.passport})
    if same == before:
        return None
    return after.model_copy(update={**kept, "revision": before.revision + 1})


def _near(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) < CLOCK_STEP_MS
