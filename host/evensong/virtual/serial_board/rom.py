"""The serial protocol of Espressif's ROM loader, and of esptool's stub once it was loaded: bytes in, bytes out.

After Espressif's "Serial Protocol" (docs.espressif.com/projects/esptool, advanced topics): SLIP packets (RFC 1055), a
request 00 op size(2) checksum(4) payload, a response 01 op size(2) value(4) body status. Behind the body stand four
bytes of status from the ROM, two from the stub; the first is 1 after an error. A stub that is loaded is not executed:
from then on the model answers as a stub does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from .chips import Chip
from .flash import Flash

FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
MEM_BEGIN, MEM_END, MEM_DATA = 0x05, 0x06, 0x07
SYNC, WRITE_REG, READ_REG = 0x08, 0x09, 0x0A
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE = 0x0B, 0x0D, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END, SPI_FLASH_MD5, GET_SECURITY_INFO = 0x10, 0x11, 0x12, 0x13, 0x14
ERASE_FLASH, ERASE_REGION = 0xD0, 0xD1

INVALID_MESSAGE, BAD_CHECKSUM, INFLATE_FAILED = 5, 7, 11
_SPI_USR = 1 << 18
_READ_JEDEC_ID = 0x9F
_FLASH_BYTES = 4 << 20


class Refused(Exception):
    """code: second status byte."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Loader:
    """baud: what the chip's UART runs at. `restart` is called when the host asks the loader to boot the flash."""

    def __init__(self, chip: Chip, flash: Flash, restart: Callable[[], None]) -> None:
        self.baud: int | None = None  # None: it finds out from the first sync
        self.stub = False
        self._chip = chip
        self._flash = flash
        self._restart = restart
        self._registers = dict(chip.registers)
        self._held = bytearray()
        self._inside = False
        self._at = self._end = 0  # of the region that is being written
        self._inflate = zlib.decompressobj()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Answers to the packets that this chunk completes. What is no packet is passed over."""
        for byte in chunk:
            if byte != 0xC0:
                if self._inside:
                    self._held.append(byte)
            elif self._inside and self._held:
                packet = bytes(self._held).replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                self._inside = False
                self._held.clear()
                yield from self._answer(packet)
            else:
                self._inside = True
                self._held.clear()

    def _answer(self, packet: bytes) -> Iterator[bytes]:
        if len(packet) < 8 or packet[0] != 0:
            return
        op, size, checksum = struct.unpack_from("<BHI", packet, 1)
        payload = packet[8 : 8 + size]
        try:
            value, body = self._do(op, payload, checksum)
        except Refused as refused:
            yield self._packed(op, 0, b"", bytes([1, refused.code]))
            return
        for _ in range(8 if op == SYNC else 1):
            yield self._packed(op, value, body, b"\0\0")
        if op == MEM_END and struct.unpack_from("<I", payload)[0] == 0:
            self.stub = True
            yield slip(b"OHAI")
        if op in (FLASH_END, DEFL_END) and struct.unpack_from("<I", payload)[0] == 0:
            self._restart()

    def _packed(self, op: int, value: int, body: bytes, status: bytes) -> bytes:
        body += status if self.stub else status + b"\0\0"
        return slip(struct.pack("<BBHI", 1, op, len(body), value) + body)

    def _do(self, op: int, payload: bytes, checksum: int) -> tuple[int, bytes]:
        """(value, body) of the answer."""
        chip = self._chip
        if op in (FLASH_DATA, DEFL_DATA, MEM_DATA):
            size = struct.unpack_from("<I", payload)[0]
            block = payload[16 : 16 + size]
            if checksum_of(block) != checksum & 0xFF:
                raise Refused(BAD_CHECKSUM)
            if op != MEM_DATA:
                self._write(self._inflated(block) if op == DEFL_DATA else block)
        elif op == READ_REG:
            return self._registers.get(struct.unpack_from("<I", payload)[0], 0), b""
        elif op == WRITE_REG:
            for at in range(0, len(payload), 16):
                self._write_register(*struct.unpack_from("<II", payload, at))
        elif op in (FLASH_BEGIN, DEFL_BEGIN):
            size, _, _, offset = struct.unpack_from("<IIII", payload)
            self._begin(offset, size)
        elif op == SPI_FLASH_MD5:
            digest = self._flash.md5(*struct.unpack_from("<II", payload))
            return 0, digest if self.stub else digest.hex().encode()
        elif op == CHANGE_BAUDRATE:
            self.baud = struct.unpack_from("<I", payload)[0]
        elif op == GET_SECURITY_INFO and chip.security_info:
            return 0, struct.pack("<IB7xII", chip.security_flags, chip.flash_crypt_cnt, chip.image_chip_id, 0)
        elif op == ERASE_FLASH and self.stub:
            self._flash.erase(0, _FLASH_BYTES)
        elif op == ERASE_REGION and self.stub:
            self._flash.erase(*struct.unpack_from("<II", payload))
        elif op not in (SYNC, MEM_BEGIN, MEM_END, SPI_SET_PARAMS, SPI_ATTACH, FLASH_END, DEFL_END):
            raise Refused(INVALID_MESSAGE)
        return (0 if self.stub else 0x20120707), b""  # a sync is answered with a number by the ROM, with 0 by the stub

    def _begin(self, offset: int, size: int) -> None:
        self._at, self._end = offset, offset + size
        self._inflate = zlib.decompressobj()
        if size:
            self._flash.erase(offset, size)

    def _inflated(self, block: bytes) -> bytes:
        try:
            return self._inflate.decompress(block)
        except zlib.error:
            raise Refused(INFLATE_FAILED) from None

    def _write(self, chunk: bytes) -> None:
        self._flash.program(self._at, chunk)
        self._at += len(chunk)

    def _write_register(self, address: int, value: int) -> None:
        chip, registers = self._chip, self._registers
        registers[address] = value
        if address == chip.spi and value & _SPI_USR:  # a command to the flash chip; done at once
            registers[address] = 0
            if registers.get(chip.spi + chip.usr2, 0) & 0xFF == _READ_JEDEC_ID:
                registers[chip.spi + chip.w0] = chip.jedec_id


def slip(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def checksum_of(block: bytes) -> int:
    checksum = 0xEF
    for byte in block:
        checksum ^= byte
    return checksum
