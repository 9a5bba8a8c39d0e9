"""A wearable alone with chips and waveforms, and the frames that its flash holds afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from evensong.recordings.ppg_synth import Skin, ppg
from evensong.virtual.chips.chip import Chip
from evensong.virtual.radio import Radio
from evensong.virtual.signal_night import Soldered
from evensong.virtual.waveforms import ACCELERATION_HZ, PPG_HZ, Waveforms
from evensong.virtual.wearable import Hardware, Wearable
from evensong.virtual.world import World
from evensong_firmware.clock import Clock
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.spool import SECTOR, Cursor, Spool
from evensong_wire.codec import decode
from evensong_wire.models import Frame, Ibi

COUNTS = 50_000_000.0


def seen_for(seconds: float, worn_s: float | None = None) -> Waveforms:
    """A still wearer whose beats follow one another unevenly."""
    random = np.random.default_rng(5)
    beat_ms = np.cumsum(random.normal(900, 40, int(seconds / 0.85))).round().astype(np.int64)
    skin = Skin(counts=COUNTS, ambient_share=0.0, perfusion_pct=1.0, bits=30)
    light = ppg(beat_ms, PPG_HZ, skin, seed=5, length_s=seconds + 5)
    mg = random.normal(0, 3, (round(seconds * ACCELERATION_HZ), 3))
    mg[:, 2] += 1000
    worn_ms = 0, round(1000 * (seconds if worn_s is None else worn_s))
    return Waveforms(((light / COUNTS - 1) * 100).astype(np.float32), mg.astype(np.float32), worn_ms, beat_ms)


@dataclass
class Played:
    """What came of it. ppg, motion: the chips as the firmware left them."""

    frames: list[Frame]
    ppg: Chip
    motion: Chip
    output: str

    @property
    def beats(self) -> list[tuple[int, int, int]]:
        """(device time in ms, ibi_ms, quality)."""
        return [
            (frame.header.time_ms + at_ms, ibi_ms, quality)
            for frame in self.frames
            if isinstance(frame.body, Ibi)
            for at_ms, ibi_ms, quality in zip(frame.body.offset_ms, frame.body.ibi_ms, frame.body.quality, strict=True)
        ]


def played(folder: Path, soldered: Soldered, seconds: float, hardware: Hardware | None = None) -> Played:
    world = World()
    wearable = Wearable(world, Radio(), folder, hardware=hardware)
    soldered.give(wearable)

    async def scene() -> None:
        wearable.start()
        await asyncio.sleep(seconds)
        assert wearable.alive, wearable.output.read_text()
        wearable.kill()

    world.run(scene())
    line = wearable.chips
    assert line
    assert line.failure is None
    chips = line._pins[line.wiring.ppg_int], line._pins[line.wiring.motion_int]
    return Played(frames_in(wearable.flash.read_bytes()), *chips, wearable.output.read_text())


class _Image:
    """A copy of a flash chip."""

    def __init__(self, image: bytes) -> None:
        self._image = bytearray(image)

    def ioctl(self, op: int, arg: int) -> int:
        if op == 6:
            self._image[arg * SECTOR : (arg + 1) * SECTOR] = b"\xff" * SECTOR
        return {4: len(self._image) // SECTOR, 5: SECTOR}.get(op, 0)

    def readblocks(self, block: int, buf: Any, offset: int = 0) -> None:
        at = block * SECTOR + offset
        buf[:] = self._image[at : at + len(buf)]

    def writeblocks(self, block: int, buf: Any, offset: int = 0) -> None:
        at = block * SECTOR + offset
        self._image[at : at + len(buf)] = bytes(
            a & b for a, b in zip(self._image[at : at + len(buf)], buf, strict=True)
        )


def frames_in(image: bytes) -> list[Frame]:
    """As the next boot finds them: what was still open is closed first."""
    board = SimpleNamespace(reset_cause=lambda: 0, rtc_s=lambda: None, entropy=bytes)
    spool = Spool(_Image(image), bytes, stream_of)
    Recorder(spool, Clock(), board).start()
    cursor, frames = Cursor(), []
    while n := spool.read(cursor):
        frames.append(decode(bytes(spool.found[:n])))
    return [frame for frame in frames if frame.header.boot_id == 1]
