"""The conditions of `evaluate --robustness` do to a night what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from builders import BOOTS, night_frames

from evensong.staging import EPOCH_MS, Samples, gather
from evensong.training.corpus import LabelledNight
from evensong.training.robustness import conditions
from evensong_wire.frames import EventCode

NONE = np.zeros(0, np.int64)


@pytest.fixture(scope="module")
def spoilt() -> dict[str, Samples]:
    return {name: night.samples for name, night in conditions(NIGHT).items()}


NIGHT = LabelledNight("made up", "nobody", gather(night_frames(), BOOTS), NONE, NONE, NONE)


def lights_off_ms(samples: Samples) -> list[int]:
    return samples.events[samples.events[:, 1] == EventCode.LIGHTS_OFF, 0].tolist()


def test_each_changes_what_it_says(spoilt: dict[str, Samples]) -> None:
    whole = NIGHT.samples
    assert lights_off_ms(spoilt["lights-off 15 min early"]) == [-900_000]
    assert lights_off_ms(spoilt["lights-off 15 min late"]) == [900_000]
    assert lights_off_ms(spoilt["lights-off and rise detected"]) == []
    assert len(spoilt["heart-rate strap only"].activity) == 0
    assert np.abs(2 * spoilt["counts halved"].activity[:, 1] - whole.activity[:, 1]).max() <= 1
    assert 0.88 < len(spoilt["10 % of samples lost"].heart_rate) / len(whole.heart_rate) < 0.92
    lost = 1 - len(spoilt["6 gaps of 20 min"].heart_rate) / len(whole.heart_rate)
    assert 20 * 60 / (7 * 3600) < lost <= 6 * 20 * 60 / (7 * 3600)
    drift = spoilt["clock 100 ppm fast"].heart_rate[-1, 0] - whole.heart_rate[-1, 0]
    assert drift == whole.heart_rate[-1, 0] // 10_000


def test_the_same_night_is_always_spoilt_in_the_same_way(spoilt: dict[str, Samples]) -> None:
    for name, again in conditions(NIGHT).items():
        assert np.array_equal(again.samples.heart_rate, spoilt[name].heart_rate), name
        assert np.array_equal(again.samples.activity, spoilt[name].activity), name


def test_what_was_sharpened_gives_what_was_measured_when_it_is_smoothed_again(spoilt: dict[str, Samples]) -> None:
    bursts = np.zeros(400)
    bursts[[50, 120, 121, 300]] = (40_000, 10_000, 20_000, 5_000)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / (5 / 3)) ** 2)
    smooth = np.convolve(bursts, kernel / kernel.sum(), "same")
    rows = np.stack([np.arange(400) * EPOCH_MS, np.rint(smooth)], axis=1).astype(np.int64)
    night = LabelledNight(
        "bursts", "nobody", Samples(NONE.reshape(0, 2), NONE.reshape(0, 3), rows, NONE.reshape(0, 2),
                                    NONE.reshape(0, 3), (0, 399 * EPOCH_MS)), NONE, NONE, NONE)  # fmt: skip
    sharp = conditions(night)["counts not smoothed (surrogate)"].samples.activity[:, 1].astype(float)
    assert np.abs(np.convolve(sharp, kernel / kernel.sum(), "same") - smooth).max() < 0.1 * smooth.max()
    assert sharp.max() > 2 * smooth.max()
    assert spoilt["counts not smoothed (surrogate)"].activity[:, 1].min() >= 0
