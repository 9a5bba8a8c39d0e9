"""Bluetooth's own services, told to everybody when the wearer wants it, and switched off again while it runs."""

from __future__ import annotations

import asyncio
import struct
from datetime import UTC, datetime
from pathlib import Path

from .on_air import UTC_MS
from .phones import HEART_RATE, READABLE, TIME, Phone, beats
from .slotted import Desk, play

OPEN = [b"\2", b"\x50", b"Evensong", b"0.1.0"]


async def told_to_everybody(desk: Desk) -> None:
    wearable = desk.wearable
    wearable.tape.write_bytes(beats())
    (wearable.folder / "evensong.json").write_text('{"services": 2}')
    wearable.start()
    await asyncio.sleep(5)

    # Without a bond: everything, for longer than a stranger may stay otherwise, and a hub has room beside it.
    phone = await Phone.on(desk.radio)
    await phone.come(wearable.address)
    assert (await phone.read_all())[:4] == OPEN
    assert await phone.read(TIME) == bytes(10), "it was never told the time"
    await asyncio.sleep(30)
    assert len(phone.rates) > 5
    bed = desk.hub()
    await asyncio.sleep(20)
    bed.kill()
    told = await phone.read(TIME)
    assert isinstance(told, bytes)
    *at, weekday, _, _ = struct.unpack("<HBBBBBBBB", told)
    now = datetime.fromtimestamp(UTC_MS / 1000 + desk.world.time(), UTC)
    assert abs(datetime(*at, tzinfo=UTC) - now).total_seconds() < 5
    assert weekday == now.isoweekday()

    # Pairing still needs a hand.
    assert not await phone.pairs()
    await phone.gone()

    # Switched off: nobody without a bond is told anything from now on.
    await phone.come(wearable.address)
    await asyncio.sleep(25)
    assert phone.rates
    assert (await desk.evensong("wearable", "set", "services=1"))[0] == 0
    await phone.gone()
    await phone.come(wearable.address)
    heard = len(phone.rates)
    assert await phone.read_all() == [8] * len(READABLE)
    await phone.gone(30)
    assert len(phone.rates) == heard

    # None at all, from the next start on.
    assert (await desk.evensong("wearable", "set", "services=0"))[0] == 0
    wearable.kill()
    await asyncio.sleep(5)
    await phone.meet(wearable.address)
    for what in (HEART_RATE, *READABLE):
        assert phone.peer.get_characteristics_by_uuid(what) == []


def test_heart_rate_for_everybody_and_for_nobody_any_more(tmp_path: Path) -> None:
    play(told_to_everybody, tmp_path)
