"""The store: whatever the order, number and simultaneity of puts, the highest revision stays."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from evensong.errors import ConfigError, EvensongError, InputError
from evensong.nexus import migrations
from evensong.nexus.store import HEAD, Hub, Outcome, Store
from evensong.nexus.tables import metadata
from evensong.record import Kind, SpanDocument, State

Build = Callable[..., SpanDocument]
Revisions = dict[int, SpanDocument]


@pytest.fixture(scope="session")
def revisions(make: Build) -> Revisions:
    """Five revisions of one document; the fourth is a withdrawal, and each has content of its own."""
    found = {n: make(seed=n, epochs=8, document_id=uuid.UUID(int=9), revision=n) for n in range(1, 6)}
    return found | {4: found[3].withdraw()}


def enrolled(store: Store, name: str = "bedroom") -> Hub:
    hub = store.hub_of(store.enroll(name))
    assert hub is not None
    return hub


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_any_order_and_repetition_of_revisions_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, revisions: Revisions, numbers: list[int]
) -> None:
    with Store.open(tmp_path_factory.mktemp("order") / "n.sqlite3") as store:
        hub = enrolled(store)
        seen = 0
        for number in numbers:
            outcome, stored = store.put(hub, revisions[number])
            expected = Outcome.CREATED if not seen else Outcome.REPLACED if number > seen else None
            seen = max(seen, number)
            assert stored == seen
            assert outcome == (expected or (Outcome.ALREADY_HERE if number == seen else Outcome.NEWER_HERE))
        found = store.night(uuid.UUID(int=9))
        assert found is not None
        assert found.document == revisions[max(numbers)]
        assert store.count_nights() == (max(numbers) != 4)


def test_simultaneous_puts_leave_the_highest(store: Store, revisions: Revisions) -> None:
    hub = enrolled(store)
    outcomes: list[Outcome] = []
    start = threading.Barrier(8)

    def put(number: int) -> None:
        start.wait()
        outcomes.append(store.put(hub, revisions[number])[0])

    threads = [threading.Thread(target=put, args=(n,)) for n in (1, 2, 3, 5, 5, 3, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert outcomes.count(Outcome.CREATED) == 1
    found = store.night(uuid.UUID(int=9))
    assert found is not None
    assert found.document == revisions[5]


def test_same_revision_with_other_content_is_a_conflict(store: Store, revisions: Revisions) -> None:
    hub = enrolled(store)
    store.put(hub, revisions[2])
    other = revisions[2].model_copy(update={"synthetic": True})
    assert store.put(hub, other) == (Outcome.CONFLICT, 2)
    assert store.nights(1)[0].document == revisions[2]


def test_a_document_stays_its_first_hubs(store: Store, revisions: Revisions) -> None:
    first, second = enrolled(store), enrolled(store, "nursery")
    store.put(first, revisions[1])
    assert store.put(second, revisions[5])[0] is Outcome.NOT_YOURS
    assert store.nights(9)[0].hub_name == "bedroom"


def test_what_was_withdrawn_is_not_in_the_file(tmp_path: Path, make: Build) -> None:
    path = tmp_path / "n.sqlite3"
    with Store.open(path) as store:
        hub = enrolled(store)
        document = make(epochs=900, document_id=uuid.UUID(int=9), revision=3, device_name="Felix's own wearable")
        store.put(hub, document)
        gone = document.withdraw().model_copy(update={"device_name": None})
        assert store.put(hub, gone)[0] is Outcome.REPLACED
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        found = store.night(document.document_id)
        assert found is not None
        assert found.document.state is State.WITHDRAWN
        assert b"Felix" not in path.read_bytes()
        assert b'"deep"' not in path.read_bytes()


def test_nights_come_latest_first_and_those_without_a_clock_last(store: Store, make: Build) -> None:
    hub = enrolled(store)
    clocks: list[tuple[int | None, int]] = [(5_000, 0), (None, -40), (9_000, 0), (None, 0)]
    for i, (start, first_epoch) in enumerate(clocks):
        times: dict[str, Any] = dict.fromkeys(("start_utc_ms", "end_utc_ms", "uncertainty_ms"))
        if start is not None:
            times = {"start_utc_ms": start, "end_utc_ms": start + 60_000, "uncertainty_ms": 0}
        store.put(hub, make(epochs=4, document_id=uuid.UUID(int=i), first_epoch=first_epoch, **times))
    store.put(hub, make(epochs=4, document_id=uuid.UUID(int=7), kind=Kind.DAY))
    ids = [n.document.document_id.int for n in store.nights(9)]
    assert ids == [2, 0, 3, 1]
    assert [n.document.document_id.int for n in store.nights(2, 1)] == ids[1:3]
    assert store.night(uuid.UUID(int=7)) is None, "a day is kept, but it is no night"


def test_tokens_are_shown_once_and_kept_as_fingerprints(tmp_path: Path, revisions: Revisions) -> None:
    path = tmp_path / "n.sqlite3"
    with Store.open(path) as store:
        token = store.enroll("bedroom")
        hub = store.hub_of(token)
        assert hub is not None
        assert store.hub_of(token + "x") is None
        assert store.hub_of("\udcff") is None, "no header can crash it"
        assert len(token) > 43
        assert token.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
        with pytest.raises(InputError, match="enrolled already"):
            store.enroll("bedroom")
        store.put(hub, revisions[1])
        store.revoke("bedroom")
        assert store.hub_of(token) is None
        again = store.hub_of(store.enroll("bedroom"))
        assert again is not None
        assert again.key == hub.key
        assert store.hubs()[0].nights == 1


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 61, "\x1b[31m"])
def test_a_hubs_name_is_printable(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="printable"):
        store.enroll(name)


def test_revoking_nobody_says_so(store: Store) -> None:
    with pytest.raises(InputError, match="No hub is named"):
        store.revoke("attic")


def test_migrations_lead_to_the_tables_of_today(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite3"
    Store.open(path).close()
    Store.open(path).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [HEAD]


def test_a_file_that_is_no_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be taken for one if nobody looks at its first bytes " * 10)
    other = tmp_path / "other"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE photos (id)")
    connection.close()
    newer = tmp_path / "newer"
    Store.open(newer).close()
    connection = sqlite3.connect(newer)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    for path in (text, other, tmp_path):
        with pytest.raises(ConfigError, match="--store"):
            Store.open(path)
    with pytest.raises(EvensongError, match="newer Evensong"):
        Store.open(newer)


def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite3"
    with Store.open(path) as store:
        store.enroll("bedroom")
        assert [each.name for each in tmp_path.iterdir() if each.stat().st_mode & 0o077] == []
