"""Waveforms of any make through `evensong beats`: units, polarity, rates, jitter, gaps; and sentences for mistakes."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.errors import InputError
from evensong.recordings.columns import Floats
from evensong.recordings.ppg_beats import PpgBeats, beats_of
from evensong.recordings.ppg_intake import read_ppg
from evensong.recordings.ppg_synth import Skin, ppg, steepest_ms
from evensong.recordings.repairs import Repairs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import scenes

LENGTH_S = 60.0


@pytest.fixture(scope="module")
def beat_ms() -> Floats:
    random = np.random.default_rng(3)
    ibi_ms = 850 + 40 * np.sin(np.arange(80) * 1.4) + 10 * random.normal(size=80)
    beats = np.cumsum(ibi_ms)
    return beats[beats < 1000 * LENGTH_S - 600]


def waveform(beat_ms: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    wave = ppg(beat_ms, rate_hz, Skin(), seed=5, length_s=LENGTH_S)
    return np.arange(len(wave)) / rate_hz, wave.astype(np.float64)


def table(path: Path, t_s: Floats, wave: Floats, names: str = "t_s,ppg") -> Path:
    rows = "".join(f"{t:.4f},{v:.6g}\n" for t, v in zip(t_s.tolist(), wave.tolist(), strict=True))
    path.write_text(f"{names}\n{rows}" if names else rows)
    return path


def right_share(found: PpgBeats, beat_ms: Floats) -> float:
    """Share of the true beats that something vouched for lies within 50 ms of; nothing else may be vouched for."""
    at = found.t_s[found.quality >= 50] * 1000 - steepest_ms()
    nearest = np.abs(at[:, None] - beat_ms[None, :]).argmin(axis=1)
    assert np.abs(at - beat_ms[nearest]).max() < 50
    return len(set(nearest.tolist())) / len(beat_ms)


@pytest.mark.parametrize("rate_hz", [20, 25, 64, 125, 256, 512])
def test_any_rate(rate_hz: float, beat_ms: Floats, tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", *waveform(beat_ms, rate_hz))
    assert right_share(beats_of(path, rate_hz, None, Repairs()), beat_ms) > 0.9


@pytest.mark.parametrize(
    "unit", [lambda v: v / 262_143, lambda v: -v, lambda v: (v - 1e5) * 1e-6, lambda v: 1e9 - 1000 * v]
)
def test_any_unit_and_polarity(unit: Callable[[Floats], Floats], beat_ms: Floats, tmp_path: Path) -> None:
    t_s, wave = waveform(beat_ms, 100)
    path = tmp_path / "p.csv"
    path.write_text("".join(f"{t:.3f},{v!r}\n" for t, v in zip(t_s.tolist(), unit(wave).tolist(), strict=True)))
    assert right_share(beats_of(path, 100, None, Repairs()), beat_ms) > 0.9


def test_jitter_gaps_and_nan(beat_ms: Floats, tmp_path: Path) -> None:
    t_s, wave = waveform(beat_ms, 64)
    random = np.random.default_rng(1)
    wave[1000:1004] = np.nan
    kept = (t_s < 30) | (t_s > 33)
    repairs = Repairs()
    jittered = t_s + random.normal(0, 0.004, len(t_s))
    found = beats_of(table(tmp_path / "p.csv", jittered[kept], wave[kept]), 64, None, repairs)
    assert right_share(found, beat_ms) > 0.75
    assert not ((found.t_s > 30.2) & (found.t_s < 33)).any()
    assert any("gap" in sentence for sentence in repairs)
    assert any("finite" in sentence for sentence in repairs)


def test_stamps_that_come_in_bursts(beat_ms: Floats, tmp_path: Path) -> None:
    t_s, wave = waveform(beat_ms, 50)
    found = beats_of(table(tmp_path / "p.csv", np.floor(t_s * 2) / 2, wave), 50, None, Repairs())
    assert right_share(found, beat_ms) > 0.9


def test_columns_are_found_by_name(beat_ms: Floats, tmp_path: Path) -> None:
    t_s, wave = waveform(beat_ms, 50)
    rows = "".join(f"{v:.0f},x,{t:.2f}\n" for t, v in zip(t_s.tolist(), wave.tolist(), strict=True))
    (tmp_path / "p.csv").write_text("PPG,note,T_s\n" + rows)
    assert len(read_ppg(tmp_path / "p.csv", 50, Repairs())[0]) == 1


@pytest.mark.parametrize(
    ("content", "rate", "sentence"),
    [
        ("", 100, "is empty"),
        ("t_s,light\n0,1\n1,2\n", 100, "no column 'ppg'"),
        ("0\n1\n", 100, "has 1 column, not t_s,ppg: give its samples times"),
        ("hr\n512\n513\n", 64, "awk -v hz=64"),
        ("t_s;ppg\n0;1\n", 64, "has semicolons between its columns"),
        ("t_s,ppg\n" + "".join(f"{20 * i},{i % 7}\n" for i in range(1000)), 50, "look like milliseconds"),
        ("t_s,ppg\n", 100, "holds no row"),
        ("t_s,ppg\n0,1\n", 100, "holds 1 sample"),
        ("t_s,ppg\n" + "".join(f"{i / 50},{i % 7}\n" for i in range(1000)), 100, "does not fit"),
        ("t_s,ppg\n" + "".join(f"{i / 50},{i % 7}\n" for i in range(100)), 50, "at least 10 s"),
        ("t_s,ppg\n" + "".join(f"{i / 50},7\n" for i in range(1000)), 50, "never changes"),
        ("t_s,ppg\n0,1\n", 5, "20 to 1000 Hz"),
    ],
)
def test_a_mistake_costs_a_sentence(content: str, rate: float, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        beats_of(path, rate, None, Repairs())
    assert sentence in caught.value.message


def test_movement_of_another_day(beat_ms: Floats, tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", *waveform(beat_ms, 50))
    accel = tmp_path / "a.csv"
    accel.write_text("t_s,x_g,y_g,z_g\n" + "".join(f"{9000 + i / 25},0,0,1\n" for i in range(500)))
    with pytest.raises(InputError, match="do not overlap"):
        beats_of(path, 50, accel, Repairs())


def test_the_sentence_about_times_is_a_command_that_gives_them(beat_ms: Floats, tmp_path: Path) -> None:
    _, wave = waveform(beat_ms, 64)
    path = tmp_path / "hr.csv"
    path.write_text("hr\n" + "".join(f"{v:.0f}\n" for v in wave))
    with pytest.raises(InputError) as caught:
        beats_of(path, 64, None, Repairs())
    command = caught.value.message.splitlines()[1]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert right_share(beats_of(tmp_path / "timed.csv", 64, None, Repairs()), beat_ms) > 0.9


def walked(folder: Path, from_s: float, to_s: float, sign: int = 1) -> tuple[Path, Path]:
    """A made-up walk of 100 s whose blunt pulses lean to the wrong side: light, and acceleration of some of it."""
    walk = replace(scenes.WALK, seconds=100, snr_db=0, blunt_hz=2.5, highpass_hz=0.4)
    t_s, light, g, _ = scenes.play(walk, seed=22)
    kept = (t_s >= from_s) & (t_s < to_s)
    rows = zip(t_s[kept].tolist(), *g[kept].T.tolist(), strict=True)
    accel = folder / "a.csv"
    accel.write_text("t_s,x_g,y_g,z_g\n" + "".join(f"{t:.2f},{x:.4f},{y:.4f},{z:.4f}\n" for t, x, y, z in rows))
    return table(folder / "p.csv", t_s, sign * light), accel


def test_either_side_of_the_light_under_movement(tmp_path: Path) -> None:
    found = []
    for sign in (1, -1):
        ppg, accel = walked(tmp_path, 0, 100, sign)
        repairs = Repairs()
        found.append(beats_of(ppg, 100, accel, repairs))
        assert any("turned over" in sentence for sentence in repairs) == (sign < 0)
    up, down = ((each.quality >= 50).sum() for each in found)
    assert up > 60
    assert abs(up - down) < 5


def test_movement_that_is_not_known_everywhere(tmp_path: Path) -> None:
    ppg, accel = walked(tmp_path, 50, 100)
    repairs = Repairs()
    found = beats_of(ppg, 100, accel, repairs)
    assert any("a.csv tells of 5" in sentence for sentence in repairs)
    vouched_s = found.t_s[found.quality >= 50]
    assert (vouched_s > 52).sum() > 2 * (vouched_s < 48).sum()
    repairs = Repairs()
    beats_of(ppg, 100, None, repairs)
    assert any("Without --accel movement is not known" in sentence for sentence in repairs)


def test_an_accelerometer_that_feels_no_gravity(beat_ms: Floats, tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", *waveform(beat_ms, 50))
    accel = tmp_path / "a.csv"
    accel.write_text("t_s,x_g,y_g,z_g\n" + "".join(f"{i / 25},0,0,0\n" for i in range(1500)))
    with pytest.raises(InputError, match="not even gravity"):
        beats_of(path, 50, accel, Repairs())


def test_the_command(beat_ms: Floats, tmp_path: Path) -> None:
    path, out = table(tmp_path / "p.csv", *waveform(beat_ms, 50)), tmp_path / "beats.csv"
    done = CliRunner().invoke(app, ["beats", "--ppg", str(path), "--rate", "50", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "vouched for" in done.output
    assert "Breathing: 15 a minute" in done.output, "as the waveform was made"
    assert "Posture" not in done.output
    rows = list(csv.reader(out.read_text().splitlines()))
    assert rows[0] == ["t_s", "ibi_ms", "quality"]
    assert len(rows) > 60
    assert all(0 <= int(quality) <= 100 for _, _, quality in rows[1:])
