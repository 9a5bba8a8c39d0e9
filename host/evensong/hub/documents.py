"""The journal's documents: one row each, its latest revision, and how far a Nexus has them.

`change` grows with every write, so an uploader needs no queue but a cursor over it. A revision that the Nexus accepted
is remembered with its counts, which is what "forwarded" means in the ledger.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from evensong.record import Kind, SpanDocument, State, parse

from .journal import Journal


@dataclass(frozen=True, slots=True)
class Identity:
    """What names a document: its id, the wearable in hex and by name, the hub in hex."""

    document_id: UUID
    device_id: str
    device_name: str | None
    hub_id: str


@dataclass(frozen=True, slots=True)
class LastStaging:
    """What the last derivation of a timeline covered. up_to_frame: `frame.id`. zero_ms: recording time 0."""

    up_to_frame: int
    zero_ms: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A document in the journal, unparsed. accepted_*: of the revision that the Nexus has, None if it has none."""

    document_id: UUID
    timeline: int
    first_epoch: int
    epochs: int
    kind: Kind
    state: State
    revision: int
    samples: int
    frames: int
    content: str
    change: int
    accepted_revision: int | None
    accepted_samples: int | None
    accepted_frames: int | None
    refused: str | None

    @property
    def end_epoch(self) -> int:
        return self.first_epoch + self.epochs

    def document(self) -> SpanDocument:
        return parse(self.content)


_COLUMNS = ", ".join(field.name for field in fields(Kept))


def _kept(row: tuple[Any, ...]) -> Kept:
    document_id, timeline, first_epoch, epochs, kind, state, *rest = row
    return Kept(UUID(bytes=document_id), timeline, first_epoch, epochs, Kind(kind), State(state), *rest)


def of_timeline(journal: Journal, timeline: int) -> list[Kept]:
    """All documents of a timeline, withdrawn ones included, in the order of their epochs."""
    rows = journal.db.execute(
        f"SELECT {_COLUMNS} FROM document WHERE timeline = ? ORDER BY first_epoch, change",  # noqa: S608, ours
        (timeline,),
    )
    return [_kept(row) for row in rows]


def write(journal: Journal, timeline: int, document: SpanDocument) -> None:
    """Keep a revision in place of the one before."""
    samples, frames = document.ledger.samples.transferred, document.ledger.frames.transferred
    with journal.transaction() as db:
        (last,) = db.execute("SELECT coalesce(max(change), 0) FROM document").fetchone()
        db.execute(
            """INSERT INTO document (document_id, timeline, first_epoch, epochs, kind, state, revision, samples, frames,
                                     content, change)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET first_epoch = excluded.first_epoch, epochs = excluded.epochs,
               kind = excluded.kind, state = excluded.state, revision = excluded.revision, samples = excluded.samples,
               frames = excluded.frames, content = excluded.content, change = excluded.change, refused = NULL""",
            (
                document.document_id.bytes,
                timeline,
                document.first_epoch,
                len(document.stages),
                str(document.kind),
                str(document.state),
                document.revision,
                samples,
                frames,
                document.to_json().decode(),
                last + 1,
            ),
        )


def waiting(journal: Journal, nexus: str) -> Kept | None:
    """The next document behind the cursor of this Nexus."""
    row = journal.db.execute(
        f"""SELECT {_COLUMNS} FROM document
            WHERE change > coalesce((SELECT change FROM cursor WHERE nexus = ?), 0)
            ORDER BY change LIMIT 1""",  # noqa: S608, ours
        (nexus,),
    ).fetchone()
    return _kept(row) if row else None


def accepted(journal: Journal, nexus: str, kept: Kept) -> None:
    """The Nexus has this revision: remember it, and move the cursor."""
    with journal.transaction() as db:
        db.execute(
            """UPDATE document SET accepted_revision = ?, accepted_samples = ?, accepted_frames = ?
               WHERE document_id = ?""",
            (kept.revision, kept.samples, kept.frames, kept.document_id.bytes),
        )
        _move(journal, nexus, kept.change)


def refused(journal: Journal, nexus: str, kept: Kept, reason: str) -> None:
    """The Nexus will never take this revision: say why, and go on with the next."""
    with journal.transaction() as db:
        db.execute(
            "UPDATE document SET refused = ? WHERE document_id = ? AND change = ?",
            (reason, kept.document_id.bytes, kept.change),
        )
        _move(journal, nexus, kept.change)


def overtake(journal: Journal, nexus: str, kept: Kept, revision: int) -> None:
    """The Nexus has this or another content under that revision: write ours above it."""
    with journal.transaction():
        write(journal, kept.timeline, kept.document().model_copy(update={"revision": revision + 1}))
        _move(journal, nexus, kept.change)


def exists(journal: Journal, document_id: UUID) -> bool:
    query = "SELECT 1 FROM document WHERE document_id = ?"
    return journal.db.execute(query, (document_id.bytes,)).fetchone() is not None


def last_staging(journal: Journal, timeline: int) -> LastStaging | None:
    row = journal.db.execute("SELECT up_to_frame, zero_ms FROM staging WHERE timeline = ?", (timeline,)).fetchone()
    return LastStaging(*row) if row else None


def write_staging(journal: Journal, timeline: int, covered: LastStaging, epochs: range, csv: bytes) -> None:
    """Keep what the latest stretch of a timeline was staged into. csv: the hypnogram."""
    with journal.transaction() as db:
        db.execute(
            """INSERT OR REPLACE INTO staging (timeline, up_to_frame, first_epoch, epochs, digest, hypnogram, zero_ms)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                timeline,
                covered.up_to_frame,
                epochs.start,
                len(epochs),
                hashlib.sha256(csv).hexdigest(),
                csv,
                covered.zero_ms,
            ),
        )


def timelines(journal: Journal) -> list[tuple[int, bytes, bytes]]:
    """(row, device id, incarnation) of every timeline, oldest first."""
    return journal.db.execute("SELECT id, device_id, incarnation FROM timeline ORDER BY id").fetchall()


def _move(journal: Journal, nexus: str, change: int) -> None:
    journal.db.execute(
        "INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET change = max(change, excluded.change)",
        (nexus, change),
    )
