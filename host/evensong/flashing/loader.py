"""esptool, run as a program: it knows the ROM loader of every chip, and resets boards into it.

Its output is read for what it found, how far it is and what went wrong; what it says is turned into one sentence.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evensong.errors import EvensongError, Unavailable

from .image import KINDS, ChipKind, Image
from .port import Unplugged, check_usable

BAUD = 460_800
PIECE_BYTES = 256 << 10  # an image is written in pieces, and of those that are there already none is written again
_FATAL = re.compile(r"A fatal error occurred:|ERROR:")
_PROGRESS = re.compile(r"Writing at 0x([0-9a-f]+)")
_LOST = re.compile(
    r"connection failed|reader thread died|Serial data stream stopped|device disconnected|readiness to read|"
    r"No more data to read|Broken pipe|Input/output error|could not open|Could not open|Timeout while sending|"
    r"No such device|Connection refused|Remote does not seem",
    re.IGNORECASE,
)

_FAMILY = re.compile(r"ESP32(-(S[2-9]|[CHP]\d+))?")  # but ESP32-D0WDQ6, -S0WD, -U4WDH and -PICO-D4 are an ESP32
_UNLIKE = re.compile(r"does not match data in flash|Verification failed|Write failed")
_LOCKED = re.compile(r"Secure Download Mode|Detected flash encryption|Secure Boot detected", re.IGNORECASE)

Progress = Callable[[float], None]


class NotAChip(Unavailable):
    """What is at the port does not answer as an ESP32, or is one that Evensong has no board for."""


class FlashFailed(EvensongError):
    """The loader refused, or what was written reads back differently."""


@dataclass(frozen=True)
class Chip:
    """described: by esptool, such as "ESP32-S3 (QFN56) (revision v0.2)". mac: 12 hex digits."""

    kind: ChipKind
    described: str
    mac: str


def check_installed() -> None:
    if importlib.util.find_spec("esptool") is None:
        raise Unavailable("esptool is not installed: pip install -e '.[flash]' in your clone.")


def identify(port: str) -> Chip:
    """Ask the ROM loader. Nothing is written."""
    said = _Run(port, "--no-stub", "--after", "no-reset", "chip-id")
    return said.finish()


def install(port: str, image: Image, progress: Progress) -> Chip:
    """Write what is not there yet, and verify it. The board restarts. progress: 0 to 1."""
    with TemporaryDirectory() as folder:
        placed: list[str] = []
        for at in range(0, len(image.content), PIECE_BYTES):
            piece = Path(folder) / f"{at:08x}.bin"
            piece.write_bytes(image.content[at : at + PIECE_BYTES])
            placed += [hex(image.kind.offset + at), str(piece)]
        chip = image.kind.name.lower().replace("-", "")
        said = _Run(
            port, "--chip", chip, "--baud", str(BAUD), "write-flash", "--flash-size", "keep", "--skip-flashed", *placed
        )
        for at in said.positions():
            progress(min(1.0, max(0.0, (at - image.kind.offset) / len(image.content))))
        found = said.finish(image)
    progress(1.0)
    return found


def erase(port: str) -> None:
    """The whole flash."""
    _Run(port, "erase-flash").finish()


class _Run:
    """One run of esptool; `finish` says what came of it."""

    def __init__(self, port: str, *arguments: str) -> None:
        self._port = port
        self._said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "esptool", "--connect-attempts", "3", "--port", port, *arguments],
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def positions(self) -> Iterator[int]:
        """Addresses in flash, as they are reached; until the program ends."""
        assert self._process.stdout
        with self._process.stdout:
            for line in self._process.stdout:
                self._said.append(line.strip())
                if found := _PROGRESS.search(line):
                    yield int(found[1], 16)

    def finish(self, image: Image | None = None) -> Chip:
        for _ in self.positions() if not self._process.stdout.closed else ():  # type: ignore[union-attr]
            pass
        if self._process.wait():
            raise trouble(self._port, "\n".join(self._said), image)
        return self._chip()

    def _after(self, title: str) -> str:
        lines = (line.removeprefix(title).strip() for line in self._said if line.startswith(title))
        return next(lines, "")

    def _chip(self) -> Chip:
        described = self._after("Chip type:")
        family = _FAMILY.match(described)
        if family is None or family[0] not in KINDS:
            raise NotAChip(
                f"The chip at {self._port} is {described or 'unknown'}: Evensong has boards for {', '.join(KINDS)}."
            )
        return Chip(KINDS[family[0]], described, self._after("MAC:").replace(":", ""))


def _is_gone(port: str) -> bool:
    try:
        check_usable(port)
    except Unavailable:
        return True
    return False


def trouble(port: str, text: str, image: Image | None) -> EvensongError:
    """What esptool said before it failed, as one sentence."""
    fatal = " ".join(_FATAL.split(text)[-1].partition("For troubleshooting")[0].split())
    if (wrong := re.search(r"This chip is (\S+), not", text)) and image:
        return FlashFailed(
            f"The board has an {wrong[1].rstrip(',')}, {image.name} is for an {image.kind.name}: nothing was written."
        )
    if _LOCKED.search(text):
        return FlashFailed(
            f"The chip at {port} is locked by secure boot, secure download or flash encryption: take another board."
        )
    if "Failed to connect" in fatal or "Wrong boot mode" in fatal or "Failed to autodetect" in fatal:
        if _LOST.search(fatal) or _is_gone(port):
            return Unplugged(port)
        return NotAChip(
            f"Nothing at {port} answers as an ESP32: if it is one, hold its BOOT button, press RESET, and "
            "repeat the command."
        )
    if _UNLIKE.search(fatal):
        return FlashFailed(f"What was written to the board at {port} reads back differently: try another cable.")
    if _LOST.search(text) or _is_gone(port):
        return Unplugged(port)
    return FlashFailed(f"esptool gave up at {port}: {fatal.rstrip('.')}.")
