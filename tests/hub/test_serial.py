from __future__ import annotations

import asyncio
import os
import pty
import tty
from pathlib import Path

import pytest
from pty_wearable import on_a_pty
from simulated_wearable import Wearable

from evensong.clock import SystemClock
from evensong.errors import Unavailable
from evensong.hub.journal import Journal
from evensong.hub.keyring import Keyring
from evensong.hub.link.port import LinkLost
from evensong.hub.link.serial import NoSerialPort, SerialPort, list_ports
from evensong.hub.link.session import Greeting, NotOurs, Session
from evensong.hub.trust import Trust


def anybody(journal: Journal) -> Trust:
    return Trust(Keyring(journal.path.with_name("keyring.json")), unauthenticated=True)


def test_a_wearable_on_a_real_pty_hands_over_its_spool(journal: Journal) -> None:
    wearable = Wearable()
    for _ in range(300):
        wearable.heart_rate(20)
    greetings: list[Greeting] = []

    async def talk(path: str) -> None:
        done = asyncio.Event()
        session = Session(
            SerialPort.open(path),
            journal,
            SystemClock(),
            serves=lambda _: True,
            trust=anybody(journal),
            greeted=greetings.append,
            journalled=done.set,
        )
        task = asyncio.create_task(session.run())
        await asyncio.to_thread(line.wait_for, lambda w: not w.spool)
        assert done.is_set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with on_a_pty(wearable) as line:
        asyncio.run(talk(line.path))
    assert journal.db.execute("SELECT count(*), sum(samples) FROM frame").fetchone() == (301, 6000)
    assert [each.device_id for each in greetings] == [wearable.device_id]


def test_a_wearable_that_is_not_served_is_left_with_all_it_has(journal: Journal) -> None:
    wearable = Wearable()
    wearable.heart_rate()

    async def talk(path: str) -> None:
        port = SerialPort.open(path)
        session = Session(
            port,
            journal,
            SystemClock(),
            serves=lambda _: False,
            trust=anybody(journal),
            greeted=lambda _: None,
            journalled=lambda: None,
        )
        with pytest.raises(NotOurs, match=r"not among `hub\.devices`"):
            await session.run()

    with on_a_pty(wearable) as line:
        asyncio.run(talk(line.path))
    assert len(wearable.spool) == 2
    assert journal.db.execute("SELECT count(*) FROM device").fetchone() == (0,)


def test_a_full_disk_acknowledges_nothing(journal: Journal) -> None:
    wearable = Wearable()
    for _ in range(300):
        wearable.heart_rate(60)
    (pages,) = journal.db.execute("PRAGMA page_count").fetchone()
    journal.db.execute(f"PRAGMA max_page_count = {pages + 4}")

    async def talk(path: str) -> None:
        port = SerialPort.open(path)
        session = Session(
            port,
            journal,
            SystemClock(),
            serves=lambda _: True,
            trust=anybody(journal),
            greeted=lambda _: None,
            journalled=lambda: None,
        )
        with pytest.raises(Unavailable, match="is full"):
            await session.run()

    with on_a_pty(wearable) as line:
        asyncio.run(talk(line.path))
    assert wearable.acks == []
    assert len(wearable.spool) == 301


def raw_pair() -> tuple[int, int]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


def test_more_than_the_line_holds_is_sent_as_room_comes() -> None:
    async def talk() -> bytes:
        master, slave = raw_pair()
        port = SerialPort.open(os.ttyname(slave))
        sending = asyncio.create_task(port.send(bytes(range(256)) * 400))
        got = bytearray()
        while len(got) < 256 * 400:
            got += await asyncio.to_thread(os.read, master, 4096)
        await sending
        await port.close()
        os.close(master)
        os.close(slave)
        return bytes(got)

    assert asyncio.run(talk()) == bytes(range(256)) * 400


def test_what_came_before_the_end_is_received_and_closing_twice_is_nothing() -> None:
    async def talk() -> None:
        master, slave = raw_pair()
        port = SerialPort.open(os.ttyname(slave))
        os.write(master, b"last words")
        assert await port.receive() == b"last words"
        os.close(slave)
        os.close(master)
        with pytest.raises(LinkLost):
            await port.receive()
        with pytest.raises(LinkLost):
            await port.send(b"anyone?")
        await port.close()
        await port.close()

    asyncio.run(talk())


def test_a_line_that_nobody_reads_does_not_hold_up_closing() -> None:
    async def talk() -> None:
        master, slave = raw_pair()
        port = SerialPort.open(os.ttyname(slave))
        sending = asyncio.create_task(port.send(bytes(1 << 20)))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        async with asyncio.timeout(3):
            await port.close()
        os.close(master)
        os.close(slave)

    asyncio.run(talk())


def test_ports_that_cannot_be_opened_are_sentences(tmp_path: Path) -> None:
    async def talk() -> None:
        with pytest.raises(NoSerialPort, match="There is no serial port /dev/nothing"):
            SerialPort.open("/dev/nothing")
        plain = tmp_path / "file"
        plain.write_text("")
        with pytest.raises(NoSerialPort, match="cannot be opened"):
            SerialPort.open(str(plain))
        master, slave = raw_pair()
        port = SerialPort.open(os.ttyname(slave))
        with pytest.raises(NoSerialPort, match="Another program uses"):
            SerialPort.open(os.ttyname(slave))
        await port.close()
        os.close(master)
        os.close(slave)

    asyncio.run(talk())


def test_the_ports_of_this_computer_are_listed() -> None:
    assert all(port.startswith("/") for port in list_ports())
