"""The promise on size, on the real nights (speed is not tested here: `evensong bench wire` prints it)."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.needs_data
def test_beats_cost_what_was_promised(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evensong.cli import bench_wire

    monkeypatch.setenv("EVENSONG_DATA", str(data_dir))
    root, users = bench_wire.recordings()
    figures = bench_wire.pooled([bench_wire.beat_sizes(root / user) for user in users])
    assert figures["ibi_entropy_ratio"] <= 1.095
    assert figures["xz_ratio"] < 0.95


@pytest.mark.needs_data
def test_authentication_costs_at_most_a_tenth_of_a_night(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evensong.cli import bench_wire

    monkeypatch.setenv("EVENSONG_DATA", str(data_dir))
    root, users = bench_wire.recordings()
    nights = [bench_wire._night(root, user, list(bench_wire._stays(root / user / "sleep.csv"))) for user in users[:3]]
    assert 5 < bench_wire._authentication(nights)["auth_bytes_percent"] <= 10


def test_absent_recordings_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evensong.cli.bench_wire import run
    from evensong.errors import EvensongError

    monkeypatch.setenv("EVENSONG_DATA", str(tmp_path))
    with pytest.raises(EvensongError, match="EVENSONG_DATA"):
        run()
