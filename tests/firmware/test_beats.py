"""Beats out of waveforms: right on clean synthetic ones, and nothing is allocated on the way."""

from __future__ import annotations

import numpy as np
import pytest
from interpreters import HERE, Run

from evensong.recordings.ppg_synth import Skin, ppg, steepest_ms
from evensong_firmware.sense.ppg import BeatDetector


def test_nothing_is_allocated_per_sample(run_micropython: Run) -> None:
    beats, grown = map(int, run_micropython(HERE / "on_device" / "beats_allocate_nothing.py").split())
    assert beats > 20
    assert grown == 0


@pytest.mark.parametrize("perfusion_pct", [0.2, 2.0])
@pytest.mark.parametrize("bpm", [40, 75, 170])
def test_clean_beats(bpm: int, perfusion_pct: float) -> None:
    random = np.random.default_rng(bpm)
    ibi_ms = 60_000 / bpm * (1 + 0.05 * np.sin(np.arange(60)) + 0.02 * random.normal(size=60))
    beat_ms = np.cumsum(ibi_ms)
    counts = ppg(beat_ms, 100, Skin(perfusion_pct=perfusion_pct), seed=1, length_s=beat_ms[-1] / 1000 + 5)
    detector = BeatDetector(100)
    found = []
    for i, count in enumerate(((1 << 18) - counts).tolist()):
        if detector.add(count, 0, 0, 1000) and detector.quality >= 50:
            found.append((i * 10 - detector.ago_ms - steepest_ms(), detector.ibi_ms))
    at = np.array([t for t, _ in found])
    nearest = np.abs(at[:, None] - beat_ms[None, :]).argmin(axis=1)
    assert len(set(nearest.tolist())) == len(found) >= 53
    assert np.abs(at - beat_ms[nearest]).max() < 20
    assert np.sqrt(np.mean((np.array([ibi for _, ibi in found]) - ibi_ms[nearest]) ** 2)) < 5
