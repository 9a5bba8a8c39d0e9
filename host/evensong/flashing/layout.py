"""What lies where in the board's file system, paths as the firmware sees them.

main.py             chooses a slot and runs it; written by cable only
slot                a or b: the firmware that runs
trial               while an update is on trial: its slot, and how many starts it has left
a/ b/               a firmware each: evensong_firmware/**.mpy, the live stager's weights, and its manifest
floor               the lowest version that an update may have
update.pub          the key that updates are signed with; without it none is taken
evensong.json       the wearer's settings
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from tempfile import TemporaryDirectory

import evensong_firmware
from evensong.staging.student import shipped_student

from .firmware_image import build, build_stager

MAIN, SLOT, TRIAL, FLOOR, SETTINGS, UPDATE_KEY, MANIFEST = (
    "main.py", "slot", "trial", "floor", "evensong.json", "update.pub", "manifest",
)  # fmt: skip
SLOTS = ("a", "b")
WEIGHTS = "evensong_firmware/live.weights"  # within a slot
PACKAGE = Path(next(iter(evensong_firmware.__path__)))
STARTER = PACKAGE / "starter.py"  # what is `main.py` on the board; in the package, so that the wheel has it
# MicroPython's MP_NATIVE_ARCH_*, as `sys.implementation._mpy >> 10` says it, in mpy-cross's words.
ARCHS = {0: None, 2: "x64", 10: "xtensawin", 11: "rv32imc"}
MPY_VERSION = 6


@dataclass(frozen=True)
class Firmware:
    """files: by path within a slot. version: of the whole, as pyproject.toml says it."""

    version: str
    files: dict[str, bytes] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(map(len, self.files.values()))


@cache  # a job that goes on after a pulled cable asks again
def compiled(arch: str | None, package: Path = PACKAGE) -> Firmware:
    """The firmware as a board is given it. arch: of native code, None for none."""
    with TemporaryDirectory() as folder:
        build(package, Path(folder), arch)
        build_stager(package, Path(folder), arch)
        found = sorted(path for path in Path(folder).rglob("*.mpy") if path.stem != "starter")
        files = {str(path.relative_to(folder)): path.read_bytes() for path in found}
    files[WEIGHTS] = shipped_student().weights
    return Firmware(version_of("evensong"), files)


def settings_with(stored: bytes, name: str | None) -> bytes:
    """The wearer's settings with another name. What cannot be read counts as none, as the firmware takes it."""
    try:
        settings = json.loads(stored)
    except ValueError:
        settings = {}
    if not isinstance(settings, dict):
        settings = {}
    if name is not None:
        settings["name"] = name
    return json.dumps(settings).encode()
