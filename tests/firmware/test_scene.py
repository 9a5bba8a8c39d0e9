"""The whole firmware on MicroPython, in a world with radio and power losses; and its image for boards does the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from evensong.cli.bench_heap import LOST_TO_POWER, _tape, play_scene
from evensong.flashing.firmware_image import build, build_shim
from evensong.virtual.wearable import FIRMWARE, SHIM, Hardware
from evensong_wire.frames import Flag
from evensong_wire.models import Boot, Frame, Log, Status, samples_in

MICROPYTHON = Hardware(interpreter="micropython")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    return play_scene(tmp_path_factory.mktemp("scene"), FIRMWARE / "main.py", MICROPYTHON)


def test_all_samples_arrive_but_the_last_seconds(frames: list[Frame]) -> None:
    assert 0 <= len(_tape()) - sum(samples_in(frame.body) for frame in frames) <= LOST_TO_POWER
    assert not [frame.body for frame in frames if isinstance(frame.body, Log)]
    second = next(frame.body for frame in frames if frame.header.boot_id == 2)
    assert isinstance(second, Boot)
    of_first = [frame for frame in frames if frame.header.boot_id == 1]
    assert [frame.header.seq for frame in of_first] == list(range(len(of_first)))
    assert sum(samples_in(frame.body) for frame in of_first) == second.previous_sampled
    assert of_first[-1].header.flags & Flag.CUT_SHORT, "what was open when the power failed"


def test_after_a_flush_the_device_says_what_was_sent(frames: list[Frame]) -> None:
    last = next(frame for frame in reversed(frames) if isinstance(frame.body, Status) and frame.header.boot_id == 2)
    before = [frame for frame in frames if frame.header.boot_id == 2 and frame.header.seq < last.header.seq]
    assert isinstance(last.body, Status)
    assert last.body.stored == sum(samples_in(frame.body) for frame in before)


@pytest.mark.parametrize("mtu", [23, 64])
def test_a_small_mtu_changes_nothing(frames: list[Frame], tmp_path: Path, mtu: int) -> None:
    hardware = Hardware(interpreter="micropython", mtu=mtu)
    others = play_scene(tmp_path, FIRMWARE / "main.py", hardware)
    assert measured(others) == measured(frames)


def measured(frames: list[Frame]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for frame in frames:
        name = type(frame.body).__name__
        counts[name] = counts.get(name, 0) + samples_in(frame.body)
    return counts


def test_the_image_for_boards_sends_the_same_bytes(frames: list[Frame], tmp_path: Path) -> None:
    build(FIRMWARE, tmp_path / "firmware")
    build_shim(SHIM, tmp_path / "shim")
    script = tmp_path / "start.py"
    script.write_text("import evensong_firmware.main\n")
    path = f"{tmp_path / 'shim'}:.frozen:{tmp_path / 'firmware'}"
    others = play_scene(tmp_path / "wearable", script, MICROPYTHON, MICROPYPATH=path)
    assert [frame.raw for frame in others] == [frame.raw for frame in frames]
