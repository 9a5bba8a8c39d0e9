"""What became of every sample of a replay, read from the hub's journal after the hub (or between two of its turns).

Reads only, and only what the hub has published: its documents, its staging, its counters of a device, and the
wearable's last status frame.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evensong.hub.journal import Journal, JournalError
from evensong.record import Kind, SpanDocument, State, parse
from evensong_wire import codec, frames
from evensong_wire.models import Status


@dataclass(frozen=True)
class Reckoning:
    """Samples at each step, the sum over all documents. What the wearable never told counts as 0, so that it shows.
    digest: of the hypnogram."""

    sampled: int
    stored: int
    transferred: int
    staged: int
    forwarded: int
    duplicates: int
    gaps: int
    lost_s: float
    digest: str


def reckon(path: Path) -> Reckoning:
    """Over everything that the hub heard of."""
    return _reckon(path, lambda document: document.state is not State.WITHDRAWN)


def reckon_nights(path: Path) -> Reckoning:
    """Over its nights only, for wearables that go on measuring."""
    return _reckon(path, lambda document: document.state is not State.WITHDRAWN and document.kind is Kind.NIGHT)


def _reckon(path: Path, counts: Callable[[SpanDocument], bool]) -> Reckoning:
    with Journal.open(path, read_only=True) as journal:
        documents = [document for document, _ in _documents(journal) if counts(document)]
        ledgers = [document.ledger for document in documents]
        samples = [ledger.samples for ledger in ledgers]
        (duplicates,) = journal.db.execute("SELECT coalesce(sum(duplicates), 0) FROM device").fetchone()
        accepted = journal.db.execute("SELECT document_id, accepted_samples FROM document")
        forwarded = {bytes(document): n or 0 for document, n in accepted}
        digests = [digest for (digest,) in journal.db.execute("SELECT digest FROM staging ORDER BY timeline")]
    gaps = [gap for ledger in ledgers for gap in ledger.gaps]
    return Reckoning(
        sampled=sum(steps.sampled or 0 for steps in samples),
        stored=sum(steps.stored or 0 for steps in samples),
        transferred=sum(steps.transferred for steps in samples),
        staged=sum(steps.staged for steps in samples),
        forwarded=sum(forwarded.get(document.document_id.bytes, 0) for document in documents),
        duplicates=duplicates,
        gaps=len(gaps),
        lost_s=round(sum(gap.lost_s for gap in gaps), 3),
        digest=digests[-1] if digests else "",
    )


def is_finished(path: Path, end_ms: int) -> bool:
    """True once the wearable has nothing left that the journal lacks, and every document is final and with the Nexus.

    end_ms: device time of the newest boot after which nothing more is sampled.
    """
    with contextlib.suppress(JournalError), Journal.open(path, read_only=True) as journal:
        return _nothing_held_back(journal, end_ms) and _all_forwarded(journal)
    return False


def has_final_night(path: Path, _: int) -> bool:
    """True once there is a final night that the Nexus has."""
    with contextlib.suppress(JournalError), Journal.open(path, read_only=True) as journal:
        return any(
            accepted and document.kind is Kind.NIGHT and document.state is State.FINAL
            for document, accepted in _documents(journal)
        )
    return False


def _all_forwarded(journal: Journal) -> bool:
    documents = list(_documents(journal))
    if not documents or not all(
        accepted and document.state is not State.PROVISIONAL for document, accepted in documents
    ):
        return False
    unstaged = "SELECT count(*) FROM frame WHERE samples > 0 AND id > (SELECT max(up_to_frame) FROM staging)"
    return int(journal.db.execute(unstaged).fetchone()[0]) == 0


def _nothing_held_back(journal: Journal, end_ms: int) -> bool:
    """By the last status frame of the newest boot: it is from after the end, and what was sampled is in the journal."""
    newest = journal.db.execute("SELECT id FROM boot ORDER BY timeline DESC, boot_id DESC LIMIT 1").fetchone()
    if newest is None:
        return False
    query = "SELECT raw FROM frame WHERE boot = ? AND kind = ? AND time_ms >= ? ORDER BY seq DESC LIMIT 1"
    raw = journal.db.execute(query, (newest[0], int(frames.Kind.STATUS), end_ms)).fetchone()
    if raw is None:
        return False
    status = codec.decode(raw[0]).body
    (samples,) = journal.db.execute("SELECT sum(samples) FROM frame WHERE boot = ?", newest).fetchone()
    return isinstance(status, Status) and status.sampled == status.stored + status.dropped == samples + status.dropped


def _documents(journal: Journal) -> Iterator[tuple[SpanDocument, bool]]:
    """Each with whether the Nexus has this very revision."""
    query = "SELECT content, revision = accepted_revision FROM document ORDER BY change"
    for content, accepted in journal.db.execute(query):
        yield parse(content), bool(accepted)
