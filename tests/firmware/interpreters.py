"""The three interpreters that the firmware runs on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
MICROPYTHON_32 = Path(
    os.environ.get("EVENSONG_MP32", ROOT / "node_modules" / "@micropython" / "micropython-webassembly-pyscript")
)

# `python -m micropython_unix` ends with status 0 whatever the script raised
MICROPYTHON = [sys.executable, "-c", "import sys, micropython_unix; sys.exit(micropython_unix.main())"]

Run = Callable[..., str]  # (script, *arguments) -> what it printed


def output_of(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_cpython(script: Path, *arguments: str) -> str:
    return output_of([sys.executable, script, *arguments], PYTHONPATH=str(FIRMWARE))


def on_micropython(script: Path, *arguments: str) -> str:
    command = [*MICROPYTHON, script, *arguments]
    return output_of(command, MICROPYPATH=f"{FIRMWARE}:.frozen")


def on_micropython_32(script: Path, *arguments: str) -> str:
    runner = HERE / "mp32.mjs"
    return output_of(["node", runner, MICROPYTHON_32, FIRMWARE, HERE, script, *arguments])
