"""Waveforms of any make through `evensong beats`: units, polarity, rates, jitter, gaps; and sentences for mistakes."""

from __future__ import annotations

import csv
from collections.abc import Callable
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
    assert len(read_ppg(tmp_path / "p.csv", 50, Repairs())) == 1


@pytest.mark.parametrize(
    ("content", "rate", "sentence"),
    [
        ("", 100, "is empty"),
        ("t_s,light\n0,1\n1,2\n", 100, "no column 'ppg'"),
        ("0\n1\n", 100, "has 1 column"),
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
