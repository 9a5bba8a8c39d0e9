"""Boards are told apart by their machine, and say what they know in whole numbers."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

_HARDWARE = ("evensong_firmware.boards.", "evensong_firmware.drivers.", "evensong_firmware.sources.")


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name in ("machine", "esp32"):
        module = ModuleType(name)
        module.I2C = module.Pin = object  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    yield importlib.import_module("evensong_firmware.boards.chip")
    for name in [name for name in sys.modules if name.startswith(_HARDWARE)]:
        del sys.modules[name]


def test_charge_rises_with_voltage(chip: ModuleType) -> None:
    shown = [chip.percent_of(mv) for mv in range(2500, 4400)]
    assert shown == sorted(shown)
    assert (shown[0], chip.percent_of(3270), chip.percent_of(3820), chip.percent_of(4200)) == (0, 0, 50, 100)


@pytest.mark.parametrize(
    ("machine", "module"),
    [
        ("Generic ESP32S3 module with ESP32S3", "esp32s3"),
        ("Generic ESP32C3 module with ESP32C3", "esp32c3"),
        ("Generic ESP32 module with ESP32", "esp32"),
    ],
)
def test_a_board_is_known_by_its_machine(
    chip: ModuleType, monkeypatch: pytest.MonkeyPatch, machine: str, module: str
) -> None:
    from evensong_firmware import boards

    monkeypatch.setattr(chip.ChipBoard, "__init__", lambda _: None)
    monkeypatch.setattr(os, "uname", lambda: ("", "", "", "", machine))
    board = boards.choose()
    assert type(board).__module__ == f"evensong_firmware.boards.{module}"
    pins = [
        value
        for name, value in vars(type(board)).items()
        if type(value) is int and name.endswith(("_pin", "_int", "sda", "scl"))
    ]
    assert len(set(pins)) == len(pins), "two things on one pin"
