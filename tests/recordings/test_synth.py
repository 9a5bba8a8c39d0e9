from __future__ import annotations

import numpy as np
import pytest

from evensong.errors import InputError
from evensong.recordings import DEMO_NIGHT, container
from evensong.recordings.framing import Source, record, samples_of
from evensong.recordings.samples import Samples
from evensong.recordings.synth import synthesize
from evensong_wire.frames import EventCode


def rows_of(samples: Samples, stages: list[str], stage: str) -> tuple[np.ndarray, np.ndarray]:
    """Vouched intervals and counts of the epochs of one stage."""
    epochs = [i for i, name in enumerate(stages) if name == stage]
    chosen = np.isin(samples.beat_ms // 30_000, epochs) & (samples.quality >= 50)
    return samples.ibi_ms[chosen], samples.count_q8[np.isin(samples.epoch, epochs)]


def test_the_same_seed_is_the_same_night_and_another_is_not() -> None:
    one, two, other = (record(synthesize(seed, 3)[0], Source("synthetic", "x", None)) for seed in (5, 5, 6))
    assert one == two
    assert one[1] != other[1]


@pytest.mark.parametrize("seed", range(6))
def test_nights_are_plausible(seed: int) -> None:
    samples, stages = synthesize(seed, 8)
    assert len(stages) == 960
    share = {stage: stages.count(stage) / 960 for stage in ("WAKE", "LIGHT", "DEEP", "REM")}
    assert 0.03 < share["WAKE"] < 0.25
    assert 0.35 < share["LIGHT"] < 0.65
    assert 0.08 < share["DEEP"] < 0.30
    assert 0.12 < share["REM"] < 0.32
    assert stages[:480].count("DEEP") > stages[480:].count("DEEP")
    assert stages[:480].count("REM") < stages[480:].count("REM")
    mean = {stage: rows_of(samples, stages, stage)[0].mean() for stage in share}
    assert mean["WAKE"] < mean["REM"] < mean["DEEP"]
    assert 40 < 60_000 / samples.ibi_ms.mean() < 85
    moved = {stage: rows_of(samples, stages, stage)[1].mean() for stage in share}
    assert moved["DEEP"] < moved["LIGHT"] < moved["WAKE"]
    assert (np.diff(samples.beat_ms) >= samples.ibi_ms[1:]).all()


def test_a_night_of_no_length_is_refused() -> None:
    for hours in (0.5, 17, float("nan")):
        with pytest.raises(InputError, match="1 to 16 hours"):
            synthesize(1, hours)


def test_the_demo_night_is_small_whole_and_labelled_as_synthetic() -> None:
    found = container.read(DEMO_NIGHT)
    assert found.damage == ()
    assert found.header.synthetic
    assert found.header.source == "synthetic"
    assert DEMO_NIGHT.stat().st_size < 64_000
    codes = [code for _, code, _ in samples_of(found).events]
    assert codes == [EventCode.LIGHTS_OFF, EventCode.RISE]


def test_the_demo_night_is_what_its_command_makes() -> None:
    # To the millisecond only: sine and exponential may differ in the last bit from one processor to another.
    committed, made = samples_of(container.read(DEMO_NIGHT)), synthesize(2045, 8)[0]
    assert len(committed.beat_ms) == len(made.beat_ms)
    assert np.abs(committed.ibi_ms - made.ibi_ms).max() <= 1
    assert committed.epoch.tolist() == made.epoch.tolist()
