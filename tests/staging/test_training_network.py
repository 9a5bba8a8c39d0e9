"""The network in torch and the integers that are made of it say the same; training is repeatable."""

from __future__ import annotations

import numpy as np
import torch

from evensong.staging import network as integers
from evensong.staging.features import NAMES
from evensong.training.network import Labelled, Network, Recipe, fit
from evensong.training.quantise import quantise

SMALL = Recipe(width=8, dilations=(1, 2), steps=4, batch=2, crop=40)


def made_up_night(seed: int, n: int = 60) -> Labelled:
    rng = np.random.default_rng(seed)
    return Labelled(rng.normal(size=(1, n, len(NAMES))).astype(np.float32), rng.integers(0, 5, n))


def trained(seed: int) -> Network:
    movement = np.array([name.startswith("count") for name in NAMES])
    return fit([made_up_night(1), made_up_night(2)], ~movement, movement, seed, SMALL)


def test_integers_say_what_the_network_says() -> None:
    network = Network(len(NAMES), Recipe())
    network(torch.randn(200, 4, len(NAMES), generator=torch.Generator().manual_seed(1)))  # batch norm sees some data
    network.eval()
    x = np.clip(np.random.default_rng(2).normal(size=(300, len(NAMES))) * 32, -127, 127).astype(np.int64)
    with torch.no_grad():
        exact = network(torch.from_numpy((x / 32).astype(np.float32))[:, None])[:, 0].numpy() / np.log(2)
    rounded = integers.Ensemble(quantise([network])).logits(x) / (1 << integers.LOGIT_Q)
    assert np.abs(rounded - exact).max() < 0.1 * exact.std()


def test_a_tap_looks_as_far_as_its_dilation_and_at_its_own_crop_only() -> None:
    network = Network(len(NAMES), Recipe(dilations=(8,))).eval()
    x = torch.zeros(60, 2, len(NAMES))
    x[30, 0] = 1
    changed = (network(x) != network(torch.zeros_like(x))).any(dim=2)
    assert changed.nonzero().tolist() == [[22, 0], [30, 0], [38, 0]]


def test_the_same_seed_gives_the_same_network() -> None:
    one, again, other = (trained(seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(value, again[name]) for name, value in one.items())
    assert any(not torch.equal(value, other[name]) for name, value in one.items())
