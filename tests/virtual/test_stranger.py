"""Two wearables, one hub and one stranger on the air, each with a real Bumble stack, the wearables with the real
firmware: the stranger can neither read, pair, command, inject nor replay. It proves our layer and Bumble's pairing,
not NimBLE's. Updates and bonds: `test_stranger_updates`, `test_bonds`.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from bumble import core, device, gatt, hci

from evensong.hub.keyring import Keyring
from evensong.virtual.wearable import Wearable
from evensong.virtual.world import World
from evensong_wire import gatt as ours
from evensong_wire.codec import sealed
from evensong_wire.frames import CommandCode, Flag, Refused
from evensong_wire.models import Ack, Challenge, Command, HubHello, Proof, Refusal, ResumeFrom
from evensong_wire.stream import pack

from .on_air import IDS, Air, Bed, Stranger, flipped, word


async def scene(bed: Bed, sniffed: dict[str, Air]) -> None:
    first, second = bed.wearables
    stranger = Stranger(bed.radio)
    await stranger.device.power_on()
    for wearable in bed.wearables:
        wearable.start()
    await asyncio.sleep(30)

    # The hub meets both, and every byte of it is heard.
    bed.start_hub()
    await asyncio.sleep(400)  # it looks round for others every two minutes
    bed.stop_hub()
    taken = {each: bed.frames_of(each) for each in IDS}
    assert all(len(frames) > 1 for frames in taken.values())
    assert "NOT AUTHENTICATED" not in bed.said()
    recorded = sniffed[first.address]
    on_the_air = b"".join(recorded.notifications)
    assert not any(raw[2:-4] in on_the_air for raw in taken[IDS[0]]), "nothing of a frame shows"

    await asyncio.sleep(5)
    await pairs(stranger, first)
    await reads_and_commands(stranger, first)
    await replays(stranger, first, recorded)
    await injects(bed, stranger, second, sniffed[second.address])

    # Afterwards all is as it was: the hub gets the rest, in order, and nothing else.
    bed.start_hub()
    await asyncio.sleep(400)  # it looks round for others every two minutes
    bed.stop_hub()
    for each in IDS:
        numbers = [(raw[6], int.from_bytes(raw[8:11], "little")) for raw in bed.frames_of(each)]  # boot, number
        for boot_id in {boot_id for boot_id, _ in numbers}:
            of_boot = [number for boot, number in numbers if boot == boot_id]
            assert of_boot == list(range(len(of_boot)))
        assert bed.frames_of(each)[: len(taken[each])] == taken[each]
        assert len(numbers) > len(taken[each])


async def pairs(stranger: Stranger, wearable: Wearable) -> None:
    """Nobody holds the button: pairing ends the connection, and nothing of it is kept."""
    await stranger.meet(wearable.address)
    with suppress(core.BaseBumbleError, hci.HCI_Error, asyncio.CancelledError):
        await stranger.connection.pair()
    async with asyncio.timeout(5):
        await stranger.ended.wait()
    assert stranger.heard == []
    await asyncio.sleep(3)


async def reads_and_commands(stranger: Stranger, wearable: Wearable) -> None:
    await stranger.meet(wearable.address)
    for characteristic in (stranger.frames, stranger.control):
        with pytest.raises(core.BaseBumbleError):
            await stranger.peer.gatt_client.read_value(characteristic)
    challenge, *none = await stranger.say(word(HubHello(b"stranger", 1)))
    assert isinstance(challenge, Challenge)
    assert none == []
    forged = bytes([0x10 | Flag.AUTHENTICATED | Flag.SEALED]) + bytes(40)
    for attempt in (
        ResumeFrom(1, 0),
        Ack(1, 9),
        Command(1, CommandCode.LIVE, b"\1"),
        Command(2, CommandCode.CONFIGURE, b'{"name": "mine"}'),
        Command(3, CommandCode.ROTATE, b""),
    ):
        assert await stranger.say(word(attempt)) == []
    assert await stranger.say(pack(sealed(forged))) == []
    assert await stranger.say(word(Proof(False, bytes(16), bytes(16)))) == [Refusal(Refused.PROOF)]
    async with asyncio.timeout(30):  # it is shown the door
        await stranger.ended.wait()
    assert {type(frame.body) for frame in stranger.heard} == {Challenge, Refusal}


async def replays(stranger: Stranger, wearable: Wearable, recorded: Air) -> None:
    """What the hub said to it, byte for byte."""
    await asyncio.sleep(3)
    await stranger.meet(wearable.address)
    for written in recorded.writes[:12]:
        await stranger.say(written)
        if stranger.ended.is_set():
            break
    assert {type(frame.body) for frame in stranger.heard} <= {Challenge, Refusal}
    async with asyncio.timeout(30):
        await stranger.ended.wait()


async def injects(bed: Bed, stranger: Stranger, wearable: Wearable, recorded: Air) -> None:
    """In the wearable's place, under its address: what the wearable once said, as it was and with one bit flipped."""
    wearable.kill()
    await asyncio.sleep(1)
    before = bed.frames_of(wearable.hardware.device_id)
    impostor = Stranger(bed.radio, wearable.address)
    await impostor.device.power_on()
    heard = recorded.notifications[:30]
    played = [*heard, *(flipped(b"".join(heard), bit) for bit in (9, 70, 333))]

    def answer(connection: device.Connection, _: bytes) -> None:
        for stream in played:
            for at in range(0, len(stream), 20):
                value = stream[at : at + 20]
                asyncio.get_running_loop().create_task(impostor.device.notify_subscriber(connection, frames, value))

    frames = gatt.Characteristic(core.UUID(ours.FRAMES), gatt.Characteristic.Properties.NOTIFY, 0, b"")
    control = gatt.Characteristic(
        core.UUID(ours.CONTROL),
        gatt.Characteristic.Properties.WRITE,
        gatt.Characteristic.WRITEABLE,
        gatt.CharacteristicValue(write=answer),
    )
    impostor.device.add_service(gatt.Service(core.UUID(ours.SERVICE), [frames, control]))
    impostor.device.advertising_data = b"\x02\x01\x06\x11\x07" + bytes(core.UUID(ours.SERVICE))
    await impostor.device.start_advertising(own_address_type=hci.OwnAddressType.RANDOM, auto_restart=True)
    said = len(bed.said())
    bed.start_hub()
    await asyncio.sleep(90)
    bed.stop_hub()
    await impostor.device.stop_advertising()
    await impostor.device.power_off()
    bed.radio.power_off(impostor.controller, bed.world)
    assert bed.frames_of(wearable.hardware.device_id) == before
    assert "not authenticated: what comes is sealed with another key" in bed.said()[said:]
    assert "again and again" in bed.said()[said:], "and it is hung up on"
    wearable.start()
    await asyncio.sleep(10)


