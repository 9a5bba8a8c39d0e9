"""`evensong bench firmware`: what the firmware needs of a small machine.

An ESP32 has 32 bits, so its heap is that of MicroPython's 32-bit port; objects are up to twice as large on 64 bits. On
a board the firmware's code lies in the heap as it does here, compiled beforehand, unless it is frozen into MicroPython.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from evensong.cli.bench_heap import SCENE_S, least_heap_kb
from evensong.errors import Unavailable
from evensong.flashing.firmware_image import build, build_shim
from evensong.virtual.interpreters import Interpreter, command_of, default_interpreter, micropython_32
from evensong.virtual.wearable import FIRMWARE, SHIM

STEADY_STATE = SHIM / "bench" / "steady_state.py"  # not beside the shim, whose `time` it would import
LINK_COST = SHIM / "bench" / "link_cost.py"
SIGNAL_COST = SHIM / "bench" / "signal_cost.py"
SENSORS = {"ppg": "MAX30101", "motion": "LIS3DH"}
SIGNAL_S = (20, 80)
TURNS = (1000, 3000)
LINK_TURNS = (300, 900)


def run() -> dict[str, Any]:
    """Print a table and return its figures.

    least_heap_kb: see `bench_heap`, on 32 bits, as an ESP32 has; least_heap_64_bits_kb: the same scene on 64 bits;
    least_heap_in_place_kb: on 32 bits, with the code not in the heap. None, with a sentence, where there is none.
    alloc_bytes_per_sample: on 64 bits, on the way from source to flash, closing of frames and erasing of sectors
    included; ..._32_bits: the same there, None without. instructions_per_sample: of the same on 64 bits, by callgrind;
    None without. auth_instructions_percent: what sealing a frame, opening its acknowledgement and collecting the
    garbage of both add to the instructions that the frame takes from its samples to the radio.
    auth_alloc_bytes_per_frame: of that garbage. ..._per_ppg_sample, ..._per_motion_sample: from a chip's register to
    beats and counts. mpy_bytes: size of each file of the image.
    """
    if default_interpreter() == "cpython":
        raise Unavailable("There is no MicroPython for this machine: bench firmware needs x86_64 Linux.")
    console = Console()
    table = Table(Column("figure", overflow="fold"), "value", "measured on")
    figures: dict[str, Any] = {}

    def show(measured_on: str, **values: float | None) -> None:
        figures.update(values)
        for name, value in values.items():
            table.add_row(name, str(value), measured_on)

    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder)
        build(FIRMWARE, image / "firmware")
        build_shim(SHIM, image / "shim")
        scene = f"{SCENE_S // 60} minutes from chips, a reboot, two connections, firmware as .mpy with every shim"
        show(f"32 bits, as an ESP32; {scene}", least_heap_kb=least_heap_kb("micropython-32", image, console))
        show(f"64 bits; {scene}", least_heap_64_bits_kb=least_heap_kb("micropython", image, console))
        in_place = least_heap_kb("micropython-32", image, console, from_rom=True) if micropython_32() else None
        show("32 bits; the .mpy run from a ROM file system, as frozen code does", least_heap_in_place_kb=in_place)
        root = image / "firmware"
        mpy_bytes = {str(path.relative_to(root)): path.stat().st_size for path in sorted(root.rglob("*.mpy"))}

    few, many = (_steady_state(turns) for turns in TURNS)
    polls = f"{many['samples']} samples, {many['frames']} frames, {many['log_sectors']} log sectors; flash in memory"
    show(f"64 bits; {polls}", alloc_bytes_per_sample=_alloc_bytes_per_sample(many))
    on_32_bits = _alloc_bytes_per_sample(_steady_state(TURNS[1], "micropython-32")) if micropython_32() else None
    show("32 bits; the same", alloc_bytes_per_sample_32_bits=on_32_bits)
    instructions = _instructions(console, STEADY_STATE, TURNS)
    show(
        f"difference of {TURNS[1]} and {TURNS[0]} polls",
        instructions_per_sample=instructions and round(instructions / (many["samples"] - few["samples"])),
    )
    show(
        f"difference of {LINK_TURNS[1]} and {LINK_TURNS[0]} polls, a hub takes each frame, sealed against open",
        auth_instructions_percent=instructions and _auth_instructions_percent(console),
    )
    show(f"{LINK_TURNS[0]} polls of the same", auth_alloc_bytes_per_frame=_auth_alloc_bytes_per_frame())
    for sensor, driver in SENSORS.items():
        show(f"{driver}: driver, dating, sense; {SIGNAL_S[1]} s after {SIGNAL_S[0]} s", **_sensor_cost(console, sensor))
    for file, size in mpy_bytes.items():
        table.add_row(file, str(size), "bytes as .mpy")
    console.print(table)
    return {**figures, "mpy_bytes": mpy_bytes}


def _sensor_cost(console: Console, sensor: str) -> dict[str, float | None]:
    """Allocation on 64 and on 32 bits and instructions for each sample of `ppg` or `motion`."""
    samples, allocated = _signal_cost(sensor, "micropython")
    _, allocated_32 = _signal_cost(sensor, "micropython-32") if micropython_32() else (samples, None)
    instructions = _instructions(console, SIGNAL_COST, SIGNAL_S, sensor)
    return {
        f"alloc_bytes_per_{sensor}_sample": allocated,
        f"alloc_bytes_per_{sensor}_sample_32_bits": allocated_32,
        f"instructions_per_{sensor}_sample": instructions and round(instructions / samples),
    }


def _signal_cost(sensor: str, interpreter: Interpreter) -> tuple[int, float]:
    """Samples between the shorter and the longer run, and bytes for each."""
    few, many = (
        json.loads(_micropython(SIGNAL_COST, str(seconds), sensor, interpreter=interpreter).stdout)
        for seconds in SIGNAL_S
    )
    samples = many[sensor] - few[sensor]
    return samples, round((many["bytes"] - few["bytes"]) / samples, 3)


def _micropython(
    *arguments: str | Path, before: Sequence[str] = (), interpreter: Interpreter = "micropython"
) -> subprocess.CompletedProcess[str]:
    command = [*before, *command_of(interpreter), *map(str, arguments)]
    environment = {"MICROPYPATH": f"{FIRMWARE.parent}:.frozen", "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def _steady_state(turns: int, interpreter: Interpreter = "micropython") -> dict[str, int]:
    figures: dict[str, int] = json.loads(_micropython(STEADY_STATE, str(turns), interpreter=interpreter).stdout)
    return figures


def _alloc_bytes_per_sample(figures: dict[str, int]) -> float:
    return figures["bytes"] / figures["samples"]


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
