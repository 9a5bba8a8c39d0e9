"""Beats of real waveforms and of synthetic ones that have real beats and real movement: within stated bounds."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from evensong.recordings.ppg_beats import beats_of
from evensong.recordings.repairs import Repairs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import beats as bench

HEARTPY = """
import json, sys, warnings
warnings.simplefilter("ignore")
import heartpy as hp
folder = sys.argv[1] + "/data/"
one = hp.get_data(folder + "data.csv")
two, timer = (hp.get_data(folder + "data2.csv", column_name=name) for name in ("hr", "timer"))
three, stamps = (hp.get_data(folder + "data3.csv", column_name=name) for name in ("hr", "datetime"))
three_hz = hp.get_samplerate_datetime(stamps, timeformat="%Y-%m-%d %H:%M:%S.%f")
cases = (one, 100.0), (two, hp.get_samplerate_mstimer(timer)), (three, three_hz)
print(json.dumps([(hz, hp.process(wave, hz)[1]["bpm"]) for wave, hz in cases]))
"""


def test_heart_rate_of_heartpys_own_recordings(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("heartpy")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    command = [sys.executable, "-W", "ignore", "-c", HEARTPY, str(folder)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    one = [(i / 100, float(line)) for i, line in enumerate((folder / "data/data.csv").read_text().split())]
    with (folder / "data/data2.csv").open() as file:
        two = [(float(row["timer"]) / 1000, float(row["hr"])) for row in csv.DictReader(file)]
    with (folder / "data/data3.csv").open() as file:
        rows = [(datetime.fromisoformat(row["datetime"]), float(row["hr"])) for row in csv.DictReader(file)]
    three = [((at - rows[0][0]).total_seconds(), wave) for at, wave in rows]
    for (rate_hz, bpm), signal in zip(told, (one, two, three), strict=True):
        path = tmp_path / "ppg.csv"
        path.write_text("t_s,ppg\n" + "".join(f"{t:.5f},{v:g}\n" for t, v in signal))
        found = beats_of(path, rate_hz, None, Repairs())
        vouched = found.ibi_ms[found.quality >= 50]
        assert vouched.sum() / 1000 > 0.5 * found.length_s
        assert 60_000 / vouched.mean() == pytest.approx(bpm, abs=2)


@pytest.fixture(scope="module")
def runs() -> list[tuple[str, bench.Floats]]:
    return bench.real_runs(200, only=("slp03", "slp59"))


@pytest.mark.needs_data
def test_clean_waveforms_of_real_beats(runs: list[tuple[str, bench.Floats]]) -> None:
    for perfusion_pct in (0.1, 3.0):
        figures = bench.clean(perfusion_pct, runs).figures()
        assert figures["se"] >= 0.995
        assert figures["ppv"] >= 0.995
        assert figures["vouched"] >= 0.99
        assert figures["rms_ms"] <= 5


@pytest.mark.needs_data
def test_real_movement_as_loud_as_the_pulse(runs: list[tuple[str, bench.Floats]]) -> None:
    figures = bench.in_movement(200, 0, runs, 3).figures()
    assert figures["right"] >= 0.95
    assert figures["vouched"] >= 0.4


def test_exercise() -> None:
    total = (
        bench.exercise("walk", 100, 0, 150) + bench.exercise("run", 101, -8, 150) + bench.exercise("gym", 100, 0, 150)
    )
    figures = total.figures()
    assert figures["right"] >= 0.95
    assert figures["hr_windows"] >= 0.3
    assert figures["hr_median_bpm"] <= 2
    assert figures["hr_within_5"] >= 0.9


def test_steps_alone_are_no_beats() -> None:
    """Movement that shakes the light, and no pulse in it at all: hardly anything is vouched for."""
    vouched_ms, length_ms = 0, 0
    for kind in ("walk", "run", "bike"):
        for seed in (4, 5, 6):
            random = np.random.default_rng(seed)
            g = bench.exercised(random, kind, np.ones(90 * 100))
            wave = 3000 * bench.artefact(g, 100, seed=seed, unseen=0.1) + random.normal(0, 20, len(g))
            counts = np.rint(100_000 + wave).astype(np.int64)
            found = bench.detect(counts, np.rint(g * 1000).astype(np.int64))
            vouched_ms += sum(ibi_ms for _, ibi_ms, quality in found if quality >= 50)
            length_ms += 90_000
    assert vouched_ms < 0.05 * length_ms
