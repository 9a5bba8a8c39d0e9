"""The Nexus's store: one SQLite file in WAL mode. The only place in this room that speaks SQL.

Invariant: of each document the highest revision that its hub ever sent is kept, whatever the order and number of the
requests and however many run at once. Each `put` is one transaction that begins with a write, so it holds SQLite's
write lock before it looks at anything. No clock is read: the same documents make the same store.

Tokens are 256 random bits, of which the store keeps the SHA-256: nothing that can be guessed, so nothing to slow down.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, create_engine, event, func, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, IntegrityError

from evensong.errors import ConfigError, EvensongError, InputError, Unavailable
from evensong.nexus.tables import documents, hubs
from evensong.record import Kind, SpanDocument, State, parse

HEAD = "0001"  # the newest step in `migrations`; a test compares
MAX_NAME = 60


class Outcome(StrEnum):
    """What a `put` did, or found."""

    CREATED = "created"
    REPLACED = "replaced"  # a lower revision was there
    ALREADY_HERE = "already-here"  # the same revision with the same content was there
    NEWER_HERE = "newer-here"  # a higher revision was there, and stays
    CONFLICT = "conflict"  # the same revision with other content was there, and stays
    NOT_YOURS = "not-yours"  # another hub wrote this document first


@dataclass(frozen=True, slots=True)
class Hub:
    key: int
    name: str
    revoked: bool
    nights: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it lies in the store, and the name of the hub that sent it."""

    document: SpanDocument
    hub_name: str


class Store:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> Self:
        """The store in this file, made if there is none, migrated if it is old. EvensongError if it cannot be had."""
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # nobody else's business
            engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
            event.listen(engine, "connect", _pragmas)
            with engine.begin() as connection:
                _migrate(connection, path)
        return cls(engine)

    def errors(self) -> AbstractContextManager[None]:
        """What the database raises within, as one sentence of ours."""
        return _told(Path(self._engine.url.database or ""))

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enroll(self, name: str) -> str:
        """A token for the hub of this name; it cannot be shown again. A revoked hub gets its documents back with it."""
        name = name.strip()
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise InputError(f"A hub's name has 1 to {MAX_NAME} printable characters, such as `bedroom`.")
        token = f"evensong_{secrets.token_urlsafe(32)}"
        with self._engine.begin() as connection:
            again = update(hubs).where(hubs.c.name == name, hubs.c.revoked)
            if connection.execute(again.values(token_sha256=_digest(token), revoked=False)).rowcount:
                return token
            try:
                connection.execute(insert(hubs).values(name=name, token_sha256=_digest(token), revoked=False))
            except IntegrityError:
                raise InputError(
                    f"A hub named {name!r} is enrolled already; for a new token, revoke it first."
                ) from None
        return token

    def revoke(self, name: str) -> None:
        """The hub's token is worth nothing from now on; its nights stay."""
        with self._engine.begin() as connection:
            if not connection.execute(update(hubs).where(hubs.c.name == name).values(revoked=True)).rowcount:
                raise InputError(f"No hub is named {name!r}; `evensong nexus hubs` lists them.")

    def hubs(self) -> list[Hub]:
        count = func.count(documents.c.document_id).label("nights")
        join = hubs.outerjoin(documents, (documents.c.hub == hubs.c.id) & _shown())
        query = select(hubs, count).select_from(join).group_by(hubs.c.id).order_by(hubs.c.name)
        with self._engine.connect() as connection:
            return [Hub(row.id, row.name, row.revoked, row.nights) for row in connection.execute(query)]

    def hub_of(self, token: str) -> Hub | None:
        """The enrolled hub that this token belongs to, None if there is none or it was revoked."""
        query = select(hubs).where(hubs.c.token_sha256 == _digest(token), ~hubs.c.revoked)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Hub(row.id, row.name, row.revoked)

    def put(self, hub: Hub, document: SpanDocument) -> tuple[Outcome, int]:
        """Keep this revision if none as high is here. Returns what happened and the revision that is here now."""
        body = document.to_json()
        row: dict[str, Any] = {
            "document_id": str(document.document_id),
            "hub": hub.key,
            "kind": document.kind.value,
            "state": document.state.value,
            "revision": document.revision,
            "start_utc_ms": document.start_utc_ms,
            "device_id": document.device_id,
            "first_epoch": document.first_epoch,
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
        }
        mine = (documents.c.document_id == row["document_id"]) & (documents.c.hub == hub.key)
        with self._engine.begin() as connection:
            if connection.execute(insert(documents).values(row).on_conflict_do_nothing()).rowcount:
                return Outcome.CREATED, document.revision
            if connection.execute(
                update(documents).where(mine, documents.c.revision < document.revision).values(row)
            ).rowcount:
                return Outcome.REPLACED, document.revision
            here = connection.execute(select(documents).where(documents.c.document_id == row["document_id"])).one()
        if here.hub != hub.key:
            return Outcome.NOT_YOURS, here.revision
        if here.revision > document.revision:
            return Outcome.NEWER_HERE, here.revision
        return (Outcome.ALREADY_HERE if here.sha256 == row["sha256"] else Outcome.CONFLICT), here.revision

    def night(self, document_id: UUID) -> Stored | None:
        """The night of this id, withdrawn ones included; None if there is none."""
        query = _with_hub().where(documents.c.document_id == str(document_id), documents.c.kind == Kind.NIGHT.value)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _stored(row)

    def nights(self, limit: int, offset: int = 0) -> list[Stored]:
        """Nights that were not withdrawn, the latest first; those that never knew the time come last."""
        order = (
            documents.c.start_utc_ms.desc().nulls_last(),
            documents.c.device_id,
            documents.c.first_epoch.desc(),
            documents.c.document_id,
        )
        query = _with_hub().where(_shown()).order_by(*order).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def count_nights(self) -> int:
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(documents).where(_shown())).scalar_one()


def _shown() -> Any:
    return (documents.c.kind == Kind.NIGHT.value) & (documents.c.state != State.WITHDRAWN.value)


def _with_hub() -> Any:
    return select(documents.c.body, hubs.c.name).join_from(documents, hubs)


def _stored(row: Row[Any]) -> Stored:
    return Stored(parse(row.body), row.name)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        if getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise Unavailable(f"The disk of {path} is full: free some space there.") from None
        raise ConfigError(f"{path} cannot be the Nexus's store ({reason}); name another file with --store.") from None


def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what was withdrawn is overwritten, not just unlinked


def _migrate(connection: Connection, path: Path) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # whole or not at all, and one process at a time
    tables = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'")).scalars().all()
    if "alembic_version" in tables:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version == HEAD:  # the usual start, a quarter of a second sooner without Alembic
            return
        if version is not None and version > HEAD:
            raise EvensongError(
                f"{path} was written by a newer Evensong (store {version}, we know {HEAD}): update this one."
            )
    elif tables:
        raise ConfigError(f"{path} is a database of something else; name another file with --store.")

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
