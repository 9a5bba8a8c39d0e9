"""Partition tables and the room for the spool."""

from __future__ import annotations

import pytest
from images import VFS_AT, micropython

from evensong.flashing import image, partitions
from evensong.flashing.image import SPOOL_BYTES, checked, with_spool
from evensong.flashing.partitions import Partition
from evensong.virtual.serial_board.chips import CHIPS, Chip


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS.keys())
def test_an_image_gets_a_partition_for_the_spool_and_stays_as_it_is_otherwise(chip: Chip) -> None:
    before = checked(micropython(chip), "mp.bin", None)
    after = with_spool(before)
    at = partitions.TABLE_OFFSET - chip.bootloader_offset
    table = {part.label: part for part in partitions.read(after.content[at:])}
    assert table["spool"] == Partition(partitions.DATA, image.UNDEFINED, (4 << 20) - SPOOL_BYTES, SPOOL_BYTES, "spool")
    assert table["vfs"].offset == VFS_AT
    assert table["vfs"].offset + table["vfs"].size == table["spool"].offset
    assert list(table) == ["nvs", "phy_init", "factory", "vfs", "spool"]
    end = at + partitions.TABLE_BYTES
    assert after.content[:at] + after.content[end:] == before.content[:at] + before.content[end:]
    assert with_spool(after) is after


def test_a_table_with_one_wrong_bit_is_refused() -> None:
    table = partitions.write([Partition(partitions.APP, 0, 0x10000, 0x1000, "factory")])
    assert partitions.read(table)[0].label == "factory"
    for bit in range(8 * 32):
        damaged = bytearray(table)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="partition table"):
            partitions.read(bytes(damaged))
