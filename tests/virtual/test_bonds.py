"""Phones and bonds: pairing over Bumble's Security Manager with the real firmware, NimBLE's habits played by
`evensong.virtual.bonding`. So this proves our layer and Bumble's pairing, not NimBLE's.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from evensong.hub.keyring import Keyring
from evensong.virtual.world import World
from evensong_wire.models import HubHello

from .on_air import Bed, word
from .phones import LOCATION, PHONE, REFUSED, Phone, beats

PRESS_S = (30, 40)  # the wearer's hand is on the button
Scene = Callable[[Bed], Coroutine[Any, Any, None]]


def play(scene: Scene, folder: Path, *presses: tuple[int, int]) -> None:
    async def to_its_end() -> None:
        await scene(bed)
        assert "Traceback" not in bed.wearables[0].output.read_text()

    world = World()
    bed = Bed(world, folder)
    bed.wearables[0].tape.write_bytes(beats(*presses))
    world.run(to_its_end())


def bonds_of(bed: Bed) -> bytes:
    path = bed.wearables[0].folder / "evensong.bonds"
    return path.read_bytes() if path.exists() else b""


async def until(bed: Bed, second: float) -> None:
    await asyncio.sleep(second - bed.world.time())


async def bonded(bed: Bed, second: float, address: str = PHONE) -> Phone:
    """A phone that pairs at this second, and stays."""
    phone = await Phone.on(bed.radio, address)
    await until(bed, second)
    await phone.come(bed.wearables[0].address)
    assert await phone.pairs()
    return phone


async def a_bond(bed: Bed) -> None:
    wearable = bed.wearables[0]
    wearable.start()
    await until(bed, 5)

    # Nobody holds the button: nothing is read, and who pairs is hung up on.
    stranger = await Phone.on(bed.radio, "D1:00:00:00:00:02")
    await stranger.come(wearable.address)
    assert await stranger.read_all() == REFUSED
    assert not await stranger.pairs()
    await stranger.gone()
    assert (stranger.rates, bonds_of(bed)) == ([], b"")

    # The wearer's hand is on it: a bond, and everything is told to this phone.
    phone = await bonded(bed, PRESS_S[0] + 3)
    assert await phone.read_all() == [b"\2", b"\x50", b"Evensong", b"0.1.0", bytes(10)]
    await asyncio.sleep(4)
    assert bonds_of(bed)
    assert phone.rates
    for flags, rate, *rr in map(tuple, phone.rates):
        assert flags == 0x16, "on the skin, with intervals"
        assert set(struct.unpack(f"<{len(rr) // 2}H", bytes(rr))) <= {1024, 922}  # 1000 and 900 ms in 1/1024 s
        assert 60 <= rate <= 67
    await phone.leave()

    # It comes back after a power loss, and needs no hand. Others need one, also who only has its address.
    wearable.kill()
    await asyncio.sleep(1)
    wearable.start()
    await until(bed, PRESS_S[1] + 20)
    before = bonds_of(bed)
    assert await phone.come_back(wearable.address)
    assert await phone.read(LOCATION) == b"\2"
    await phone.leave()
    keys = await phone.off()
    for impostor in (stranger, await Phone.on(bed.radio)):
        await impostor.come(wearable.address)
        assert await impostor.read_all() == REFUSED
        assert not await impostor.pairs()
        await impostor.gone()
        assert (impostor.rates, bonds_of(bed)) == ([], before)
    await impostor.off()
    phone = await Phone.on(bed.radio, keys=keys)
    assert await phone.come_back(wearable.address)
    assert await phone.read(LOCATION) == b"\2", "the bond is what it was"
    await phone.leave()

    # Who says no word cannot keep the hub out for long; nor does a phone.
    await stranger.come(wearable.address)
    await asyncio.sleep(15)
    assert not stranger.ended.is_set()
    await stranger.gone(10)
    assert await phone.come_back(wearable.address)
    bed.start_hub()
    await asyncio.sleep(60)
    assert bed.said().count("connected ") == 1
    assert not phone.ended.is_set()
    told = len(phone.rates)
    await asyncio.sleep(20)
    assert len(phone.rates) > told + 5
    assert len(bed.frames_of(wearable.hardware.device_id)) > 2
    assert wearable.alive

    # What it says where only a hub has anything to say ends it, and disturbs nobody.
    assert await phone.say(word(HubHello(b"a phone!", 1))) == []
    await phone.gone()
    await asyncio.sleep(30)
    assert bed.said().count("connected ") == 1, "the hub stayed"
    bed.stop_hub()


def test_a_bond_needs_a_hand_on_the_button_and_is_never_replaced_without_one(tmp_path: Path) -> None:
    play(a_bond, tmp_path, PRESS_S)


async def another_hub(bed: Bed) -> None:
    wearable = bed.wearables[0]
    wearable.start()
    phone = await bonded(bed, 32)
    await asyncio.sleep(30)  # it made room for a hub
    bed.start_hub()
    await asyncio.sleep(60)
    bed.stop_hub()  # lost
    assert bonds_of(bed)
    assert not phone.ended.is_set()
    device_id = bytes.fromhex(wearable.hardware.device_id)
    Keyring(bed.folder / "keyring.json").add(device_id, wearable.hardware.root)
    await until(bed, 310)
    bed.start_hub()
    await phone.gone(60)
    assert bed.said().count("connected ") == 2, "the other hub was let in"
    assert bonds_of(bed) == b""
    bed.stop_hub()
    await asyncio.sleep(5)
    assert not await phone.come_back(wearable.address)
    assert await phone.read(LOCATION) == REFUSED[0] or phone.ended.is_set()


def test_letting_in_another_hub_forgets_all_phones(tmp_path: Path) -> None:
    play(another_hub, tmp_path, (30, 34), (300, 307))  # the first one is too short to let a hub in


async def odd_pairings(bed: Bed) -> None:
    """All of them while the wearer holds the button, which is when it could matter."""
    wearable = bed.wearables[0]
    wearable.start()
    await until(bed, PRESS_S[0] + 3)

    unbonded = await Phone.on(bed.radio, "D1:00:00:00:00:03", bonding=False)
    await unbonded.come(wearable.address)
    assert not await unbonded.pairs()
    await unbonded.gone()
    assert bonds_of(bed) == b""

    # Encrypted, and never done with pairing: it gives none of its keys.
    half = await Phone.on(bed.radio, "D1:00:00:00:00:04")
    await half.come(wearable.address)
    pairing = asyncio.ensure_future(half.connection.pair())
    await asyncio.sleep(0)
    (session,) = half.device.smp_manager.sessions.values()
    session.distribute_keys = lambda: None
    await asyncio.sleep(1)
    assert half.connection.is_encrypted
    assert await half.read_all() == [5, 8, 8, 8, 8], "now the firmware refuses"
    assert half.rates == []
    await half.leave()
    pairing.cancel()
    await asyncio.gather(pairing, return_exceptions=True)
    assert bonds_of(bed) == b""

    # No pairing at all: any bytes to the Security Manager.
    garbage = await Phone.on(bed.radio, "D1:00:00:00:00:05")
    await garbage.come(wearable.address)
    for pdu in (b"\1", b"\1\3\0\x0d\x10\0\0" + bytes(40), b"\3" * 17, b"\x0c" + bytes(64), b"\x0d" * 17, b"\xff" * 9):
        garbage.connection.send_l2cap_pdu(6, pdu)
        await asyncio.sleep(0.1)
    if not garbage.ended.is_set():
        await garbage.leave()
    await asyncio.sleep(2)
    assert bonds_of(bed) == b""
    assert wearable.alive

    # Three phones have room; the fourth takes the place of the first.
    phones = []
    for i in range(4):
        phone = await bonded(bed, bed.world.time(), f"D1:00:00:00:00:1{i}")
        await phone.leave()
        phones.append(phone)
    assert bed.world.time() < PRESS_S[1] + 60
    known = []
    for phone in phones:
        known.append(await phone.come_back(wearable.address))
        if not phone.ended.is_set():
            await phone.leave()
        await asyncio.sleep(2)
    assert known == [False, True, True, True]


def test_pairings_that_are_none_and_more_than_there_is_room_for(tmp_path: Path) -> None:
    play(odd_pairings, tmp_path, (PRESS_S[0], PRESS_S[1] + 60))
