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
        self._old = bytearray(256)
        whole = memoryview(self._old)
        erased = memoryview(_ERASED)
        self._old_first = [whole[: 8 * i] for i in range(33)]
        self._erased_first = [erased[: 8 * i] for i in range(33)]

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
        """Program without erasing: at most 256 bytes, a multiple of 8."""
        at = block * SECTOR + offset
        n = len(buf)
        old = self._old_first[n // 8]
        self._file.seek(at)
        self._file.readinto(old)
        self._file.seek(at)
        if old == self._erased_first[n // 8]:
            self._file.write(buf)
        else:
            for i in range(n):
                old[i] &= buf[i]
            self._file.write(old)
