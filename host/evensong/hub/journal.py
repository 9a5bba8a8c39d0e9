"""The journal: SQLite in one file, the only place where the hub's parts meet.

What it is not: a cache. Every frame is kept as it came, and everything else can be derived from frames again.

Invariant: when `append` returns, its frames survive power loss (WAL with `synchronous=FULL`); only then may anyone
acknowledge them. A frame's identity is (device, incarnation, boot, seq); a second copy changes nothing.

It runs in the thread of the event loop. A transaction costs one sync of the disk (0.13 ms on an SSD, some 10 ms on an
SD card) and there are a few a minute, so a thread would only add hand-overs and orders of events to reason about.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from evensong.errors import EvensongError, Unavailable
from evensong_wire.models import Frame, Header, Hello, samples_in

SCHEMA = Path(__file__).parent / "schema"
APPLICATION_ID = 0x45564A31  # "EVJ1"
FULL_RETRY_S = 60.0
_FOREIGN = "{} is not a journal of Evensong: choose another path for `hub.journal`."


class JournalError(EvensongError):
    """The journal cannot be used until a person has done something about it."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of a spool: older boots first, then by number."""

    boot_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the journal of a timeline ends: its last frame, and how many samples it has of that frame's boot."""

    last: Position
    samples: int


@dataclass(frozen=True, slots=True)
class Appended:
    new: int
    duplicates: int


