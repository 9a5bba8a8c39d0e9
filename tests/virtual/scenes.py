"""Scenes that several tests play: one wearable with the sample firmware and the sample hub."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evensong.virtual.adapter import HubController, install_in_world
from evensong.virtual.radio import Air, Radio
from evensong.virtual.wearable import Hardware, Wearable
from evensong.virtual.world import Peer, World

from .samples.hub import Hub

SAMPLES = Path(__file__).parent / "samples"


@dataclass
class Stage:
    world: World
    radio: Radio
    folder: Path

    def wearable(self, hardware: Hardware | None = None, **extra: str) -> Wearable:
        return Wearable(self.world, self.radio, self.folder / "wearable", SAMPLES / "firmware.py", hardware, **extra)

    def hub_process(self, wearable: Wearable, url: str = "", **extra: str) -> Peer:
        command = [sys.executable, str(SAMPLES / "hub.py"), str(self.folder / "journal"), url, wearable.address]
        return self.world.spawn(
            "hub",
            command,
            {**os.environ, "PYTHONHASHSEED": "0", **extra},
            self.folder / "hub.log",
            lambda peer: HubController(self.world, self.radio, peer.send),
        )

    async def hub_here(self) -> Hub:
        await install_in_world(self.radio)
        return Hub(str(self.folder / "journal"), self.world.event)

    def numbers(self) -> list[int]:
        """Of the journal's records, in order."""
        db = sqlite3.connect(self.folder / "journal")
        rows = [number for (number,) in db.execute("select number from record order by number")]
        db.close()
        return rows

    def bodies(self) -> list[bytes]:
        db = sqlite3.connect(self.folder / "journal")
        rows = [body for (body,) in db.execute("select body from record order by number")]
        db.close()
        return rows

    def hub_said(self) -> str:
        return (self.folder / "hub.log").read_text()


Scene = Callable[[Stage], Coroutine[Any, Any, None]]


def play(scene: Scene, folder: Path, air: Air | None = None) -> World:
    """The world after its end: its log and digest."""
    folder.mkdir(parents=True)
    world = World()
    world.run(scene(Stage(world, Radio(air), folder)))
    return world


def play_twice(scene: Scene, folder: Path, air: Callable[[], Air] = Air) -> World:
    """The same scene twice gives the same digest of every turn."""
    first, second = play(scene, folder / "1", air()), play(scene, folder / "2", air())
    assert [line for line in first.log if line not in second.log] == []
    assert first.digest() == second.digest()
    return first


def printed(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern!r} not in {text!r}"
    return match[1]
