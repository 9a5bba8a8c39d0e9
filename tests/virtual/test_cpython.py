"""Where there is no MicroPython wheel the same firmware runs under CPython, in the same turns, and the hub gets the
same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from evensong.virtual.wearable import Hardware

from .scenes import Stage, play, play_twice


def _scene(interpreter: Literal["micropython", "cpython"], into: list[list[bytes]]):  # type: ignore[no-untyped-def]
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(
            Hardware(interpreter=interpreter, ticks0_ms=2**30 - 5000, drift_ppm=50), FW_PERIOD_MS="3000"
        )
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))
        stage.world.call_at(200.5, lambda: stage.radio.drop(wearable.address))
        await asyncio.sleep(605)
        assert not following.done()
        assert len(stage.bodies()) == 20
        into.append(stage.bodies())

    return scene


def test_same_journal_as_on_micropython(tmp_path: Path) -> None:
    journals: list[list[bytes]] = []
    play(_scene("micropython", journals), tmp_path / "micropython")
    play_twice(_scene("cpython", journals), tmp_path)
    assert journals[0] == journals[1] == journals[2]
