"""Stand-ins for MicroPython's images: the headers and the partition table of real ones, and a body that is none."""

from __future__ import annotations

import random
import struct

from evensong.flashing import partitions
from evensong.flashing.partitions import APP, DATA, Partition
from evensong.virtual.serial_board.chips import Chip

APP_AT = 0x10000
VFS_AT = 0x200000


def header(chip_id: int) -> bytes:
    """Of a bootloader or an application: magic, no segments, DIO, 4 MB at 40 MHz, chip id."""
    return struct.pack("<BBBBI4xH10x", 0xE9, 0, 2, 0x20, 0, chip_id)


def micropython(chip: Chip, body_bytes: int = 24_000, seed: int = 1) -> bytes:
    """As published: one file from the bootloader's offset on."""
    table = partitions.write(
        [
            Partition(DATA, 2, 0x9000, 0x6000, "nvs"),
            Partition(DATA, 1, 0xF000, 0x1000, "phy_init"),
            Partition(APP, 0, APP_AT, VFS_AT - APP_AT, "factory"),
            Partition(DATA, 0x81, VFS_AT, 0x200000, "vfs"),
        ]
    )
    at = chip.bootloader_offset
    image = header(chip.image_chip_id).ljust(partitions.TABLE_OFFSET - at, b"\xff") + table
    image = image.ljust(APP_AT - at, b"\xff") + header(chip.image_chip_id)
    return image + b"MicroPython stand-in " + random.Random(seed).randbytes(body_bytes)
