"""What differs between the chips that the loader model can be.

Addresses and identities are those that esptool's targets name (github.com/espressif/esptool, `targets/*.py`); register
contents are made up so that they decode to one plausible chip.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FLASH_BYTES = 4 << 20
MAC = bytes.fromhex("24dcc3a01b5e")
UART_DIVIDER = 347  # 115200 baud from a crystal of 40 MHz


@dataclass(frozen=True)
class Chip:
    """security_info: whether the ROM knows GET_SECURITY_INFO, by which newer chips are told apart; older ones by the
    word at 0x40001000. security_flags, flash_crypt_cnt: what it says then. flash_bytes: what is soldered. `spi` is the
    base of the SPI controller, `usr2` and `w0` offsets of two of its registers."""

    name: str
    image_chip_id: int
    bootloader_offset: int
    security_info: bool
    spi: int
    usr2: int
    w0: int
    registers: dict[int, int] = field(default_factory=dict)
    security_flags: int = 0
    flash_crypt_cnt: int = 0
    flash_bytes: int = FLASH_BYTES

    @property
    def jedec_id(self) -> int:
        """Of GigaDevice; the third byte is the power of two of its size."""
        return (self.flash_bytes.bit_length() - 1) << 16 | 0x40C8


def _words(mac: bytes) -> tuple[int, int]:
    return int.from_bytes(mac[2:], "big"), int.from_bytes(mac[:2], "big")


def _with_efuse_block_1(base: int, uart_divider: int) -> dict[int, int]:
    low, high = _words(MAC)
    return {base + 0x44: low, base + 0x48: high, uart_divider: UART_DIVIDER}


_LOW, _HIGH = _words(MAC)

ESP32 = Chip(
    "ESP32", 0, 0x1000, False, 0x3FF42000, 0x24, 0x80,
    {
        0x40001000: 0x00F01D83,
        0x3FF5A004: _LOW,
        0x3FF5A008: _HIGH,
        0x3FF5A00C: 1 << 15,  # revision 1
        0x3FF40014: UART_DIVIDER,
    },
)  # fmt: skip
ESP32_S3 = Chip("ESP32-S3", 9, 0, True, 0x60002000, 0x20, 0x58, _with_efuse_block_1(0x60007000, 0x60000014))
ESP32_C3 = Chip("ESP32-C3", 5, 0, True, 0x60002000, 0x20, 0x58, _with_efuse_block_1(0x60008800, 0x60000014))
CHIPS = {chip.name: chip for chip in (ESP32, ESP32_S3, ESP32_C3)}
