"""A wearable whose file system is as `evensong flash` leaves it: firmware in slots, a key for updates. On BLE."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from evensong.flashing import bundle, layout
from evensong.hub.keyring import Keyring
from evensong.virtual.adapter import HubController
from evensong.virtual.radio import Air, Radio
from evensong.virtual.wearable import SHIM, Hardware, Wearable
from evensong.virtual.world import Peer, World

from .on_air import UTC_MS, hub_on

COMMAND = Path(__file__).parent / "samples" / "command.py"
RESTART_S = 1


class Slotted(Wearable):
    """Its board starts again by itself, as a chip does. signer: the key of its updates."""

    def __init__(self, world: World, radio: Radio, folder: Path, signer: Path, hardware: Hardware) -> None:
        start = folder / "start.py"  # a board starts in the root of its file system
        path = f"{SHIM}:.frozen"
        super().__init__(world, radio, folder, start, hardware, MICROPYPATH=path)
        start.write_text(f"import os\nos.chdir({str(folder)!r})\nimport main\nmain.run(main.choose())\n")
        firmware = layout.compiled(None)
        for name, content in firmware.files.items():
            (folder / "a" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "a" / name).write_bytes(content)
        (folder / "a" / "manifest").write_text(bundle.manifest_of(firmware, firmware.version))
        (folder / "main.py").write_bytes(layout.STARTER.read_bytes())
        (folder / "slot").write_text("a")
        (folder / "update.pub").write_bytes(bundle.public_part(signer))
        self.extra["MICROPYPATH"] = f"{folder}:{path}"
        self._loop = world
        self._unplugged = False
        self.on_end = self._ended

    def _ended(self) -> None:
        if not self._unplugged:
            self._loop.call_later(RESTART_S, self.start)

    def unplug(self) -> None:
        """Power off, for good."""
        self._unplugged = True
        self.kill()

    def kept(self, name: str) -> str:
        """Content of a file in its root, empty if there is none."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""


class Desk:
    """A slotted wearable, and the computer that has its key."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.radio = world, folder, Radio(Air(packet_s=0.002))
        self.signer = folder / "updates.key"
        bundle.new_key(self.signer)
        hardware = Hardware(device_id="e5e700000000a001")
        self.wearable = Slotted(world, self.radio, folder / "wearable", self.signer, hardware)
        Keyring(folder / "keyring.json").add(bytes.fromhex(hardware.device_id), hardware.root)
        self.config = folder / "evensong.toml"
        self.config.write_text(f'[hub]\nkeyring = "{folder}/keyring.json"\njournal = "{folder}/journal"\n')
        self._runs = 0

    def hub(self) -> Peer:
        return hub_on(self.world, self.radio, self.config, self.folder)

    async def evensong(self, *words: str) -> tuple[int | None, str]:
        """Run a command of ours on that computer: exit status, and what it said."""
        self._runs += 1
        output = self.folder / f"said{self._runs}"
        ended = asyncio.Event()
        peer = self.world.spawn(
            "evensong",
            [sys.executable, str(COMMAND), str(UTC_MS), "1", *words, "--config", str(self.config)],
            {"PATH": "", "PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "0"},
            output,
            lambda peer: HubController(self.world, self.radio, peer.send),
        )
        peer.on_end = ended.set
        await ended.wait()
        return peer.returncode, output.read_text()


def play(scene: Callable[[Desk], Coroutine[Any, Any, None]], folder: Path) -> None:
    async def to_its_end(desk: Desk) -> None:
        try:
            await scene(desk)
        finally:
            desk.wearable.unplug()

    world = World()
    world.run(to_its_end(Desk(world, folder)))
