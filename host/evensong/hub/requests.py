"""What a person wants a wearable to do: the command line leaves it in the journal, the session sends it and notes what
the wearable replies.

Sent at most once: a link that is lost in between leaves it unanswered, because a cue that comes twice, or an hour late,
is worse than one that does not come.
"""

from __future__ import annotations

from dataclasses import dataclass

from evensong_wire.models import Reply

from .journal import Journal

LOOK_S = 5.0  # between two looks of a session for requests
VALID_MS = 60_000


@dataclass(frozen=True, slots=True)
class Request:
    """code: of the wire's CommandCode."""

    row: int
    code: int
    arg: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """status: of the reply, None while there is none."""

    sent: bool
    status: int | None
    body: str


def leave(journal: Journal, device_id: bytes, code: int, arg: bytes, utc_ms: int) -> int:
    """For the session of this wearable. Returns the request's row."""
    with journal.transaction() as db:
        made = db.execute(
            "INSERT INTO request (device_id, code, arg, made_utc_ms, expires_utc_ms) VALUES (?, ?, ?, ?, ?)",
            (device_id, code, arg, utc_ms, utc_ms + VALID_MS),
        )
        assert made.lastrowid is not None
        return made.lastrowid


def take(journal: Journal, device_id: bytes, utc_ms: int) -> Request | None:
    """The oldest that waits and is still wanted; from now on it counts as sent."""
    row = journal.db.execute(
        """SELECT id, code, arg FROM request WHERE device_id = ? AND sent_utc_ms IS NULL AND expires_utc_ms >= ?
           ORDER BY id LIMIT 1""",
        (device_id, utc_ms),
    ).fetchone()
    if row is None:
        return None
    with journal.transaction() as db:
        db.execute("UPDATE request SET sent_utc_ms = ? WHERE id = ?", (utc_ms, row[0]))
    return Request(row[0], row[1], bytes(row[2]))


def answered(journal: Journal, row: int, reply: Reply) -> None:
    body = "".join(letter for letter in reply.body.decode("utf-8", "replace") if letter.isprintable())
    with journal.transaction() as db:
        db.execute("UPDATE request SET status = ?, body = ? WHERE id = ?", (reply.status, body, row))


def outcome(journal: Journal, row: int) -> Outcome:
    sent, status, body = journal.db.execute(
        "SELECT sent_utc_ms, status, body FROM request WHERE id = ?", (row,)
    ).fetchone()
    return Outcome(sent is not None, status, body or "")
