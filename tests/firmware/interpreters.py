"""The three interpreters that the firmware runs on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from evensong.virtual.interpreters import Interpreter, command_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"

Run = Callable[..., str]  # (script, *arguments) -> what it printed


def output_of(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def runner(interpreter: Interpreter) -> Run:
    def run(script: Path, *arguments: str) -> str:
        command = [*command_of(interpreter), script, *arguments]
        return output_of(command, PYTHONPATH=str(FIRMWARE), MICROPYPATH=f"{FIRMWARE}:.frozen")

    return run
