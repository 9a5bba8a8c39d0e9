"""Frozen vectors, and the three interpreters that the firmware's half of the wire runs on."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from evensong.virtual.interpreters import command_of

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors" / "wire.json"
FIRMWARE = ROOT / "firmware"

settings.register_profile("untimed", deadline=None)  # a loaded machine must not fail a test
settings.load_profile("untimed")

Run = Callable[..., str]


@pytest.fixture(scope="session")
def vectors() -> dict[str, list[dict[str, Any]]]:
    return json.loads(VECTORS.read_text(encoding="utf-8"))


def _output(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(
    params=["cpython", "micropython", pytest.param("micropython-32", marks=pytest.mark.needs_micropython_32)]
)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a script of tests/wire/on_device/ with frozen vectors in reach; returns what it printed."""

    def run(script: Path, vectors: Path = VECTORS) -> str:
        command = [*command_of(request.param), script, vectors]
        return _output(command, PYTHONPATH=str(FIRMWARE), MICROPYPATH=f"{FIRMWARE}:.frozen")

    return run
