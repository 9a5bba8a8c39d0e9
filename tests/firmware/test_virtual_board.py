"""The virtual board plays a tape from where the boot began, and its flash is flash."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from rig import Ticks

from evensong_firmware.boards import BUTTON, flash_file, virtual
from evensong_firmware.boards.flash_file import FlashFile
from evensong_firmware.boards.virtual import Tape, Virtual
from evensong_firmware.ring import get16, get24
from evensong_firmware.wire import CAPABILITY_BUTTON

TWENTY_DAYS_MS = 20 * 86_400_000
RECORDS = [(ms, kind, 7, 300 + kind) for i in range(200) for kind, ms in ((2, 1_000 * i), (1, 1_000 * i + 500))]
RECORDS += [(250_000, 99, 1, 1), (260_000, 6, 1, 0), (TWENTY_DAYS_MS, 3, 1, 2)]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A board never closes its files; a test does."""
    files: list[IO[bytes]] = []

    def opening(*arguments: Any, **named: Any) -> IO[bytes]:
        files.append(open(*arguments, **named))  # noqa: PTH123, SIM115
        return files[-1]

    for module in (flash_file, virtual):
        monkeypatch.setattr(module, "open", opening, raising=False)
    yield
    for file in files:
        file.close()


@pytest.fixture
def tape(tmp_path: Path) -> str:
    path = tmp_path / "tape"
    path.write_bytes(b"".join(struct.pack("<IBBH", *record) for record in RECORDS) + b"cut")
    return str(path)


def played(tape: Tape, t_s: int, t_ms: int = 0) -> list[tuple[int, int, int, int]]:
    """[(device time in ms, stream, a, b)] up to this device time."""
    buf = bytearray(5 * 8)
    samples = []
    while n := tape.read_into(buf, t_s, t_ms):
        for i in range(0, 8 * n, 8):
            time_ms = 1000 * get24(buf, i) + (get16(buf, i + 3) & 1023)
            samples.append((time_ms, buf[i + 4] >> 2, buf[i + 5], get16(buf, i + 6)))
    return samples


def test_from_the_start(tape: str):
    board = Tape(tape, 0)
    assert played(board, 1, 499) == [(0, 0, 7, 302), (500, 1, 7, 301), (1_000, 0, 7, 302)]
    assert played(board, 1, 500) == [(1_500, 1, 7, 301)]
    assert len(played(board, 300)) == len(RECORDS) - 6
    assert played(board, 1_800_000) == [(TWENTY_DAYS_MS, 2, 1, 2)]
    assert played(board, 1_900_000) == []
    assert board.capabilities == 7


@pytest.mark.parametrize("offset_ms", [1, 1_000, 99_999, 199_500, 199_501, TWENTY_DAYS_MS, TWENTY_DAYS_MS + 1])
def test_a_later_boot_misses_what_was_before_it(tape: str, offset_ms: int):
    left = [ms - offset_ms for ms, kind, _, _ in RECORDS if ms >= offset_ms and kind <= 6]
    assert [ms for ms, *_ in played(Tape(tape, offset_ms), 2_000_000)] == left


def test_device_time_may_begin_again(tape: str):
    board = Tape(tape, 10_000)
    assert len(played(board, 100)) == 201
    board.restart(100, 250)
    assert [ms for ms, *_ in played(board, 1)] == [250, 750]


def test_flash_only_clears_bits_and_survives(tmp_path: Path):
    path = str(tmp_path / "flash")
    flash = FlashFile(path, 6)
    assert (flash.ioctl(4, 0), flash.ioctl(5, 0)) == (6, 4096)
    flash.writeblocks(2, b"\xf0" * 16, 64)
    flash.writeblocks(2, b"\x3c" * 8, 72)
    again = FlashFile(path, 6)
    read = bytearray(24)
    again.readblocks(2, read, 64)
    assert read == b"\xf0" * 8 + b"\x30" * 8 + b"\xff" * 8
    again.ioctl(6, 2)
    again.readblocks(2, read, 64)
    assert read == b"\xff" * 24


def test_flash_of_another_size_is_made_anew(tmp_path: Path):
    path = tmp_path / "flash"
    path.write_bytes(b"torn")
    read = bytearray(4)
    FlashFile(str(path), 6).readblocks(0, read)
    assert read == b"\xff" * 4
    assert path.stat().st_size == 6 * 4096


def test_battery_and_button_on_a_tape(tmp_path: Path):
    path = tmp_path / "tape"
    records = [(0, 7, 55, 0), (900, 8, 1, 0), (1_000, 8, 0, 0), (2_000, 7, 12, 0)]
    path.write_bytes(b"".join(struct.pack("<IBBH", *record) for record in records))
    board = Tape(str(path), 0)
    assert board.capabilities == CAPABILITY_BUTTON
    assert played(board, 1) == [(900, BUTTON, 1, 0), (1_000, BUTTON, 0, 0)]
    assert board.battery_pct == 55
    assert played(board, 2) == []
    assert board.battery_pct == 12


def test_what_light_and_motor_do_is_on_a_tape(tmp_path: Path, ticks: Ticks, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVENSONG_HOME", str(tmp_path))
    monkeypatch.setenv("EVENSONG_TAPE_OFFSET_MS", str(TWENTY_DAYS_MS))
    board = Virtual()
    for ms, level in ((5_000, 2), (5_250, 0)):
        ticks.ms = ms
        board.signal(level)
    written = (tmp_path / "signals").read_bytes()
    assert list(struct.iter_unpack("<IBBH", written)) == [
        (TWENTY_DAYS_MS + 5_000, 9, 2, 0),
        (TWENTY_DAYS_MS + 5_250, 9, 0, 0),
    ]