class Journal:
    """db: for the modules of this room that own tables beside the frames (`timeline`, `documents`, `ledger`)."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.db = db
        self.path = path

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Journal:
        """Open, make or migrate. JournalError says in one sentence why it cannot be."""
        if path.is_dir():
            raise JournalError(f"{path} is a folder: name the journal's file in it.")
        try:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)  # nobody else's business
            elif not path.exists():
                raise JournalError(f"There is no journal at {path}: `evensong hub run` makes it.")
            uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)
        except OSError as error:
            raise JournalError(f"The journal {path} cannot be made: {error.strerror}.") from error
        except sqlite3.Error as error:
            raise _translated(error, path) from error
        journal = cls(db, path)
        try:
            journal._prepare(read_only=read_only)
        except BaseException:
            db.close()
            raise
        return journal

    def _prepare(self, *, read_only: bool) -> None:
        scripts = sorted(SCHEMA.glob("[0-9][0-9][0-9][0-9].sql"))
        newest = int(scripts[-1].stem)
        with self.errors():
            version, application = self._pragma("user_version"), self._pragma("application_id")
            empty = not self.db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
            if application != APPLICATION_ID and not empty:
                raise JournalError(_FOREIGN.format(self.path))
            if version > newest:
                raise JournalError(
                    f"{self.path} was written by a newer Evensong (version {version}, this one knows {newest}): "
                    "update Evensong, or give `hub.journal` another path."
                )
            self.db.execute("PRAGMA foreign_keys = ON")
            if read_only:
                if version < newest:
                    raise JournalError(f"{self.path} is of an older version: `evensong hub run` migrates it.")
                return
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            for script in scripts[version:]:
                with self.transaction():
                    for statement in _statements(script.read_text(encoding="utf-8")):
                        self.db.execute(statement)
                    self.db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    self.db.execute(f"PRAGMA user_version = {int(script.stem)}")
            if not self.db.execute("SELECT 1 FROM hub").fetchone():
                self.db.execute("INSERT INTO hub VALUES (?)", (secrets.token_bytes(8),))

    def _pragma(self, name: str) -> int:
        return int(self.db.execute(f"PRAGMA {name}").fetchone()[0])

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """What SQLite raises within, as one sentence of ours; for those who read `db` themselves."""
        try:
            yield
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable when left. Within another transaction it is part of that one."""
        if self.db.in_transaction:
            yield self.db
            return
        with self.errors():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # some failures have rolled back already
                    self.db.execute("ROLLBACK")
                raise

    @property
    def hub_id(self) -> bytes:
        with self.errors():
            return bytes(self.db.execute("SELECT hub_id FROM hub").fetchone()[0])

    def greet(self, hello: Hello, header: Header, utc_ms: int) -> Tail | None:
        """Note who said hello, and return where the journal of that timeline ends; None if it is empty."""
        with self.transaction() as db:
            db.execute(
                """INSERT INTO device
                   (device_id, name, board, firmware, battery_pct, first_seen_utc_ms, last_seen_utc_ms)
                   VALUES (?, ?, ?, ?, ?, ?6, ?6) ON CONFLICT DO UPDATE SET name = excluded.name,
                   board = excluded.board, firmware = excluded.firmware, battery_pct = excluded.battery_pct,
                   last_seen_utc_ms = excluded.last_seen_utc_ms""",
                (
                    hello.device_id,
                    hello.name,
                    hello.board,
                    ".".join(map(str, hello.firmware)),
                    hello.battery_pct,
                    utc_ms,
                ),
            )
            self._boot(hello.device_id, header.incarnation, header.boot_id, utc_ms)
        return self.tail(hello.device_id, header.incarnation)

    def tail(self, device_id: bytes, incarnation: bytes) -> Tail | None:
        with self.errors():
            last = self.db.execute(
                """SELECT boot.id, boot.boot_id, max(frame.seq) FROM timeline JOIN boot ON boot.timeline = timeline.id
                   JOIN frame ON frame.boot = boot.id WHERE device_id = ? AND incarnation = ?
                   GROUP BY boot.id ORDER BY boot.boot_id DESC LIMIT 1""",
                (device_id, incarnation),
            ).fetchone()
            if last is None:
                return None
            (samples,) = self.db.execute("SELECT sum(samples) FROM frame WHERE boot = ?", last[:1]).fetchone()
        return Tail(Position(last[1], last[2]), samples)

    def append(self, device_id: bytes, frames: Iterable[Frame], utc_ms: int) -> Appended:
        """Keep numbered frames of a device that said hello. Durable when it returns."""
        new = duplicates = 0
        with self.transaction() as db:
            for frame in frames:
                header = frame.header
                boot = self._boot(device_id, header.incarnation, header.boot_id, utc_ms)
                kept = db.execute(
                    """INSERT OR IGNORE INTO frame (boot, seq, kind, time_ms, samples, received_utc_ms, raw)
                       VALUES (?, ?, ?, ?, ?, ?, ?)""",
                    (boot, header.seq, header.kind, header.time_ms, samples_in(frame.body), utc_ms, frame.raw),
                ).rowcount
                new += kept
                duplicates += 1 - kept
            db.execute(
                "UPDATE device SET duplicates = duplicates + ?, last_seen_utc_ms = ? WHERE device_id = ?",
                (duplicates, utc_ms, device_id),
            )
        return Appended(new, duplicates)

    def _boot(self, device_id: bytes, incarnation: bytes, boot_id: int, utc_ms: int) -> int:
        """Row of this boot, made if there is none."""
        find = """SELECT boot.id FROM boot JOIN timeline ON timeline.id = boot.timeline
                  WHERE device_id = ? AND incarnation = ? AND boot_id = ?"""
        if row := self.db.execute(find, (device_id, incarnation, boot_id)).fetchone():
            return int(row[0])
        self.db.execute(
            "INSERT OR IGNORE INTO timeline (device_id, incarnation) VALUES (?, ?)", (device_id, incarnation)
        )
        self.db.execute(
            """INSERT INTO boot (timeline, boot_id, first_seen_utc_ms)
               SELECT id, ?, ? FROM timeline WHERE device_id = ? AND incarnation = ?""",
            (boot_id, utc_ms, device_id, incarnation),
        )
        return int(self.db.execute(find, (device_id, incarnation, boot_id)).fetchone()[0])

    def note_pair(self, device_id: bytes, header: Header, utc_ms: int, uncertainty_ms: int) -> None:
        """Keep that the device's clock said `header.time_ms` when the hub's said `utc_ms`."""
        with self.transaction() as db:
            boot = self._boot(device_id, header.incarnation, header.boot_id, utc_ms)
            db.execute(
                "INSERT OR REPLACE INTO clock_pair VALUES (?, ?, ?, ?)", (boot, header.time_ms, utc_ms, uncertainty_ms)
            )

    def count(self, device_id: bytes, *, damaged: int, hostile: int) -> None:
        """Add to what a device's link did to us."""
        if damaged or hostile:
            with self.transaction() as db:
                db.execute(
                    "UPDATE device SET damaged = damaged + ?, hostile = hostile + ? WHERE device_id = ?",
                    (damaged, hostile, device_id),
                )

    def note_link(
        self, address: str, state: str, utc_ms: int, *, device_id: bytes | None, failures: int, detail: str
    ) -> None:
        """Say how the link to an address fares, for `hub status`."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO link VALUES (?, ?, ?, ?, ?, ?)",
                (address, device_id, state, utc_ms, failures, detail),
            )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, because `executescript` would commit the transaction around them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _translated(error: sqlite3.Error, path: Path) -> EvensongError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return Unavailable(
                f"The disk of {path} is full: free some space. The wearables keep their frames meanwhile.", FULL_RETRY_S
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(f"Another program holds {path}: is a second hub running on it?", FULL_RETRY_S)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return JournalError(f"The journal {path} cannot be written: check its permissions and those of its folder.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return JournalError(
                f"The journal {path} is damaged ({error}): move it aside, with its -wal file, and start again; "
                "`sqlite3 FILE .recover` may save what is in it."
            )
        case sqlite3.SQLITE_IOERR:
            return Unavailable(f"The disk of {path} fails ({error}): check it and its cable.", FULL_RETRY_S)
    return JournalError(f"The journal {path} cannot be used: {error}.")
