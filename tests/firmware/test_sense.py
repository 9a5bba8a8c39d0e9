"""Breathing, posture and wear: what they say of made-up days."""

from __future__ import annotations

import numpy as np
import pytest

from evensong_firmware.sense import posture, wear
from evensong_firmware.sense.breathing import Breathing
from evensong_firmware.sense.posture import Posture
from evensong_firmware.sense.wear import NO_TEMP, Wear
from evensong_wire import frames


def breathe(per_minute: float, rsa_ms: float, am: float, seed: int = 1, noise_ms: float = 8) -> Breathing:
    random = np.random.default_rng(seed)
    breathing, t_s = Breathing(), 0.0
    while t_s < 60:
        phase = 2 * np.pi * per_minute / 60 * t_s
        ibi_ms = round(900 + rsa_ms * np.sin(phase) + noise_ms * random.normal())
        breathing.add(ibi_ms, round(400 * (1 + am * np.sin(phase + 1) + 0.02 * random.normal())))
        t_s += ibi_ms / 1000
    return breathing


@pytest.mark.parametrize("per_minute", [8, 12, 16, 20, 25])
@pytest.mark.parametrize(("rsa_ms", "am"), [(40, 0.1), (40, 0), (3, 0.12)])
def test_breaths_are_counted(per_minute: float, rsa_ms: float, am: float) -> None:
    breathing = breathe(per_minute, rsa_ms, am)
    assert breathing.measure()
    assert breathing.rate_q4 / 16 == pytest.approx(per_minute, abs=1)


def test_no_breath_is_vouched_for_in_noise() -> None:
    vouched = 0
    for seed in range(20):
        breathing = breathe(12, 0, 0, seed, 20)
        vouched += breathing.measure() and breathing.quality >= 50
    assert vouched <= 1


def test_a_gap_starts_anew() -> None:
    breathing = breathe(12, 40, 0.1)
    breathing.add(0, 0)
    assert not breathing.measure()


def seconds(which: Posture, n: int, mg: tuple[int, int, int]) -> int:
    for _ in range(n):
        which.add(*mg)
    return int(which.state)


def test_postures() -> None:
    of = Posture()
    assert seconds(of, 20, (950, 100, 200)) == posture.UPRIGHT
    assert seconds(of, 9, (100, 200, 960)) == posture.UPRIGHT, "a gesture is no posture"
    assert seconds(of, 20, (500, 0, 860)) == posture.SITTING
    assert seconds(of, 200, (100, 200, 960)) == posture.SITTING
    assert seconds(of, 130, (100, 200, 960)) == posture.LYING
    assert seconds(of, 60, (100, 960, 200)) == posture.LYING, "turning over is lying still"
    assert seconds(of, 60, (3000, 0, 0)) == posture.LYING, "a blow is not gravity"
    assert seconds(of, 20, (-990, 0, 0)) == posture.UPRIGHT


def test_the_states_of_wear_are_those_of_the_wire() -> None:
    states = (frames.Wear.OFF, frames.Wear.ON, frames.Wear.UNKNOWN, frames.Wear.CHARGING)
    assert states == (wear.OFF, wear.ON, wear.UNKNOWN, wear.CHARGING)


PULSE = (100_000, 300, 1, 3, NO_TEMP, False)
NONE = (100_000, 300, 0, 3, NO_TEMP, False)
MOVED = (100_000, 300, 0, 200, NO_TEMP, False)


def worn(which: Wear, n: int, inputs: tuple[int, int, int, int, int, bool]) -> int:
    for _ in range(n):
        which.add(*inputs)
    return int(which.state)


def test_wear() -> None:
    of = Wear()
    assert of.state == wear.UNKNOWN
    assert worn(of, 4, PULSE) == wear.UNKNOWN
    assert worn(of, 1, PULSE) == wear.ON
    assert worn(of, 59, NONE) == wear.ON
    assert worn(of, 2, NONE) == wear.OFF
    assert worn(of, 5, PULSE) == wear.ON
    assert worn(of, 250, MOVED) == wear.ON
    assert worn(of, 60, MOVED) == wear.UNKNOWN
    assert worn(of, 1, (*PULSE[:5], True)) == wear.CHARGING
    assert worn(of, 1, NONE) == wear.UNKNOWN
    assert worn(of, 5, PULSE) == wear.ON
    assert worn(of, 61, (0, 300, 0, 200, NO_TEMP, False)) == wear.OFF, "no light comes back"


def test_skin_stays_warm() -> None:
    of = Wear()
    worn(of, 5, PULSE)
    assert worn(of, 400, (*NONE[:4], 3300, False)) == wear.ON
    assert worn(of, 5, (*NONE[:4], 2400, False)) == wear.OFF
