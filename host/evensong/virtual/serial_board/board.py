"""The board: power, the lines DTR and RTS, and what the chip runs.

Two transistors turn the lines into reset and boot mode, as on most boards (Espressif, "Boot Mode Selection"): RTS alone
holds the chip in reset, DTR alone pulls GPIO0 low; both or neither leave both pins high. A capacitor on reset makes the
instant in which a host has changed one line and not yet the other pass unnoticed: a chip leaves reset when RTS is off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evensong.flashing import partitions
from evensong.flashing.partitions import Partition

from .chips import Chip
from .flash import Flash
from .repl import MicroPython
from .rom import Loader

IMAGE_MAGIC = 0xE9
ROM_BAUD = 115_200


class Board:
    """folder: keeps `flash.bin` and what the firmware's virtual board writes outside of it. say: bytes to the host.

    environment: further variables of the MicroPython process, such as EVENSONG_DEVICE_ID.
    """

    def __init__(self, chip: Chip, folder: Path, say: Callable[[bytes], None], **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.chip = chip
        self.flash = Flash(folder / "flash.bin")
        self.boots = 0
        self._environment = {"EVENSONG_FLASH": str(folder / "spool.bin"), **environment}
        self._say = say
        self._loader: Loader | None = None
        self._program: MicroPython | None = None
        self._dtr = self._rts = False
        self._baud = ROM_BAUD

    # --- power and lines ---

    def power_on(self) -> None:
        self._dtr = self._rts = False
        self._boot()

    def power_off(self) -> None:
        self._loader = None
        if self._program:
            self._program.kill()
            self._program = None

    def set_baud(self, baud: int) -> None:
        self._baud = baud

    def set_lines(self, dtr: bool, rts: bool) -> None:
        was_reset = self._rts and not self._dtr
        held = self._held_in_reset
        self._dtr, self._rts = dtr, rts
        if rts and not dtr and not was_reset:
            self.power_off()
            self._held_in_reset = True
        elif held and not rts:
            self._held_in_reset = False
            self._boot()

    _held_in_reset = False

    def _boot(self) -> None:
        if self._dtr:
            self._loader = Loader(self.chip, self.flash, self._restart)
            self._say(b"\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0))\r\nwaiting for download\r\n")
            return
        self.boots += 1
        files_in = self._files_of_micropython()
        if files_in is not None and files_in.offset + files_in.size > self.chip.flash_bytes:
            what = f"offset {files_in.offset:#x} size {files_in.size:#x} exceeds flash chip size"
            self._say(f"\r\nE (42) flash_parts: partition 3 invalid - {what} {self.chip.flash_bytes:#x}\r\n".encode())
        elif files_in is None:
            self._say(b"\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\ninvalid header: 0xffffffff\r\n")
        else:
            self._program = MicroPython(self.flash.path, files_in, self._environment, self._say)

    def _restart(self) -> None:
        self.power_off()
        self._dtr = False
        self._boot()

    def _files_of_micropython(self) -> Partition | None:
        """Where the file system of the image in flash is; None if what is there would not boot."""
        if not self._is_image(self.chip.bootloader_offset):
            return None
        try:
            table = partitions.read(self.flash.read(partitions.TABLE_OFFSET, partitions.TABLE_BYTES))
        except ValueError:
            return None
        named = {part.label: part for part in table}
        app = next((part for part in table if part.kind == partitions.APP), None)
        if app is None or not self._is_image(app.offset):
            return None
        return named.get("vfs")

    def _is_image(self, at: int) -> bool:
        header = self.flash.read(at, 24)
        return header[0] == IMAGE_MAGIC and int.from_bytes(header[12:14], "little") == self.chip.image_chip_id

    # --- the line ---

    @property
    def fds(self) -> list[int]:
        return self._program.fds if self._program else []

    def readable(self, fd: int) -> None:
        program = self._program
        if program is None or fd not in program.fds:
            return
        program.readable(fd)
        if program.ended:
            self._restart()

    def hear(self, chunk: bytes) -> None:
        """Bytes from the host. At another speed than the chip's they are noise."""
        loader = self._loader
        if loader is not None:
            if loader.baud is not None and loader.baud != self._baud:
                return
            for answer in loader.feed(chunk):
                self._say(answer)
        elif self._program:
            self._program.hear(chunk)
