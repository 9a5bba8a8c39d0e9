"""A board's self-test, on MicroPython against register models of its chips: what it says of good ones and of faulty."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from evensong.flashing.firmware_image import build, build_shim
from evensong.virtual.chips.chip import Chip, ChipFault, Kind
from evensong.virtual.chips.line import WIRINGS, ChipsLine
from evensong.virtual.chips.lis3dh import Lis3dh
from evensong.virtual.chips.max3010x import INFRARED, RED, Max3010x, Optics
from evensong.virtual.chips.mpu6050 import Mpu6050
from evensong.virtual.chips.tmp117 import Tmp117
from evensong.virtual.radio import Radio
from evensong.virtual.signal_night import Soldered
from evensong.virtual.wearable import FIRMWARE, SHIM, Wearable
from evensong.virtual.world import World
from evensong_wire.frames import EventCode, Fault, Sensor
from evensong_wire.models import Event, Ibi, Log, SensorFault

from .signal_scene import frames_in, seen_for
from .slotted import Desk, play

FOREVER_US = 10**15
BRIGHT = Optics(lambda _, t_us: np.full(len(t_us), 900.0), lambda t_us: np.full(len(t_us), 300.0))
DARK = Optics(lambda _, t_us: np.zeros(len(t_us)), lambda t_us: np.full(len(t_us), 300.0))
SUN = Optics(lambda _, t_us: np.full(len(t_us), 900.0), lambda t_us: np.full(len(t_us), 250_000.0))
RUN = "from evensong_firmware import selftest\nselftest.run()\n"
FORGET = """
import sys
selftest.forget()
assert not [name for name in sys.modules if "test" in name]
"""
Told = dict[str, tuple[int, str]]


def flat(t_us: np.ndarray) -> np.ndarray:
    return np.tile((20.0, -30.0, 1010.0), (len(t_us), 1))


def always(kind: Kind) -> list[ChipFault]:
    return [ChipFault(kind, 0, FOREVER_US)]


def told(folder: Path, line: ChipsLine, image: Path | None = None) -> Told:
    """What `evensong flash` has the board print. image: see `Wearable.run_image`."""
    main = folder / "main.py"
    main.write_text(RUN if image else RUN + FORGET)
    world = World()
    path = {"MICROPYPATH": f"{image / 'shim'}:.frozen:{image / 'firmware'}"} if image else {}
    wearable = Wearable(world, Radio(), folder / "wearable", main, **path)
    wearable.chips = line

    async def scene() -> None:
        ended = asyncio.Event()
        wearable.on_end = ended.set
        wearable.start()
        await ended.wait()

    world.run(scene())
    assert line.failure is None
    rows = [json.loads(row) for row in wearable.output.read_text().splitlines()]
    found = {name: (well, seen) for name, well, seen in rows}
    assert len(found) == len(rows)
    return found


def soldered(
    board: str = "esp32s3",
    ppg: Chip | None = None,
    motion: Chip | None = None,
    others: Sequence[Chip] = (),
    battery_mv: int = 3900,
    **stuck: int,
) -> ChipsLine:
    wiring = WIRINGS[board]
    return ChipsLine(
        wiring,
        ppg or Max3010x(BRIGHT, ppm=9000),
        motion or Lis3dh(flat, ppm=-17_000),
        others,
        lambda _: battery_mv,
        {getattr(wiring, pin): level for pin, level in stuck.items()},
    )


GOOD = [
    ("esp32s3", Max3010x(BRIGHT, ppm=9000), Lis3dh(flat, ppm=-17_000), "green +114300, infrared +114300, red +114300"),
    ("esp32c3", Max3010x(BRIGHT, green=False), Mpu6050(flat, newer=True), "no green, infrared +114300, red +114300"),
    ("esp32", Max3010x(BRIGHT, green=False, swapped=True), Mpu6050(flat, ppm=9000), "no green, infrared +114300"),
]


@pytest.mark.parametrize(("board", "ppg", "motion", "lights"), GOOD, ids=[board for board, *_ in GOOD])
def test_a_board_with_good_parts_is_well(tmp_path: Path, board: str, ppg: Chip, motion: Chip, lights: str) -> None:
    line = soldered(board, ppg, motion, [Tmp117(lambda _: 29.3)])
    found = told(tmp_path, line)
    assert {name: seen for name, (well, seen) in found.items() if well != 1} == {}
    assert found["board"][1].endswith("e5e700000000a001")
    assert lights in found["light sensor"][1]
    assert found["accelerometer"][1].startswith("1010 mg (x ")
    assert found["accelerometer's self-test"][1].endswith(" mg")
    assert found["skin temperature"][1] == "29.29 degrees"
    assert found["battery"][1] == "3900 mV, 66 %"
    assert found["spool"][1] == "128 sectors of 4096 bytes, written, read back and erased"
    assert 21845 in [level for levels in line.set_to.values() for level in levels], "the motor turned"


def test_the_image_for_boards_says_the_same(tmp_path: Path) -> None:
    build(FIRMWARE, tmp_path / "image" / "firmware")
    build_shim(SHIM, tmp_path / "image" / "shim")
    for name, motion in (("lis3dh", Lis3dh), ("mpu6050", Mpu6050)):
        folders = tmp_path / name, tmp_path / (name + " image")
        for folder in folders:
            folder.mkdir()
        lines = [soldered(motion=motion(flat), others=[Tmp117(lambda _: 29.3)]) for _ in folders]
        assert told(folders[1], lines[1], tmp_path / "image") == told(folders[0], lines[0])


async def asked_by_radio(desk: Desk) -> None:
    desk.wearable.chips = Soldered(seen_for(100)).chips()
    desk.wearable.start()
    await asyncio.sleep(40)
    status, said = await desk.evensong("wearable", "selftest")
    assert status == 0, said
    rows = dict(line[8:].split(": ", 1) for line in said.splitlines() if line.startswith("ok "))
    assert rows.keys() >= {"light sensor", "accelerometer", "accelerometer's self-test", "skin temperature", "spool"}
    await asyncio.sleep(50)


def test_one_that_records_is_interrupted_tells_why_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(asked_by_radio, tmp_path)
    monkeypatch.setattr(time, "ticks_ms", lambda: 0, raising=False)
    frames = frames_in((tmp_path / "wearable" / "flash").read_bytes())
    faults = [
        (fault.sensor, fault.fault, frame.header.time_ms)
        for frame in frames
        if isinstance(frame.body, Event) and frame.body.code == EventCode.SENSOR_FAULT
        for fault in [SensorFault.of(frame.body.arg)]
    ]
    for sensor in (Sensor.PPG, Sensor.MOTION):
        mine = [(fault, at_ms) for which, fault, at_ms in faults if which == sensor]
        assert {fault for fault, _ in mine} <= {Fault.RESET, Fault.NONE, Fault.OVERFLOW}
        assert Fault.RESET in {fault for fault, _ in mine}
        assert mine[-1][0] == Fault.NONE
        assert mine[-1][1] < 60_000
    beats_ms = [frame.header.time_ms + max(frame.body.offset_ms) for frame in frames if isinstance(frame.body, Ibi)]
    assert max(beats_ms) > 80_000
    assert not [frame.body for frame in frames if isinstance(frame.body, Log)]


FAULTY: dict[str, tuple[Callable[[], ChipsLine], Told]] = {
    "no light sensor": (
        lambda: soldered(ppg=Max3010x(BRIGHT, faults=always(Kind.NO_ANSWER))),
        {"light sensor": (0, "nobody answers: look at power, SDA and SCL, and its address")},
    ),
    "another chip": (
        lambda: soldered(ppg=Max3010x(BRIGHT, faults=always(Kind.WRONG_CHIP))),
        {"light sensor": (0, "another chip (0x3b) answers where a MAX30101 or MAX30102 (0x15) belongs")},
    ),
    "dark lights": (
        lambda: soldered(ppg=Max3010x(BRIGHT, dead=(RED, INFRARED))),
        {"light sensor": (0, "no light comes back of infrared and red: lay a finger on it, test again")},
    ),
    "nothing before it": (
        lambda: soldered(ppg=Max3010x(DARK)),
        {"light sensor": (0, "no light comes back of infrared and red: lay a finger on it, test again")},
    ),
    "sun": (
        lambda: soldered(ppg=Max3010x(SUN)),
        {"light sensor": (0, "too much light from outside: cover it and test again")},
    ),
    "slow light sensor": (
        lambda: soldered(ppg=Max3010x(BRIGHT, ppm=-300_000)),
        {"light sensor": (0, "14 samples came in 50 ms, not 20")},
    ),
    "no interrupt of the light sensor": (
        lambda: soldered(ppg_int=1),
        {"light sensor": (1, ""), "light sensor's interrupt": (0, "does not come to GPIO 2: look at its wire")},
    ),
    "no interrupt of the accelerometer": (
        lambda: soldered(motion_int=0),
        {"accelerometer": (1, ""), "accelerometer's interrupt": (0, "does not come to GPIO 3: look at its wire")},
    ),
    "no accelerometer": (
        lambda: soldered(motion=Lis3dh(flat, faults=always(Kind.NO_ANSWER))),
        {"accelerometer": (0, "nobody answers: look at power, SDA and SCL, and its address")},
    ),
    "accelerometer that hangs": (
        lambda: soldered(motion=Lis3dh(lambda t_us: np.zeros((len(t_us), 3)))),
        {"accelerometer": (0, "0 mg (x 0, y 0, z 0), not 1000: lay it still and test again")},
    ),
    "mass that sticks": (
        lambda: soldered(motion=Lis3dh(flat, force_mg=(300, 0, 420))),
        {"accelerometer's self-test": (0, "x +300, y +0, z +424 mg: its mass does not move as it should")},
    ),
    "mass that sticks in an MPU-6050": (
        lambda: soldered(motion=Mpu6050(flat, force_mg=(530, 560, 300))),
        {"accelerometer": (1, ""), "accelerometer's self-test": (0, ": its mass does not move as it should")},
    ),
    "clone without trim": (
        lambda: soldered(motion=Mpu6050(flat, trim=(0, 0, 0), force_mg=(400, 400, 400))),
        {"accelerometer's self-test": (1, " mg")},
    ),
    "bus held": (
        lambda: soldered(ppg=Max3010x(BRIGHT, faults=[ChipFault(Kind.STUCK_BUS, 0, 0)])),
        {"I2C bus": (0, "SDA held low: a short, a part without power, or no pull-ups"), "light sensor": (1, "")},
    ),
    "no temperature, pressed button, empty cell": (
        lambda: soldered(battery_mv=3100, button=0),
        {
            "skin temperature": (-1, "no TMP117, which is an option"),
            "button": (0, "pressed, or closed to ground: let go of it and test again"),
            "battery": (0, "3100 mV, 0 %: charge it"),
        },
    ),
    "no cell, another chip for the temperature": (
        lambda: soldered(battery_mv=40, others=[Tmp117(lambda _: 29.3, faults=always(Kind.WRONG_CHIP))]),
        {
            "skin temperature": (0, "another chip answers where a TMP117 belongs"),
            "battery": (0, "40 mV, 0 %: no cell, or no divider at its pin"),
        },
    ),
    "wrong divider": (
        lambda: soldered(battery_mv=4800),
        {"battery": (0, "4800 mV, 100 %: more than a cell has, so its divider is wrong")},
    ),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_part_is_named_and_the_others_are_tested(tmp_path: Path, what: str) -> None:
    line, expected = FAULTY[what][0](), FAULTY[what][1]
    found = told(tmp_path, line)
    for name, (well, seen) in expected.items():
        assert found[name][0] == well, found[name]
        assert seen in found[name][1]
    assert found["files"][0] == found["random numbers"][0] == found["clock"][0] == 1
