"""Drivers and sources on MicroPython against register models of the chips: what they find, and what faults cost."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from evensong.flashing.firmware_image import build, build_shim
from evensong.hub.ledger import Placed, holes, sample_times
from evensong.hub.timeline import BootOnAxis
from evensong.record import Cause
from evensong.recordings.columns import Floats
from evensong.virtual.chips.chip import ChipFault, Kind
from evensong.virtual.signal_night import Soldered
from evensong.virtual.waveforms import Waveforms
from evensong.virtual.wearable import FIRMWARE, SHIM
from evensong_wire.frames import EventCode, Fault, Sensor, Wear
from evensong_wire.models import Activity, Event, Log, SensorFault, WearChange

from .signal_scene import Played, played, seen_for

BOARDS = [
    ("esp32s3", "max30101", "lis3dh", 3),
    ("esp32c3", "max30102-swapped", "mpu6886", 1),
    ("esp32", "max30102-old", "mpu6050", 2),
]
WITHIN_MS = 10_000
SCENE_S = 190
STEEPEST_MS = 120  # from a beat to the instant that is called its beat, see ppg_synth

# kind, from and to in seconds, and what the firmware calls it
PPG_FAULTS = [
    (Kind.WRONG_CHIP, 0, 7, Fault.WRONG_CHIP),
    (Kind.NO_ANSWER, 35, 43, Fault.NO_ANSWER),
    (Kind.STUCK_BUS, 65, 65, Fault.BUS),
    (Kind.BROWN_OUT, 90, 90, Fault.RESET),
    (Kind.OVERFLOW, 115, 115, Fault.OVERFLOW),
    (Kind.LATE, 140, 150, Fault.LATE),
]
MOTION_FAULTS = [
    (Kind.NO_ANSWER, 0, 5, Fault.ABSENT),
    (Kind.NO_ANSWER, 50, 56, Fault.NO_ANSWER),
    (Kind.BROWN_OUT, 103, 103, Fault.RESET),
    (Kind.OVERFLOW, 128, 128, Fault.OVERFLOW),
    (Kind.LATE, 160, 168, Fault.LATE),
]
SKIN_FAULTS = [
    (Kind.WRONG_CHIP, 0, 4, Fault.WRONG_CHIP),
    (Kind.NO_ANSWER, 24, 32, Fault.NO_ANSWER),
    (Kind.STUCK_BUS, 74, 74, Fault.BUS),
    (Kind.BROWN_OUT, 140, 140, Fault.RESET),
]
HAS_INTERRUPT = {"lis3dh"}
SKIN_EVERY_MS = 6000  # a value that is this old may be the last good one


@pytest.fixture(scope="module", autouse=True)
def ticks() -> object:
    patch = pytest.MonkeyPatch()
    patch.setattr(time, "ticks_ms", lambda: 0, raising=False)
    yield
    patch.undo()


def scheduled(faults: list[tuple[Kind, int, int, Fault]]) -> list[ChipFault]:
    return [ChipFault(kind, from_s * 1_000_000, to_s * 1_000_000) for kind, from_s, to_s, _ in faults]


@pytest.fixture(scope="module", params=BOARDS, ids=[board for board, *_ in BOARDS])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, ...], Played]:
    board, ppg, motion, _ = request.param
    faults = (scheduled(each) for each in (PPG_FAULTS, MOTION_FAULTS, SKIN_FAULTS))
    soldered = Soldered(seen_for(SCENE_S + 5), board, ppg, motion, *faults)
    return request.param, played(tmp_path_factory.mktemp(board), soldered, SCENE_S)


def told(found: Played, sensor: Sensor) -> list[tuple[int, Fault]]:
    faults = []
    for frame in found.frames:
        if isinstance(frame.body, Event) and frame.body.code == EventCode.SENSOR_FAULT:
            fault = SensorFault.of(frame.body.arg)
            if fault.sensor is sensor:
                faults.append((frame.header.time_ms, Fault(fault.fault)))
    return faults


@pytest.mark.parametrize("sensor", list(Sensor))
def test_every_fault_is_told_and_over_within_ten_seconds(
    faulty: tuple[tuple[str, ...], Played], sensor: Sensor
) -> None:
    (_, _, motion, _), found = faulty
    expected = {Sensor.PPG: PPG_FAULTS, Sensor.MOTION: MOTION_FAULTS, Sensor.TEMPERATURE: SKIN_FAULTS}[sensor]
    early_ms = SKIN_EVERY_MS if sensor is Sensor.TEMPERATURE else 500
    if sensor is Sensor.MOTION and motion not in HAS_INTERRUPT:
        expected = [fault for fault in expected if fault[0] is not Kind.LATE]
    either = sorted(event for each in Sensor for event in told(found, each))
    for kind, from_s, to_s, fault in expected:
        events = either if kind is Kind.STUCK_BUS else told(found, sensor)  # whoever uses the bus next notices that
        began = [
            at_ms for at_ms, name in events if name is fault and from_s * 1000 - early_ms <= at_ms <= to_s * 1000 + 2500
        ]
        assert began, f"{kind} at {from_s} s was not told: {events}"
        over = [at_ms for at_ms, name in events if name is Fault.NONE and at_ms >= began[0]]
        assert over, f"{kind} at {from_s} s never ended: {events}"
        assert over[0] <= to_s * 1000 + WITHIN_MS, f"{kind} lasted until {over[0]} ms"
    assert not [frame.body for frame in found.frames if isinstance(frame.body, Log)]


def test_the_night_goes_on_after_them(faulty: tuple[tuple[str, ...], Played]) -> None:
    _, found = faulty
    vouched_ms = [at_ms for at_ms, _, quality in found.beats if quality >= 50]
    assert [at_ms for at_ms in vouched_ms if at_ms > (SCENE_S - 12) * 1000]
    assert [count for frame in found.frames if isinstance(frame.body, Activity) for count in frame.body.count_q8]


def test_each_is_a_gap_in_the_ledger_with_its_cause(faulty: tuple[tuple[str, ...], Played]) -> None:
    _, found = faulty
    boot = BootOnAxis(1, found.frames[0].header.incarnation, 1, 0, 0, SCENE_S * 1000, None, None)
    placed = [Placed(frame, frame.header.time_ms, sample_times(frame)) for frame in found.frames]
    gaps = [hole for hole in holes([boot], [placed], None) if hole.cause is Cause.SENSOR]
    assert {hole.sensor.partition(": ")[2] for hole in gaps if hole.sensor} >= {
        fault.name.lower().replace("_", "-") for *_, fault in PPG_FAULTS + MOTION_FAULTS + SKIN_FAULTS
    }
    assert len(gaps) == len([name for sensor in Sensor for _, name in told(found, sensor) if name])
    silent = next(hole for hole in gaps if hole.sensor == "ppg: no-answer")
    assert 7_500 < silent.to_ms - silent.from_ms < 7_500 + WITHIN_MS


def test_the_light_is_chosen_by_what_comes_back(faulty: tuple[tuple[str, ...], Played]) -> None:
    (*_, slot), found = faulty
    assert found.ppg.registers[0x11] == slot, "green where there is one; infrared, wherever the clone has it"


def test_beats_and_epochs_of_a_still_wearer(tmp_path: Path) -> None:
    """Both oscillators are off by a per cent or two, and nobody tells the firmware."""
    seen = seen_for(150)
    found = played(tmp_path, Soldered(seen), 150)
    beats = np.array(found.beats)
    beats = beats[beats[:, 0] > 12_000]
    vouched = beats[beats[:, 2] >= 50]
    assert len(vouched) > 0.95 * len(beats) > 120
    nearest = np.abs(seen.beat_ms[:, None] + STEEPEST_MS - vouched[:, 0]).argmin(axis=0)
    assert np.abs(seen.beat_ms[nearest] + STEEPEST_MS - vouched[:, 0]).max() < 50
    error_ms = vouched[:, 1] - np.diff(seen.beat_ms)[nearest - 1]
    assert np.sqrt((error_ms**2).mean()) < 8
    epochs = [frame.header.time_ms for frame in found.frames if isinstance(frame.body, Activity)]
    assert epochs
    assert not [at_ms for at_ms in epochs if at_ms % 30_000]
    assert not [event for sensor in Sensor for event in told(found, sensor)]


def test_the_image_for_boards_measures_the_same(tmp_path: Path) -> None:
    seen = seen_for(40)
    build(FIRMWARE, tmp_path / "image" / "firmware")
    build_shim(SHIM, tmp_path / "image" / "shim")
    image = played(tmp_path / "image", Soldered(seen, image=tmp_path / "image"), 40)
    sources = played(tmp_path / "sources", Soldered(seen), 40)
    assert [frame.raw for frame in image.frames] == [frame.raw for frame in sources.frames]
    assert len(image.beats) > 20


def test_without_an_accelerometer_the_pulse_is_recorded_and_the_lack_told(tmp_path: Path) -> None:
    absent = [ChipFault(Kind.NO_ANSWER, 0, 10**12)]
    found = played(tmp_path, Soldered(seen_for(40), motion_faults=absent), 40)
    assert told(found, Sensor.MOTION) == [(0, Fault.ABSENT)]
    assert len(found.beats) > 20


def test_taken_off_is_told_and_the_light_goes_out(tmp_path: Path) -> None:
    found = played(tmp_path, Soldered(seen_for(60, worn_s=30)), 60)
    wear = [
        (frame.header.time_ms // 1000, frame.body.state) for frame in found.frames if isinstance(frame.body, WearChange)
    ]
    assert [state for _, state in wear] == [Wear.ON, Wear.OFF]
    assert 30 <= wear[1][0] <= 45
    assert max(at_ms for at_ms, _, quality in found.beats if quality >= 50) < 32_000


def test_a_table_that_gives_back_light_is_no_wrist(tmp_path: Path) -> None:
    """After half a minute there is as much light as before and no pulse in it, and it is as cool as a room."""
    seen = seen_for(150)
    pulse = seen.pulse.copy()
    pulse[3000:] = pulse[3000]
    found = played(tmp_path, Soldered(replace(seen, pulse=pulse), celsius=23.0), 150)
    wear = [
        (frame.header.time_ms // 1000, frame.body.state) for frame in found.frames if isinstance(frame.body, WearChange)
    ]
    assert [state for _, state in wear] == [Wear.ON, Wear.OFF]
    assert 90 <= wear[1][0] <= 102
    assert found.ppg.registers[0x09] & 0x80, "the light is out"


@dataclass(frozen=True)
class Dazzled(Waveforms):
    """A lamp comes close, from and to in seconds."""

    lamp_s: tuple[int, int] = (0, 0)

    def ambient(self, t_us: Floats) -> Floats:
        lit = (t_us >= self.lamp_s[0] * 1e6) & (t_us < self.lamp_s[1] * 1e6)
        return np.where(lit, 2e6, super().ambient(t_us))


def test_a_lamp_that_drowns_the_pulse_is_told_and_over(tmp_path: Path) -> None:
    seen = seen_for(75)
    found = played(tmp_path, Soldered(Dazzled(seen.pulse, seen.mg, seen.on_ms, seen.beat_ms, lamp_s=(30, 38))), 75)
    (from_ms, glare), (to_ms, over) = told(found, Sensor.PPG)
    assert (glare, over) == (Fault.GLARE, Fault.NONE)
    assert 30_000 <= from_ms <= 33_000
    assert 38_000 <= to_ms <= 38_000 + WITHIN_MS
    vouched_ms = [at_ms for at_ms, _, quality in found.beats if quality >= 50]
    assert not [at_ms for at_ms in vouched_ms if 31_000 < at_ms < 37_500]
    assert [at_ms for at_ms in vouched_ms if at_ms > 50_000]
