"""What a virtual wearable's firmware can run on: MicroPython of 64 bits, which is a wheel, of 32 bits, as an ESP32 is,
and CPython, for machines that have no MicroPython.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from evensong.errors import Unavailable

Interpreter = Literal["micropython", "micropython-32", "cpython"]
MICROPYTHON_32 = "micropython-32"


def default_interpreter() -> Interpreter:
    """MicroPython where there is a wheel of it for this machine."""
    return "micropython" if importlib.util.find_spec("micropython_unix") else "cpython"


def micropython_32() -> str | None:
    """The executable of this name, beside python or on the PATH."""
    folders = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    return shutil.which(MICROPYTHON_32, path=os.pathsep.join(folders))


def command_of(interpreter: Interpreter) -> list[str]:
    """What runs a script, and ends with its status. Raises Unavailable if there is no MicroPython of 32 bits."""
    if interpreter == "cpython":
        return [sys.executable]
    if interpreter == "micropython":  # `-m micropython_unix` would end with status 0 whatever the script raised
        return [sys.executable, "-c", "import sys, micropython_unix; sys.exit(micropython_unix.main())"]
    found = micropython_32()
    if found is None:
        raise Unavailable(
            "There is no 32-bit MicroPython here: run tests/micropython_32.sh .venv in a clone, on a Debian machine, "
            f"or put MicroPython's unix port, made with MICROPY_FORCE_32BIT=1, as {MICROPYTHON_32} on your PATH."
        )
    return [found]
