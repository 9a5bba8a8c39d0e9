"""Firmware tests import the firmware's modules on CPython, and run scripts of on_device/ on all three interpreters."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from hours import Hours
from interpreters import Run, runner
from rig import Ticks

MICROPYTHON_32 = pytest.param("micropython-32", marks=pytest.mark.needs_micropython_32)


@pytest.fixture(params=["cpython", "micropython", MICROPYTHON_32])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a script on one interpreter; returns what it printed."""
    return runner(request.param)


@pytest.fixture(params=["micropython", MICROPYTHON_32])
def run_micropython(request: pytest.FixtureRequest) -> Run:
    return runner(request.param)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    ticks = Ticks()
    monkeypatch.setattr(time, "ticks_ms", ticks.ticks_ms, raising=False)
    monkeypatch.setattr(time, "ticks_diff", ticks.ticks_diff, raising=False)
    return ticks


@pytest.fixture
def hours(ticks: Ticks, tmp_path: Path) -> Hours:
    return Hours(tmp_path, ticks)
