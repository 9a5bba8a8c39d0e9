"""The least heap of `evensong bench firmware`: the smallest with which a wearable plays a scene and loses nothing.

The scene: it records what models of a MAX30101 and a LIS3DH on a XIAO ESP32S3 measure, loses its power, recovers,
connects twice and hands over every sample. All that is loaded counts: firmware and the shims for bluetooth, machine and
time, which are C on a board; the models of the chips run elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from evensong.errors import Unavailable
from evensong.hub.link.ble import BlePort, find
from evensong.recordings.synth import synthesize
from evensong.virtual.adapter import install_in_world
from evensong.virtual.interpreters import Interpreter, command_of
from evensong.virtual.loop import Stuck
from evensong.virtual.radio import Radio
from evensong.virtual.signal_night import Soldered
from evensong.virtual.waveforms import Waveforms, waveforms
from evensong.virtual.wearable import Hardware, Wearable
from evensong.virtual.world import World
from evensong_wire import codec
from evensong_wire.channel import Channel
from evensong_wire.frames import CommandCode
from evensong_wire.models import (
    KIND_OF,
    Ack,
    Body,
    Challenge,
    Command,
    Frame,
    Header,
    Hello,
    HubHello,
    Ibi,
    Log,
    ResumeFrom,
    Status,
    TimeReply,
    TimeRequest,
    samples_in,
)
from evensong_wire.sealing import first_key
from evensong_wire.stream import Stream, pack

SCENE_S = 1500
HEAP_KB = (48, 176)  # too little; what the search begins with
MOST_BEATS = 0.8  # of the beats there were: some are lost to the chips' start, to power and to movement
LOST_TO_POWER = 12  # samples: the last seconds before the power loss, and what began before the next boot
UTC_MS = 1_700_000_000_000


@dataclass(frozen=True)
class InPlace(Soldered):
    """The image runs where it lies, in memory that is not the heap, as frozen code does: a ROM file system mapped by
    mmap."""

    def give(self, wearable: Wearable) -> None:
        assert self.image
        super().give(wearable)
        start = in_place(self.image, wearable.folder / "rom") + "import evensong_firmware.main\n"
        (wearable.folder / "start.py").write_text(start, encoding="utf-8")


def in_place(image: Path, rom: Path) -> str:
    """Make a ROM file system of an image; returns the start of a script that imports from there."""
    build = [sys.executable, "-m", "mpremote", "romfs", "--output", str(rom), "build", str(image)]
    subprocess.run(build, check=True, capture_output=True)
    return MAP_ROM.format(rom=str(rom), size=rom.stat().st_size)


MAP_ROM = """import ffi, sys, uctypes, vfs
file = open({rom!r}, "rb")
at = ffi.open("libc.so.6").func("I", "mmap", "IIiiii")(0, {size}, 1, 2, file.fileno(), 0)  # readable and private
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(at, {size})), "/rom")
sys.path[:] = ["/rom/shim", ".frozen", "/rom/firmware"]
"""


def least_heap_kb(interpreter: Interpreter, image: Path, console: Console, *, from_rom: bool = False) -> int | None:
    """By bisection, in units of 1024 bytes. None, with a sentence why, without such an interpreter or if the scene
    fails with every heap. image: see `Wearable.run_image`. from_rom: see `InPlace`."""
    try:
        command_of(interpreter)
    except Unavailable as error:
        console.print(error.message, soft_wrap=True, highlight=False)
        return None
    seen = scene_waveforms()
    soldered = InPlace(seen, image=image) if from_rom else Soldered(seen, image=image)
    with tempfile.TemporaryDirectory() as folder:

        def failing(heap_kb: int) -> str:
            shutil.rmtree(Path(folder) / "wearable", ignore_errors=True)
            return what_fails(heap_kb, soldered, Path(folder) / "wearable", interpreter)

        return bisect(*HEAP_KB, failing, console)


def bisect(low: int, high: int, failing: Callable[[int], str], console: Console) -> int | None:
    """The least number above `low` and up to `high` with which nothing fails; None, with a sentence, if something does
    with `high`. That more never hurts is taken for granted. failing: says what fails, "" if nothing does."""
    if why := failing(high):
        console.print(f"No heap of up to {high} KB suffices, so there is no least one: {why}")
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if failing(middle):
            low = middle
        else:
            high = middle
    return high


def what_fails(heap_kb: int, soldered: Soldered, folder: Path, interpreter: Interpreter) -> str:
    """Nothing if every sample of the scene arrives with a heap of this size, else a sentence."""
    hardware = Hardware(heap_kib=heap_kb, interpreter=interpreter)
    try:
        frames = play_scene(folder, folder / "start.py", hardware, soldered)
    except (Unavailable, AssertionError, Stuck) as error:
        return str(error)
    beats_there = int((soldered.seen.beat_ms < 1000 * SCENE_S).sum())
    return what_is_missing([frame.body for frame in frames], beats_there)


def what_is_missing(bodies: Sequence[Body], beats_there: int) -> str:
    """From a scene's frames, "" if nothing is. beats_there: how often the heart beat."""
    if log := next((body for body in bodies if isinstance(body, Log)), None):
        return f'the firmware reports "{log.text}".'
    status = next((body for body in reversed(bodies) if isinstance(body, Status)), None)
    if status is None:
        return "no status came after the flush."
    if status.dropped:
        return f"{status.dropped} samples were dropped."
    beats = sum(samples_in(body) for body in bodies if isinstance(body, Ibi))
    if beats <= MOST_BEATS * beats_there:
        return f"of {beats_there} beats {beats} arrived."
    return ""


