"""The key file: a power loss at any write leaves a key that opens, and always one that the hub has."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Self

import pytest

from evensong.keys import WEARABLE_KEY_FILE, wearable_key_file
from evensong_firmware import keys as firmware_keys
from evensong_firmware.keys import ADOPTING_S, HOLD_S, Keys

ROOT, DEVICE = bytes(range(32)), b"a device"


class PowerLoss(BaseException):
    """Not an OSError, which the firmware would survive."""


class Disk:
    """Files in memory whose n-th step fails. A step is opening for writing (the file is empty then), each byte that is
    written, and the two halves of a rename on a file system that removes the old file first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], *, atomic: bool) -> None:
        self.steps_left = -1
        self.files = files
        self._atomic = atomic
        monkeypatch.setattr(firmware_keys, "open", self.open, raising=False)
        monkeypatch.setattr(firmware_keys.os, "rename", self.rename)

    def step(self) -> None:
        if self.steps_left == 0:
            raise PowerLoss
        self.steps_left -= 1

    def open(self, path: str, mode: str) -> CutFile:
        if mode == "wb":
            self.step()
            self.files[path] = b""
        elif path not in self.files:
            raise FileNotFoundError(path)
        return CutFile(self, path)

    def rename(self, old: str, new: str) -> None:
        self.step()
        if not self._atomic:
            self.files.pop(new, None)
            self.step()
        self.files[new] = self.files.pop(old)


class CutFile:
    def __init__(self, disk: Disk, path: str) -> None:
        self._disk, self._path = disk, path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self, n: int) -> bytes:
        return self._disk.files[self._path][:n]

    def write(self, content: bytes) -> None:
        for i in range(len(content)):
            self._disk.step()
            self._disk.files[self._path] += content[i : i + 1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(ROOT, DEVICE))
    return tmp_path


@pytest.mark.parametrize("atomic", [True, False])
def test_power_fails_ten_thousand_times(monkeypatch: pytest.MonkeyPatch, atomic: bool) -> None:
    files = {f"/{WEARABLE_KEY_FILE}": wearable_key_file(ROOT, DEVICE)}
    disk, rng = Disk(monkeypatch, files, atomic=atomic), random.Random(5)
    opened, cuts = Keys(""), 0
    assert (opened.epoch, opened.root) == (1, ROOT)
    known = {1: opened.key}  # what a hub has: the key in use and the one it prepared
    while cuts < 5000:
        new = rng.randbytes(32)
        known = {opened.epoch: opened.key, opened.epoch % 65535 + 1: new}
        disk.steps_left = rng.randrange(100)
        try:
            assert opened.replace(new)
        except PowerLoss:
            cuts += 1
        disk.steps_left = rng.randrange(3)
        try:
            opened = Keys("")
        except PowerLoss:
            cuts += 1
        disk.steps_left = -1
        opened = Keys("")
        assert opened.root == ROOT
        assert known[opened.epoch] == opened.key
    assert opened.epoch > 100


def test_a_damaged_file_is_no_key(folder: Path) -> None:
    path = folder / WEARABLE_KEY_FILE
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert Keys(str(folder)).epoch == 0
        path.write_bytes(whole[:at])
        assert Keys(str(folder)).epoch == 0


def test_a_full_flash_keeps_the_old_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28)

    opened = Keys(str(folder))
    monkeypatch.setattr(firmware_keys.os, "rename", full)
    assert not opened.replace(bytes(32))
    assert (opened.epoch, Keys(str(folder)).epoch) == (1, 1)


def test_only_a_long_hold_lets_a_hub_in_and_only_for_a_while(folder: Path) -> None:
    keys = Keys(str(folder))
    keys.edge(100, True)
    assert not keys.turn(100 + HOLD_S - 1)
    keys.edge(100 + HOLD_S - 1, False)
    assert not keys.turn(100 + 2 * HOLD_S)
    assert not keys.adopting(100 + 2 * HOLD_S)
    keys.edge(200, True)
    assert keys.turn(200 + HOLD_S), "the wearer is told once"
    assert not keys.turn(200 + HOLD_S + 2)
    keys.edge(208, False)
    assert keys.adopting(200 + HOLD_S + 2 + ADOPTING_S)
    assert not keys.adopting(200 + HOLD_S + 3 + ADOPTING_S)


def test_device_time_that_begins_again_ends_it(folder: Path) -> None:
    keys = Keys(str(folder))
    keys.edge(1000, True)
    keys.turn(1000 + HOLD_S)
    assert keys.adopting(1010)
    assert not keys.adopting(3)
