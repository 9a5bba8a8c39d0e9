"""Who is on the air in the tests of trust: two wearables with the real firmware, a hub, a stranger with a Bumble
stack of its own, and what a sniffer hears.
"""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bumble import core, device, hci
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from evensong.hub.keyring import Keyring
from evensong.virtual.adapter import HubController
from evensong.virtual.radio import Controller, Radio
from evensong.virtual.wearable import Hardware, Wearable
from evensong.virtual.world import Peer, World
from evensong_wire import gatt as ours
from evensong_wire.codec import encode, sealed
from evensong_wire.models import KIND_OF, Body, Frame, Header
from evensong_wire.stream import Stream, cobs_decode, pack

UTC_MS = 1_767_304_800_000
STRANGER = "D1:77:77:77:77:77"
IDS = ("e5e700000000a001", "e5e700000000a002")


def word(body: Body) -> bytes:
    return pack(encode(Header(KIND_OF[type(body)], bytes(4), 0, 0, 0), body))


def hub_on(world: World, radio: Radio, config: Path, folder: Path) -> Peer:
    """A hub with this configuration; what it says goes to `hub.log` in the folder."""
    return world.spawn(
        "hub",
        [sys.executable, "-m", "evensong.virtual.hub_process", str(config), str(UTC_MS), "1"],
        {"PATH": "", "PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "0"},
        folder / "hub.log",
        lambda peer: HubController(world, radio, peer.send),
    )


@dataclass
class Air:
    """What a sniffer hears of one wearable: every write to it, every notification from it."""

    writes: list[bytes] = field(default_factory=list)
    notifications: list[bytes] = field(default_factory=list)


class Stranger:
    """A central with a stack of its own."""

    def __init__(self, radio: Radio, address: str = STRANGER) -> None:
        self.controller = Controller("stranger", radio, address)
        self.device = device.Device(
            name="stranger", address=hci.Address(address), host=Host(self.controller, AsyncPipeSink(self.controller))
        )
        self.ended = asyncio.Event()

    async def meet(self, address: str) -> Stream:
        """Connect to a wearable and listen; `say` from then on."""
        self.stream, self.heard, self.ended = Stream(), [], asyncio.Event()
        self.heard: list[Frame]
        self.connection = await self.device.connect(
            hci.Address(address), own_address_type=hci.OwnAddressType.RANDOM, timeout=None
        )
        self.connection.on("disconnection", lambda _: self.ended.set())
        self.peer = device.Peer(self.connection)
        await self.peer.discover_services()
        for service in self.peer.services:
            await service.discover_characteristics()
        (self.frames,) = self.peer.get_characteristics_by_uuid(core.UUID(ours.FRAMES))
        (self.control,) = self.peer.get_characteristics_by_uuid(core.UUID(ours.CONTROL))
        await self.peer.subscribe(self.frames, lambda value: self.heard.extend(self.stream.feed(value)))
        return self.stream

    async def say(self, stream: bytes, wait_s: float = 1) -> list[Body]:
        """What the wearable answers within that time."""
        before = len(self.heard)
        with suppress(core.BaseBumbleError, asyncio.CancelledError):
            for at in range(0, len(stream), 20):
                await self.peer.gatt_client.write_value(self.control, stream[at : at + 20], with_response=True)
        await asyncio.sleep(wait_s)
        return [frame.body for frame in self.heard[before:]]


class Bed:
    """Two wearables that record, and a hub that is started and stopped."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.radio = world, folder, Radio()
        self.wearables = [Wearable(world, self.radio, folder / each, hardware=Hardware(device_id=each)) for each in IDS]
        for wearable in self.wearables:
            wearable.tape.write_bytes(b"".join(struct.pack("<IBBH", 1000 * s, 1, 0, 960) for s in range(0, 1800, 5)))
            Keyring(folder / "keyring.json").add(bytes.fromhex(wearable.hardware.device_id), wearable.hardware.root)
        self.config = folder / "evensong.toml"
        self.config.write_text(
            f'[hub]\njournal = "{folder / "journal"}"\nkeyring = "{folder / "keyring.json"}"\nseed = 1\n'
        )
        self.hub: Peer | None = None

    def start_hub(self) -> None:
        self.hub = hub_on(self.world, self.radio, self.config, self.folder)

    def stop_hub(self) -> None:
        assert self.hub
        self.hub.kill()

    def said(self) -> str:
        return (self.folder / "hub.log").read_text()

    def frames_of(self, device_id: str) -> list[bytes]:
        with sqlite3.connect(self.folder / "journal") as db:
            rows = db.execute(
                """SELECT raw FROM frame JOIN boot ON boot.id = frame.boot JOIN timeline ON timeline.id = boot.timeline
                   WHERE device_id = ? ORDER BY frame.id""",
                (bytes.fromhex(device_id),),
            ).fetchall()
        return [raw for (raw,) in rows]


def flipped(stream: bytes, bit: int) -> bytes:
    """The frames of a byte stream, each with one bit changed and a CRC that is right again."""

    def changed() -> Iterator[bytes]:
        for coded in filter(None, stream.split(b"\0")):
            raw = bytearray(cobs_decode(coded) or b"")
            raw[bit // 8 % (len(raw) - 4)] ^= 1 << bit % 8
            yield pack(sealed(bytes(raw[:-4])))

    return b"".join(changed())
