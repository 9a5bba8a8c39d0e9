"""The board's flash: a file of 4 MB, as NOR keeps it, seen by the loader and by MicroPython's process alike."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .chips import FLASH_BYTES

SECTOR = 4096


class Flash:
    """path: made, erased, if there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            with path.open("wb") as file:
                for _ in range(FLASH_BYTES // 65536):
                    file.write(b"\xff" * 65536)
        self._file = path.open("r+b", buffering=0)

    def read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)

    def erase(self, at: int, size: int) -> None:
        """Whole sectors around this range."""
        first = at // SECTOR * SECTOR
        last = -(-(at + size) // SECTOR) * SECTOR
        self._file.seek(first)
        self._file.write(b"\xff" * (last - first))

    def program(self, at: int, chunk: bytes) -> None:
        """Only clears bits."""
        old = int.from_bytes(self.read(at, len(chunk)), "big")
        self._file.seek(at)
        self._file.write((old & int.from_bytes(chunk, "big")).to_bytes(len(chunk), "big"))

    def md5(self, at: int, size: int) -> bytes:
        return hashlib.md5(self.read(at, size), usedforsecurity=False).digest()

    def close(self) -> None:
        self._file.close()
