"""Firmware tests import the firmware's modules on CPython, and run scripts of on_device/ on all three interpreters."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from interpreters import Run, on_cpython, on_micropython, on_micropython_32
from rig import Ticks


@pytest.fixture(params=["cpython", "micropython", pytest.param("micropython-32", marks=pytest.mark.needs_node)])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a script on one interpreter; returns what it printed."""
    return {"cpython": on_cpython, "micropython": on_micropython, "micropython-32": on_micropython_32}[request.param]


@pytest.fixture(params=["micropython", pytest.param("micropython-32", marks=pytest.mark.needs_node)])
def run_micropython(request: pytest.FixtureRequest) -> Run:
    return {"micropython": on_micropython, "micropython-32": on_micropython_32}[request.param]


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    ticks = Ticks()
    monkeypatch.setattr(time, "ticks_ms", ticks.ticks_ms, raising=False)
    monkeypatch.setattr(time, "ticks_diff", ticks.ticks_diff, raising=False)
    return ticks
