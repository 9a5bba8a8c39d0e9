"""What a person tells a wearable through the running hub, and what its frames say of the evening."""

from __future__ import annotations

import asyncio
import io

import pytest
from pty_wearable import on_a_pty
from rich.console import Console
from simulated_wearable import Wearable

from evensong.cli.hub_status import show
from evensong.clock import SystemClock
from evensong.hub import requests
from evensong.hub.evening import Evening, evening_of
from evensong.hub.journal import Journal
from evensong.hub.keyring import Keyring
from evensong.hub.link.serial import SerialPort
from evensong.hub.link.session import Session
from evensong.hub.requests import Outcome
from evensong.hub.status import status
from evensong.hub.trust import Trust
from evensong_wire import codec
from evensong_wire.frames import Check, CommandCode, EventCode, Kind, Plan, PlanBy
from evensong_wire.models import Body, Event, Header, Hello

WHO = bytes(range(8))
UTC_MS = 1_800_000_000_000


@pytest.mark.parametrize(("obeys", "outcome"), [((0, b""), (0, "")), ((1, b"the wearer\x1b no"), (1, "the wearer no"))])
def test_a_request_reaches_the_wearable_and_its_reply_the_journal(
    journal: Journal, obeys: tuple[int, bytes], outcome: tuple[int, str]
) -> None:
    wearable = Wearable(obeys=obeys)
    row = requests.leave(journal, WHO, CommandCode.CUE, b"\1\2", SystemClock().utc_ms())

    async def talk(path: str) -> None:
        done = asyncio.Event()
        session = Session(
            SerialPort.open(path),
            journal,
            SystemClock(),
            serves=lambda _: True,
            trust=Trust(Keyring(journal.path.with_name("keyring.json")), unauthenticated=True),
            greeted=lambda _: None,
            journalled=done.set,
        )
        task = asyncio.create_task(session.run())
        await asyncio.to_thread(line.wait_for, lambda w: w.commands)
        done.clear()
        with line.lock:
            wearable.heart_rate()  # behind the reply
        line.poke()
        await done.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with on_a_pty(wearable) as line:
        asyncio.run(talk(line.path))
    assert [(each.code, each.arg) for each in wearable.commands] == [(CommandCode.CUE, b"\1\2")]
    assert requests.outcome(journal, row) == Outcome(True, *outcome)


def test_a_request_is_taken_once_in_order_and_not_too_late(journal: Journal) -> None:
    first, second = (requests.leave(journal, WHO, CommandCode.CUE, bytes([i]), UTC_MS) for i in (1, 2))
    assert requests.take(journal, bytes(8), UTC_MS) is None
    assert [requests.take(journal, WHO, UTC_MS) for _ in range(1)] == [requests.Request(first, 16, b"\1")]
    assert requests.take(journal, WHO, UTC_MS + requests.VALID_MS + 1) is None
    assert requests.outcome(journal, second) == Outcome(False, None, "")
    assert requests.outcome(journal, first) == Outcome(True, None, "")


def record(journal: Journal, *bodies: Body) -> Evening:
    hello = Hello(WHO, 0, (0, 1, 0), 7, 3500, 12, 1, 0, 0, 0, 0xFFFF, "xiao-esp32s3", "Eve")
    journal.greet(hello, Header(Kind.HELLO, b"abcd", 1, 0, 0), UTC_MS)
    frames = [
        codec.decode(codec.encode(Header(Kind.EVENT, b"abcd", 1, seq, 1000 * seq), body))
        for seq, body in enumerate(bodies)
    ]
    journal.append(WHO, frames, UTC_MS)
    return evening_of(journal, 1)


FAILED = Check.BATTERY | Check.CLOCK
CHECKED = Event(EventCode.FLIGHT_CHECK, FAILED | Plan.SPARE << 5 | 0 << 7 | 4 << 13 | 8 << 19 | 12 << 23)


def test_an_evening_is_told(journal: Journal) -> None:
    agreed = Event(EventCode.PLAN, Plan.SPARE | PlanBy.BUTTON << 8)
    ended = Event(EventCode.PLAN, Plan.FULL | PlanBy.NOBODY << 8)
    steps = Event(EventCode.CLOCK_SET, 3600), Event(EventCode.CUES, 0)
    evening = record(journal, CHECKED, agreed, *steps, ended)
    assert (evening.plan, evening.agreed_by, evening.in_force) == ("SPARE", "button", False)
    assert (evening.clock_steps_s, evening.cues) == ([3600], False)
    assert evening.sentence() == (
        "Flight check: not for the night: battery, clock (battery 12 %, with the full plan 0 to 4 of 8 h); "
        "SPARE was proposed; agreed by button to SPARE."
    )
    out = io.StringIO()
    show(status(journal, 500), Console(file=out, width=200))
    assert "agreed by button to SPARE" in out.getvalue()
    assert "FULL 0 to 4, LEAN" in out.getvalue()


def test_an_evening_of_words_that_no_wearable_says(journal: Journal) -> None:
    strange = [Event(EventCode.PLAN, 0xFFFF), Event(EventCode.FLIGHT_CHECK, -1), Event(EventCode.PLAN, -1)]
    evening = record(journal, *strange)
    assert evening.agreed_by is None
    assert evening.proposed() == "3"
    assert evening.sentence()
    assert record(journal).check is not None
