"""What a journal says about its hub: wearables, links, boots and clocks, spans and their ledger. Reads only.

For `hub status`, which is another process than the daemon; what it shows is what the journal held a moment ago.
"""

from __future__ import annotations

from typing import Any

from evensong_firmware.power.energy import lasts_h
from evensong_wire.frames import Plan

from . import documents
from .evening import Evening, evening_of
from .journal import Journal
from .ledger import count
from .lock import is_running
from .timeline import boots_of


def status(journal: Journal, battery_mah: int = 500) -> dict[str, Any]:
    """JSON values throughout; the keys are those of `evensong hub status --json`. battery_mah: of the wearables."""
    return {
        "hub_id": journal.hub_id.hex(),
        "journal": str(journal.path),
        "running": is_running(journal.path),
        "links": _links(journal),
        "wearables": [
            _wearable(journal, device_id, battery_mah)
            for (device_id,) in journal.db.execute("SELECT device_id FROM device")
        ],
        "nexus": [
            {"url": url, "waiting": waiting}
            for url, waiting in journal.db.execute(
                "SELECT nexus, (SELECT count(*) FROM document WHERE document.change > cursor.change) FROM cursor"
            )
        ],
    }


def _links(journal: Journal) -> list[dict[str, Any]]:
    rows = journal.db.execute(
        "SELECT address, device_id, state, since_utc_ms, failures, detail FROM link ORDER BY since_utc_ms"
    )
    return [
        {
            "address": address,
            "device_id": device_id.hex() if device_id else None,
            "state": state,
            "since_utc_ms": since,
            "failures": failures,
            "detail": detail,
        }
        for address, device_id, state, since, failures, detail in rows
    ]


def _wearable(journal: Journal, device_id: bytes, battery_mah: int) -> dict[str, Any]:
    name, board, firmware, battery_pct, duplicates, damaged, hostile, seen = journal.db.execute(
        """SELECT name, board, firmware, battery_pct, duplicates, damaged, hostile, last_seen_utc_ms FROM device
           WHERE device_id = ?""",
        (device_id,),
    ).fetchone()
    return {
        "device_id": device_id.hex(),
        "name": name,
        "board": board,
        "firmware": firmware,
        "battery_pct": battery_pct,
        "last_seen_utc_ms": seen,
        "duplicates": duplicates,
        "damaged": damaged,
        "hostile": hostile,
        "forecast_h": _forecast(board, battery_mah, battery_pct),
        "evening": _evening(journal, device_id),
        "timelines": [
            _timeline(journal, row, incarnation)
            for row, device, incarnation in documents.timelines(journal)
            if device == device_id
        ],
    }


def _forecast(board: str, battery_mah: int, battery_pct: int | None) -> dict[str, list[int]] | None:
    """Hours that the battery lasts with each plan, at least and at most; 63 is that and more. None: unknown charge."""
    if battery_pct is None:
        return None
    return {plan.name: list(lasts_h(board, plan, battery_mah, min(100, battery_pct))) for plan in Plan}


def _evening(journal: Journal, device_id: bytes) -> dict[str, Any] | None:
    """What its latest timeline says; None without a flight check."""
    rows = [row for row, each, _ in documents.timelines(journal) if each == device_id]
    evening = evening_of(journal, rows[-1]) if rows else Evening()
    if evening.check is None:
        return None
    return {
        "sentence": evening.sentence(),
        "failed": evening.failed(),
        "proposed": evening.proposed(),
        "plan": evening.plan,
        "agreed_by": evening.agreed_by,
        "in_force": evening.in_force,
        "clock_steps_s": evening.clock_steps_s,
        "cues": evening.cues,
    }


def _timeline(journal: Journal, row: int, incarnation: bytes) -> dict[str, Any]:
    boots = boots_of(journal, row)
    successors = [boot.begins for boot in boots[1:]] + [None]
    counts = [count(journal, boot, after) for boot, after in zip(boots, successors, strict=False)]
    kept = documents.of_timeline(journal, row)
    (frames,) = journal.db.execute(
        "SELECT count(*) FROM frame JOIN boot ON boot.id = frame.boot WHERE timeline = ?", (row,)
    ).fetchone()
    digest = journal.db.execute("SELECT digest FROM staging WHERE timeline = ?", (row,)).fetchone()
    sampled, stored = [each.sampled for each in counts], [each.stored for each in counts]
    return {
        "incarnation": incarnation.hex(),
        "sampled": sum(n for n in sampled if n is not None) if None not in sampled else None,
        "stored": sum(n for n in stored if n is not None) if None not in stored else None,
        "transferred": sum(each.transferred for each in counts),
        "forwarded": sum(each.accepted_samples or 0 for each in kept),
        "frames": frames,
        "digest": digest[0] if digest else None,
        "boots": [
            {
                "boot_id": boot.boot_id,
                "starts_ms": boot.starts_ms,
                "clock_pairs": boot.fit.pairs if boot.fit else 0,
                "drift_ppm": round(boot.fit.drift_ppm, 2) if boot.fit else None,
                "residual_ms": round(boot.fit.residual_ms, 1) if boot.fit else None,
            }
            for boot in boots
        ],
        "spans": [_span(each) for each in kept],
    }


def _span(kept: documents.Kept) -> dict[str, Any]:
    document = kept.document()
    return {
        "document_id": str(kept.document_id),
        "kind": str(kept.kind),
        "state": str(kept.state),
        "revision": kept.revision,
        "first_epoch": kept.first_epoch,
        "epochs": kept.epochs,
        "start_utc_ms": document.start_utc_ms,
        "tst_min": document.summary.tst_min,
        "samples": document.ledger.samples.model_dump() | {"forwarded": kept.accepted_samples},
        "frames": document.ledger.frames.model_dump() | {"forwarded": kept.accepted_frames},
        "gaps": [gap.model_dump(mode="json") for gap in document.ledger.gaps],
        "refused": kept.refused,
    }
