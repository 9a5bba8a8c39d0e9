"""A short synthetic recording through the whole line: real firmware, real hub, real Nexus."""

from __future__ import annotations

from pathlib import Path

import pytest

from evensong.errors import InputError
from evensong.recordings.framing import Source, write_samples
from evensong.recordings.repairs import Repairs
from evensong.recordings.synth import synthesize
from evensong.virtual.replay import ReplayResult, replay
from evensong.virtual.wearable import Hardware


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "short.evr"
    samples, _ = synthesize(seed=3, hours=1.0)
    write_samples(path, samples, Source("synthetic", "3", None, synthetic=True), Repairs())
    return path


@pytest.fixture(scope="module")
def undisturbed(recording: Path) -> ReplayResult:
    return replay(recording)


HARDWARE = {
    "MTU 23, fast clock, ticks wrap": Hardware(mtu=23, drift_ppm=100, ticks0_ms=2**30 - 1_000_000),
    "MTU 64, slow clock, epoch 1970": Hardware(mtu=64, drift_ppm=-100, epoch_year=1970),
    "CPython": Hardware(interpreter="cpython"),
}
ON_32_BITS = pytest.param(Hardware(interpreter="micropython-32"), id="32 bits", marks=pytest.mark.needs_micropython_32)


@pytest.mark.parametrize("hardware", [*(pytest.param(h, id=name) for name, h in HARDWARE.items()), ON_32_BITS])
def test_hardware_makes_no_difference(recording: Path, undisturbed: ReplayResult, hardware: Hardware) -> None:
    """Staging runs on device time, so not even a clock that drifts can change an epoch."""
    result = replay(recording, hardware=hardware)
    assert result.reckoning == undisturbed.reckoning
    assert result.reckoning.transferred == result.on_tape


def test_everything_arrives(recording: Path, tmp_path: Path) -> None:
    done: list[float] = []
    result = replay(recording, folder=tmp_path / "kept", progress=done.append)
    figures = result.figures()
    assert {figures[step] for step in ("sampled", "stored", "transferred", "staged", "forwarded")} == {result.on_tape}
    assert (figures["duplicates"], figures["gaps"], figures["lost_s"]) == (0, 0, 0)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert (tmp_path / "kept" / "journal.sqlite3").exists()


def test_faults_lose_nothing_and_the_seed_decides(recording: Path, undisturbed: ReplayResult) -> None:
    first, again = (replay(recording, faults="link:3,kill-hub:1", seed=5) for _ in range(2))
    assert first.turns_digest == again.turns_digest
    assert first.reckoning.transferred == first.on_tape
    assert first.reckoning.digest == undisturbed.reckoning.digest


def test_a_reboot_costs_at_most_ten_seconds(recording: Path) -> None:
    result = replay(recording, faults="reboot:1", seed=2)
    assert result.reckoning.gaps == 1
    assert result.reckoning.lost_s <= 10


def test_a_folder_that_is_there_is_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        replay(recording, folder=tmp_path)