def test_a_stranger_gets_nowhere(tmp_path: Path, sniffed: dict[str, Air]) -> None:
    world = World()
    world.run(scene(Bed(world, tmp_path), sniffed))


async def a_hub_is_lost(bed: Bed) -> None:
    first = bed.wearables[0]
    device_id = bytes.fromhex(first.hardware.device_id)
    press = [struct.pack("<IBBH", 300_000, 8, 1, 0), struct.pack("<IBBH", 307_000, 8, 0, 0)]
    rates = [struct.pack("<IBBH", 1000 * s, 1, 0, 960) for s in range(0, 900, 5)]
    first.tape.write_bytes(b"".join(sorted(rates + press, key=lambda record: record[:4][::-1])))
    first.start()
    bed.start_hub()
    await asyncio.sleep(200)
    bed.stop_hub()  # lost
    with_the_thief = (bed.folder / "keyring.json").read_bytes()
    assert first.hardware.root.hex().encode() not in with_the_thief, "it has forgotten the label"
    Keyring(bed.folder / "keyring.json").add(device_id, first.hardware.root)  # the new hub's: it knows the label only
    bed.start_hub()
    await asyncio.sleep(90)
    assert "hold its button for five seconds" in bed.said()
    assert bed.said().count("connected ") == 1
    await asyncio.sleep(60)  # the button was held at 300 s
    assert bed.said().count("connected ") == 2
    bed.stop_hub()
    adopted = Keyring(bed.folder / "keyring.json").of(device_id)
    assert adopted
    assert (adopted.root, list(adopted.keys)) == (None, [3])  # 2 was the lost hub's, after its first session
    (bed.folder / "keyring.json").write_bytes(with_the_thief)
    bed.start_hub()
    await asyncio.sleep(60)
    bed.stop_hub()
    assert "this hub's key was revoked" in bed.said()
    assert bed.said().count("connected ") == 2


def test_a_lost_hub_is_revoked_by_letting_in_another_without_flashing(tmp_path: Path) -> None:
    world = World()
    world.run(a_hub_is_lost(Bed(world, tmp_path)))
