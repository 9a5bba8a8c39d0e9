"""`evensong bench firmware`: what the firmware needs of a small machine, on 64-bit MicroPython.

Its objects are about twice the size of an ESP32's, and there the firmware's code would lie in flash: here it is
compiled beforehand, but loaded into the heap that is measured. Allocation on 32 bits is checked by `make check`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evensong.errors import Unavailable
from evensong.flashing.firmware_image import build, build_shim
from evensong.hub.link.ble import BlePort, find
from evensong.recordings.synth import synthesize
from evensong.virtual.adapter import install_in_world
from evensong.virtual.interpreters import Interpreter
from evensong.virtual.loop import Stuck
from evensong.virtual.radio import Radio
from evensong.virtual.signal_night import Soldered
from evensong.virtual.waveforms import Waveforms, waveforms
from evensong.virtual.wearable import FIRMWARE, SHIM, Hardware, Wearable
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

STEADY_STATE = SHIM / "bench" / "steady_state.py"  # not beside the shim, whose `time` it would import
LINK_COST = SHIM / "bench" / "link_cost.py"
SIGNAL_COST = SHIM / "bench" / "signal_cost.py"
SENSORS = {"ppg": "MAX30101", "motion": "LIS3DH"}
SIGNAL_S = (20, 80)
TURNS = (1000, 3000)
LINK_TURNS = (300, 900)
SCENE_S = 1500
HEAP_KB = (96, 256)  # too little; what the search begins with
MOST_BEATS = 0.8  # of the beats there were: some are lost to the chips' start, to power and to movement
LOST_TO_POWER = 12  # samples: the last seconds before the power loss, and what began before the next boot
UTC_MS = 1_700_000_000_000


def run() -> dict[str, Any]:
    """Print a table and return its figures.

    least_heap_kb: the smallest heap (a KB is 1024 bytes) with which a wearable records what models of a MAX30101 and a
    LIS3DH on a XIAO ESP32S3 measure, loses its power, recovers, connects twice and hands over every sample; None, with
    a sentence, if none of HEAP_KB suffices. The shims for bluetooth, machine and time, which are C on a board, count;
    the models do not. alloc_bytes_per_sample: on the
    way from source to flash, closing of frames and erasing of sectors included. instructions_per_sample: of the same,
    by callgrind; None without. auth_instructions_percent: what sealing a frame, opening its acknowledgement and
    collecting the garbage of both add to the instructions that the frame takes from its samples to the radio.
    auth_alloc_bytes_per_frame: of that garbage. ..._per_ppg_sample, ..._per_motion_sample: from a chip's register to
    beats and counts. mpy_bytes: size of each file of the image.
    """
    if shutil.which("micropython", path=str(Path(sys.executable).parent)) is None:
        raise Unavailable("There is no MicroPython for this machine: bench firmware needs x86_64 Linux.")
    console = Console()
    few, many = (_steady_state(turns) for turns in TURNS)
    instructions = _instructions(console, STEADY_STATE, TURNS)
    heap_kb, mpy_bytes = least_heap_kb(console)
    figures = {
        "least_heap_kb": heap_kb,
        "alloc_bytes_per_sample": many["bytes"] / many["samples"],
        "instructions_per_sample": instructions and round(instructions / (many["samples"] - few["samples"])),
        "auth_instructions_percent": instructions and _auth_instructions_percent(console),
        "auth_alloc_bytes_per_frame": _auth_alloc_bytes_per_frame(),
    }
    table = Table("figure", "value", "measured on")
    measured_on = (
        f"{SCENE_S // 60} minutes from chips, a reboot, two connections, firmware as .mpy with every shim",
        f"{many['samples']} samples, {many['frames']} frames, {many['log_sectors']} log sectors; flash in memory",
        f"difference of {TURNS[1]} and {TURNS[0]} polls",
        f"difference of {LINK_TURNS[1]} and {LINK_TURNS[0]} polls, a hub takes each frame, sealed against open",
        f"{LINK_TURNS[0]} polls of the same",
    )
    for (name, value), what in zip(figures.items(), measured_on, strict=True):
        table.add_row(name, str(value), what)
    for sensor, driver in SENSORS.items():
        cost = _sensor_cost(console, sensor)
        figures |= cost
        for name, value in cost.items():
            table.add_row(name, str(value), f"{driver}: driver, dating, sense; {SIGNAL_S[1]} s after {SIGNAL_S[0]} s")
    for file, size in mpy_bytes.items():
        table.add_row(file, str(size), "bytes as .mpy")
    console.print(table)
    return {**figures, "mpy_bytes": mpy_bytes}


# --- steady state ---


def _sensor_cost(console: Console, sensor: str) -> dict[str, float | None]:
    """Allocation and instructions for each sample of `ppg` or `motion`."""
    few, many = (json.loads(_micropython(SIGNAL_COST, str(seconds), sensor).stdout) for seconds in SIGNAL_S)
    instructions = _instructions(console, SIGNAL_COST, SIGNAL_S, sensor)
    samples = many[sensor] - few[sensor]
    return {
        f"alloc_bytes_per_{sensor}_sample": round((many["bytes"] - few["bytes"]) / samples, 3),
        f"instructions_per_{sensor}_sample": instructions and round(instructions / samples),
    }


def _micropython(*arguments: str | Path, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "micropython_unix", *map(str, arguments)]
    environment = {"MICROPYPATH": f"{FIRMWARE.parent}:.frozen", "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def _steady_state(turns: int) -> dict[str, int]:
    figures: dict[str, int] = json.loads(_micropython(STEADY_STATE, str(turns)).stdout)
    return figures


def _auth_alloc_bytes_per_frame() -> int:
    opened, sealed = (
        json.loads(_micropython(LINK_COST, str(LINK_TURNS[0]), how, "count").stdout) for how in ("open", "sealed")
    )
    assert opened["frames"] == sealed["frames"]
    return int((sealed["allocated"] - opened["allocated"]) / sealed["frames"])


def _auth_instructions_percent(console: Console) -> float:
    opened, sealed = (_instructions(console, LINK_COST, LINK_TURNS, how) for how in ("open", "sealed"))
    assert opened
    assert sealed
    return round(100 * (sealed - opened) / opened, 1)


def _instructions(console: Console, script: Path, of_turns: tuple[int, int], *arguments: str) -> int | None:
    """Between the longer and the shorter run; None, with a sentence, if valgrind is not there."""
    if shutil.which("valgrind") is None:
        console.print("No valgrind here, so no count of instructions: install it (Debian: apt install valgrind).")
        return None
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    counts = []
    for turns in of_turns:
        said = _micropython(script, str(turns), *arguments, before=valgrind).stderr
        found = re.search(r"Collected : (\d+)", said)
        assert found, said
        counts.append(int(found[1]))
    return counts[1] - counts[0]


# --- least heap ---


def least_heap_kb(console: Console) -> tuple[int | None, dict[str, int]]:
    """By bisection; None, with a sentence why, if the scene fails with every heap. And the size of each file of the
    image."""
    seen = scene_waveforms()
    with tempfile.TemporaryDirectory() as folder:
        modules = Path(folder) / "modules"
        build(FIRMWARE, modules / "firmware")
        build_shim(SHIM, modules / "shim")

        def failing(heap_kb: int) -> str:
            shutil.rmtree(Path(folder) / "wearable", ignore_errors=True)
            return what_fails(heap_kb, modules, Path(folder) / "wearable", seen, "micropython")

        least = bisect(*HEAP_KB, failing, console)
        root = modules / "firmware"
        sizes = {str(path.relative_to(root)): path.stat().st_size for path in sorted(root.rglob("*.mpy"))}
    return least, sizes


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


def what_fails(heap_kb: int, modules: Path, folder: Path, seen: Waveforms, interpreter: Interpreter) -> str:
    """Nothing if every sample of the scene arrives with a heap of this size, else a sentence. modules: what `build`
    made."""
    hardware = Hardware(heap_kib=heap_kb, interpreter=interpreter)
    try:
        frames = play_scene(folder, folder / "start.py", hardware, Soldered(seen, image=modules))
    except (Unavailable, AssertionError, Stuck) as error:
        return str(error)
    return what_is_missing([frame.body for frame in frames], int((seen.beat_ms < 1000 * SCENE_S).sum()))


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
