from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from simulated_wearable import Wearable

from evensong.errors import EvensongError, Unavailable
from evensong.hub.journal import SCHEMA, Appended, Journal, JournalError, Position, Tail
from evensong_wire.codec import decode
from evensong_wire.models import Hello

OLD = Path(__file__).parents[1] / "databases" / "journal-v1.sqlite3"
UTC_MS = 1_767_304_800_000


def frames_of(wearable: Wearable):
    return [decode(raw) for raw in wearable.made]


def greet(journal: Journal, wearable: Wearable) -> Tail | None:
    hello = decode_hello(wearable)
    return journal.greet(hello.body, hello.header, UTC_MS)


def decode_hello(wearable: Wearable):
    from evensong_wire.stream import Stream

    (frame,) = Stream().feed(wearable.hello())
    assert isinstance(frame.body, Hello)
    return frame


def test_frames_are_kept_once_and_the_tail_follows_them(journal: Journal) -> None:
    wearable = Wearable()
    wearable.heart_rate(4)
    assert greet(journal, wearable) is None
    assert journal.append(wearable.device_id, frames_of(wearable), UTC_MS) == Appended(2, 0)
    assert journal.append(wearable.device_id, frames_of(wearable), UTC_MS) == Appended(0, 2)
    assert greet(journal, wearable) == Tail(Position(1, 1), 4)
    assert journal.db.execute("SELECT duplicates FROM device").fetchone() == (2,)


def test_an_erased_wearable_begins_a_timeline_of_its_own(journal: Journal) -> None:
    wearable = Wearable()
    greet(journal, wearable)
    journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
    wearable.erase(b"anew")
    assert greet(journal, wearable) is None
    assert journal.append(wearable.device_id, frames_of(wearable)[-1:], UTC_MS) == Appended(1, 0)


def test_what_was_committed_survives_without_closing(tmp_path: Path) -> None:
    wearable = Wearable()
    journal = Journal.open(tmp_path / "j.sqlite3")
    greet(journal, wearable)
    journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
    for file in tmp_path.glob("j.sqlite3*"):  # what a power loss would leave on the disk
        shutil.copy(file, tmp_path / f"after-{file.name}")
    journal.close()
    with Journal.open(tmp_path / "after-j.sqlite3") as after:
        assert after.tail(wearable.device_id, wearable.incarnation) == Tail(Position(1, 0), 0)


def test_it_syncs_before_it_says_done(journal: Journal) -> None:
    assert journal.db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert journal.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_is_nobody_elses_business(journal: Journal) -> None:
    assert journal.path.stat().st_mode & 0o077 == 0


def test_a_failed_transaction_keeps_nothing_of_it(journal: Journal) -> None:
    wearable = Wearable()
    wearable.heart_rate()
    greet(journal, wearable)

    def fail() -> None:
        with journal.transaction():
            journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
            raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError):
        fail()
    assert journal.tail(wearable.device_id, wearable.incarnation) is None


def test_a_full_disk_is_a_sentence_and_costs_nothing_that_was_there(journal: Journal) -> None:
    wearable = Wearable()
    greet(journal, wearable)
    journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
    (pages,) = journal.db.execute("PRAGMA page_count").fetchone()
    journal.db.execute(f"PRAGMA max_page_count = {pages}")  # what SQLite does when the disk has no room
    for _ in range(200):
        wearable.heart_rate(60)
    with pytest.raises(Unavailable, match="full: free some space"):
        journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
    assert journal.tail(wearable.device_id, wearable.incarnation) == Tail(Position(1, 0), 0)
    journal.db.execute("PRAGMA max_page_count = 1000000")
    assert journal.append(wearable.device_id, frames_of(wearable), UTC_MS).new == 200


def test_an_old_journal_is_migrated_and_keeps_all_it_had(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    shutil.copy(OLD, path)
    before = sqlite3.connect(path)
    frames = before.execute("SELECT boot, seq, raw FROM frame ORDER BY id").fetchall()
    assert before.execute("PRAGMA user_version").fetchone() == (1,)
    before.close()
    with Journal.open(path) as journal:
        newest = max(int(script.stem) for script in SCHEMA.glob("*.sql"))
        assert journal.db.execute("PRAGMA user_version").fetchone() == (newest,)
        assert journal.db.execute("SELECT boot, seq, raw FROM frame ORDER BY id").fetchall() == frames
        assert journal.db.execute("SELECT zero_ms FROM staging").fetchone() == (0,)
        new = {row[0]: row[1] for row in journal.db.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL")}
    with Journal.open(tmp_path / "fresh.sqlite3") as fresh:
        made = {row[0]: row[1] for row in fresh.db.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL")}
    assert new == made


def test_a_newer_journal_is_refused_in_a_sentence_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        journal.db.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    with pytest.raises(JournalError, match="written by a newer Evensong"):
        Journal.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE photos (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(JournalError, match="not a journal of Evensong"):
        Journal.open(path)


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"this was a photograph" * 1000)
    with pytest.raises(JournalError, match="damaged"):
        Journal.open(path)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_folder_is_no_journal(tmp_path: Path, read_only: bool) -> None:
    with pytest.raises(JournalError, match="is a folder"):
        Journal.open(tmp_path, read_only=read_only)


def test_a_damaged_page_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    wearable = Wearable()
    for _ in range(500):
        wearable.heart_rate(20)
    with Journal.open(path) as journal:
        greet(journal, wearable)
        journal.append(wearable.device_id, frames_of(wearable), UTC_MS)
    content = bytearray(path.read_bytes())
    content[4096 * 5 :] = os.urandom(len(content) - 4096 * 5)
    path.write_bytes(content)
    with pytest.raises(EvensongError, match="damaged"), Journal.open(path) as journal:
        journal.tail(wearable.device_id, wearable.incarnation)


def test_looking_at_a_journal_that_is_not_there_does_not_make_one(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="There is no journal"):
        Journal.open(tmp_path / "none.sqlite3", read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be made"):
        Journal.open(tmp_path / "file" / "journal.sqlite3")


def test_two_writers_wait_for_each_other_or_say_so(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j.sqlite3") as one, Journal.open(tmp_path / "j.sqlite3") as two:
        two.db.execute("PRAGMA busy_timeout = 0")
        with one.transaction():
            one.count(b"x" * 8, damaged=1, hostile=0)
            with pytest.raises(Unavailable, match="Another program holds"), two.transaction():
                pass
