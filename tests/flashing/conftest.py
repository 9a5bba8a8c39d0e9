"""Boards at the end of a serial line: a model of the chip, and the real esptool, mpremote and MicroPython."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from images import micropython
from watching import DEVICE_ID

from evensong.virtual.serial_board.chips import ESP32
from evensong.virtual.serial_board.flash import Flash
from evensong.virtual.serial_board.server import SerialBoard, served


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[SerialBoard]:
    """A board as it comes from the shop: an ESP32 with empty flash."""
    with served(ESP32, tmp_path / "board", EVENSONG_DEVICE_ID=DEVICE_ID) as board:
        yield board


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SerialBoard]:
    """One that has MicroPython, written by another way than the loader."""
    folder = tmp_path / "board"
    folder.mkdir()
    flash = Flash(folder / "flash.bin")
    flash.program(ESP32.bootloader_offset, micropython(ESP32))
    flash.close()
    with served(ESP32, folder, EVENSONG_DEVICE_ID=DEVICE_ID) as board:
        yield board