def scene_waveforms() -> Waveforms:
    """An hour and a half of a synthetic night, of which the scene is the beginning."""
    samples, _ = synthesize(7, 1.0)
    return waveforms(samples, 7)


def play_scene(
    folder: Path, script: Path, hardware: Hardware, soldered: Soldered | None = None, **extra: str
) -> list[Frame]:
    """The frames that the hub got, in order of their numbers. soldered: None: a tape is played. Raises Unavailable if
    the wearable cannot be talked to, AssertionError if it ended by itself."""
    world = World()
    radio = Radio()
    wearable = Wearable(world, radio, folder, script, hardware, **extra)
    if soldered:
        soldered.give(wearable)
    else:
        wearable.tape.write_bytes(b"".join(_tape()))
    scene = Scene(world, radio, wearable)
    world.run(scene.play())
    return [frame for _, frame in sorted(scene.frames.items())]


def _tape() -> list[bytes]:
    """A beat about every second, a heart rate every five, a count every thirty."""
    samples = [(1000 * s, 3, 0, 37 * s % 5000) for s in range(30, SCENE_S, 30)]
    samples += [(1000 * s, 1, 0, 960 + 7 * s % 60) for s in range(3, SCENE_S, 5)]
    t_ms = 1000
    while t_ms < 1000 * SCENE_S:
        ibi_ms = 900 + t_ms * 31 % 97
        t_ms += ibi_ms
        samples.append((t_ms, 2, 100, ibi_ms))
    return [struct.pack("<IBBH", *sample) for sample in sorted(samples)]


class Scene:
    """A wearable alone, a power loss, a hub that fetches all, then one that watches live and changes a setting.

    frames: by identity.
    """

    def __init__(self, world: World, radio: Radio, wearable: Wearable) -> None:
        self.frames: dict[tuple[bytes, int, int], Frame] = {}
        self._world = world
        self._radio = radio
        self._wearable = wearable
        self._said = 0
        self._channel = Channel(b"benchhub", os.urandom)  # of the connection there is

    async def play(self) -> None:
        await install_in_world(self._radio)
        self._wearable.start()
        await asyncio.sleep(SCENE_S / 2)
        assert self._wearable.alive, "the firmware ended by itself."
        self._wearable.kill()
        self._wearable.start()
        await asyncio.sleep(10)
        await self._connection(SCENE_S / 4, [])
        live = Command(1, CommandCode.LIVE, b"\1"), Command(2, CommandCode.CONFIGURE, b'{"name": "Bench"}')
        await self._connection(SCENE_S / 4, [*live, Command(3, CommandCode.FLUSH, b"")])
        self._wearable.kill()

    async def _connection(self, for_s: float, commands: list[Body]) -> None:
        found = await find(10, lambda address: address == self._wearable.address)
        assert found, "the wearable is not heard."
        port = await BlePort.connect(found)
        self._channel = Channel(b"benchhub", os.urandom)
        stream = Stream(self._channel.unseal)
        await self._say(port, HubHello(b"benchhub", 0))
        for words in ([], commands, []):
            for command in words:
                await self._say(port, command)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(for_s / 3):
                    while True:
                        for frame in stream.feed(await port.receive()):
                            await self._answer(port, frame)
        await port.close()

    async def _answer(self, port: BlePort, frame: Frame) -> None:
        body, header = frame.body, frame.header
        if header.numbered:
            self.frames[header.incarnation, header.boot_id, header.seq] = frame
            await self._say(port, Ack(header.boot_id, header.seq))
        elif isinstance(body, Challenge):
            key = first_key(self._wearable.hardware.root, body.device_id)
            proof, _ = self._channel.prove(body, key, by_label=False)
            await port.send(pack(codec.encode(Header(KIND_OF[type(proof)], bytes(4), 0, 0, 0), proof)))
        elif isinstance(body, Hello):
            await self._say(port, ResumeFrom(body.first_boot_id, body.first_seq))
        elif isinstance(body, TimeRequest):
            await self._say(port, TimeReply(body.token, UTC_MS + self._world.now_us // 1000, 5))

    async def _say(self, port: BlePort, body: Body) -> None:
        self._said += 1
        raw = codec.encode(Header(KIND_OF[type(body)], bytes(4), 0, self._said, 0), body)
        await port.send(self._channel.pack(raw))
