"""When a hub acknowledges: at once while it catches up, seldom while frames come one by one, never before the journal.
On a virtual clock.
"""

from __future__ import annotations

import asyncio

from simulated_wearable import Wearable

from evensong.hub.journal import Journal
from evensong.hub.keyring import Keyring
from evensong.hub.link.port import Inbox
from evensong.hub.link.session import ACK_FRAMES, ACK_WITHIN_S, Session
from evensong.hub.trust import Trust
from evensong.virtual.loop import VirtualClock, VirtualLoop
from evensong_wire.models import Body, TimeRequest


class Line:
    """A `Port` whose other end is the simulated wearable itself."""

    address = "line"

    def __init__(self, wearable: Wearable) -> None:
        self._wearable = wearable
        self._inbox = Inbox()

    async def send(self, stream: bytes) -> None:
        if said := self._wearable.hear(stream):
            self._inbox.put(said)
        self.flow()

    def flow(self) -> None:
        while (frame := self._wearable.send()) is not None:
            self._inbox.put(frame)

    def say(self, body: Body) -> None:
        self._inbox.put(self._wearable.say(body))

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def close(self) -> None:
        self._inbox.lose("closed")


async def a_night(loop: VirtualLoop, journal: Journal) -> None:
    wearable = Wearable()
    for _ in range(3):
        wearable.heart_rate()
    line = Line(wearable)
    session = Session(
        line,
        journal,
        VirtualClock(loop, 1_767_304_800_000),
        serves=lambda _: True,
        trust=Trust(Keyring(journal.path.with_name("keyring.json")), unauthenticated=True),
        greeted=lambda _: None,
        journalled=lambda: None,
    )
    task = asyncio.create_task(session.run())

    def journalled() -> int:
        return int(journal.db.execute("SELECT count(*) FROM frame").fetchone()[0])

    async def one_more() -> None:
        wearable.heart_rate()
        line.flow()
        await asyncio.sleep(20)

    await asyncio.sleep(5)
    assert (journalled(), wearable.spool, len(wearable.acks)) == (4, [], 1)  # with the boot's own frame

    await asyncio.sleep(60)
    for more in range(1, ACK_FRAMES):
        await one_more()
        assert (journalled(), len(wearable.spool), len(wearable.acks)) == (4 + more, more, 1)
    await one_more()
    assert (journalled(), wearable.spool, len(wearable.acks)) == (4 + ACK_FRAMES, [], 2)

    await one_more()
    for _ in range(2):
        await asyncio.sleep(ACK_WITHIN_S / 2 - 30)
        line.say(TimeRequest(1))  # or the hub takes it for dead
    assert len(wearable.spool) == 1
    await asyncio.sleep(60)
    assert (wearable.spool, len(wearable.acks)) == ([], 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_frames_that_come_one_by_one_are_acknowledged_together(journal: Journal) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(a_night(loop, journal))
    finally:
        loop.close()
