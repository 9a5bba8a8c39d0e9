"""Firmware tests import the firmware's modules on CPython, and run scripts of on_device/ on all three interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
MICROPYTHON_32 = Path(
    os.environ.get("EVENSONG_MP32", ROOT / "node_modules" / "@micropython" / "micropython-webassembly-pyscript")
)
sys.path.insert(0, str(HERE))

Run = Callable[..., str]


def output_of(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_cpython(script: Path, *arguments: str) -> str:
    return output_of([sys.executable, script, *arguments], PYTHONPATH=str(FIRMWARE))


def on_micropython(script: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "micropython_unix", script, *arguments]
    return output_of(command, MICROPYPATH=f"{FIRMWARE}:.frozen")


def on_micropython_32(script: Path, *arguments: str) -> str:
    runner = HERE / "mp32.mjs"
    return output_of(["node", runner, MICROPYTHON_32, FIRMWARE, HERE, script, *arguments])


@pytest.fixture(params=["cpython", "micropython", pytest.param("micropython-32", marks=pytest.mark.needs_node)])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a script on one interpreter; returns what it printed."""
    return {"cpython": on_cpython, "micropython": on_micropython, "micropython-32": on_micropython_32}[request.param]


@pytest.fixture(params=["micropython", pytest.param("micropython-32", marks=pytest.mark.needs_node)])
def run_micropython(request: pytest.FixtureRequest) -> Run:
    return {"micropython": on_micropython, "micropython-32": on_micropython_32}[request.param]


class Ticks:
    """MicroPython's `time.ticks_ms`, which a test moves."""

    def __init__(self) -> None:
        self.ms = 0

    def ticks_ms(self) -> int:
        return self.ms % (1 << 30)

    @staticmethod
    def ticks_diff(a: int, b: int) -> int:
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    ticks = Ticks()
    monkeypatch.setattr(time, "ticks_ms", ticks.ticks_ms, raising=False)
    monkeypatch.setattr(time, "ticks_diff", ticks.ticks_diff, raising=False)
    return ticks
