"""A timeline taken out of the journal as a recording, which stages to the hub's own digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.container import BootStart, RecordingHeader, writing

from . import documents
from .journal import Journal
from .timeline import BootOnAxis, boots_of


def export(journal: Journal, device_id: bytes, out: Path, incarnation: bytes | None = None) -> int:
    """Write the frames of a device's timeline (None: the latest); return how many. InputError if there is none.

    A boot that has not been placed in time yet is left out: the hub has not staged it either.
    """
    found = [
        (row, its)
        for row, device, its in documents.timelines(journal)
        if device == device_id and incarnation in (None, its)
    ]
    if not found:
        raise InputError(f"The journal has nothing of {device_id.hex()}; `evensong hub status` lists what it has.")
    row, _ = found[-1]
    boots = [boot for boot in boots_of(journal, row) if boot.starts_ms is not None]
    if not boots:
        raise InputError(f"The frames of {device_id.hex()} are not placed in time yet: let the hub run for a minute.")
    (name,) = journal.db.execute("SELECT name FROM device WHERE device_id = ?", (device_id,)).fetchone()
    staged = documents.last_staging(journal, row)
    zero_ms = staged.zero_ms if staged else 0
    header = RecordingHeader(
        device_id=device_id,
        source="hub",
        source_id=name or None,
        synthetic=False,
        utc_at_zero_ms=_utc_at(boots, zero_ms),
        citation=None,
        boots=tuple(BootStart(boot.incarnation, boot.boot_id, boot.starts_ms or 0) for boot in boots),
    )
    count = 0
    with writing(out, header) as put:
        for raw in _raws(journal, boots):
            put(raw)
            count += 1
    return count


def _raws(journal: Journal, boots: list[BootOnAxis]) -> Iterator[bytes]:
    for boot in boots:
        for (raw,) in journal.db.execute("SELECT raw FROM frame WHERE boot = ? ORDER BY seq", (boot.row,)):
            yield bytes(raw)


def _utc_at(boots: list[BootOnAxis], timeline_ms: int) -> int | None:
    known = (boot.utc_at(timeline_ms) for boot in boots)
    return next((utc[0] for utc in known if utc is not None), None)
