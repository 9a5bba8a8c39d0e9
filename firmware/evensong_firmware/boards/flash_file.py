"""NOR flash in a file, for the virtual board: a program only clears bits, an erase sets a sector to 0xff.

Each program is one write to the file, so a killed process leaves what flash would hold. It is not synchronised to disk:
the virtual wearable's power fails, its host's does not.
"""

import sys

SECTOR = 4096
SECTORS = 128  # 512 KiB
_ERASED = bytearray(b"\xff" * 256)  # longest program


def _open(path, mode):
    if sys.implementation.name == "micropython":  # its files have no buffer
        return open(path, mode)
    return open(path, mode, buffering=0)


class FlashFile:
    """path: made, erased, if it is not there or has another size."""

    def __init__(self, path, sectors=SECTORS):
        self._sectors = sectors
        try:
            self._file = _open(path, "r+b")
            size = self._file.seek(0, 2)
        except OSError:
            size = -1
        if size != sectors * SECTOR:
            with _open(path, "wb") as file:
                for _ in range(sectors * SECTOR // 256):
                    file.write(_ERASED)
            self._file = _open(path, "r+b")

    def ioctl(self, op, arg):
        """4: number of sectors; 5: their size; 6: erase sector `arg`."""
        if op == 4:
            return self._sectors
        if op == 5:
            return SECTOR
        if op == 6:
            self._file.seek(arg * SECTOR)
            for _ in range(SECTOR // 256):
                self._file.write(_ERASED)
        return 0

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * SECTOR + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        """Program without erasing: at most 256 bytes."""
        at = block * SECTOR + offset
        self._file.seek(at)
        old = self._file.read(len(buf))
        self._file.seek(at)
        if old != _ERASED[: len(buf)]:
            buf = bytes([before & now for before, now in zip(old, buf)])
        self._file.write(buf)
