"""The temporal network: dilated convolutions over the epochs of a night, trained on the features that staging measures.

It sees 63 epochs to each side. Five classes (W, N1, N2, N3, R) are learned, because N1 and N2 move differently, and
light is their sum. Only this module and `quantise` know torch; everything else sees arrays of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

CLASSES = 5
UNSCORED = -1


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is built and trained; the defaults are the study's."""

    width: int = 24
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    dropout: float = 0.2
    steps: int = 200
    batch: int = 16
    crop: int = 320
    rate: float = 4e-3
    decay: float = 0.02
    smoothing: float = 0.05
    class_power: float = -0.25
    average: float = 0.97
    warp: float = 0.5


@dataclass(frozen=True, slots=True)
class Labelled:
    """One night for training. x: (v, n, features) standardised, v readings of the same night that differ in when its
    lights-off and rise are taken to be. y: (n,) classes 0 to 4 or `UNSCORED`."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation, padding=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.out = nn.Conv1d(width, width, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        step: torch.Tensor = self.drop(self.out(functional.relu(self.norm(self.conv(x)))))
        return x + step


class Network(nn.Module):
    """(batch, features, n) to (batch, 5, n) logits."""

    def __init__(self, features: int, recipe: Recipe) -> None:
        super().__init__()
        self.inward = nn.Conv1d(features, recipe.width, 1)
        self.blocks = nn.ModuleList(_Block(recipe.width, d, recipe.dropout) for d in recipe.dilations)
        self.outward = nn.Conv1d(recipe.width, CLASSES, 1)
        self.skip = nn.Conv1d(features, CLASSES, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.inward(x)
        for block in self.blocks:
            h = block(h)
        logits: torch.Tensor = self.outward(functional.relu(h)) + self.skip(x)
        return logits


def fit(nights: Sequence[Labelled], heart: NDArray[np.bool_], movement: NDArray[np.bool_], seed: int,
        recipe: Recipe = Recipe()) -> Network:  # fmt: skip
    """Train one network; the same arguments give the same network on the same kind of processor.

    heart, movement: (features,) which columns rest on which sensor.
    """
    torch.set_num_threads(1)  # sums in one order; folds, not operations, run side by side
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(nights[0].x.shape[2], recipe)
    scored = np.concatenate([n.y[n.y != UNSCORED] for n in nights])
    shares = np.bincount(scored, minlength=CLASSES) / len(scored)
    weight = torch.tensor(np.maximum(shares, 1e-3) ** recipe.class_power, dtype=torch.float32)
    weight = weight / (weight * torch.tensor(shares, dtype=torch.float32)).sum()
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps)
    averaged: dict[str, torch.Tensor] = {}
    network.train()
    for step in range(recipe.steps):
        x, y = _batch(nights, heart, movement, rng, recipe)
        logits = network(torch.from_numpy(x))
        loss = functional.cross_entropy(
            logits, torch.from_numpy(y), weight=weight, ignore_index=UNSCORED, label_smoothing=recipe.smoothing
        )
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step >= recipe.steps // 2:
            for name, value in network.state_dict().items():
                if name in averaged and value.is_floating_point():
                    averaged[name].mul_(recipe.average).add_(value, alpha=1 - recipe.average)
                else:
                    averaged[name] = value.clone()
    network.load_state_dict(averaged)
    return network.eval()


def _batch(nights: Sequence[Labelled], heart: NDArray[np.bool_], movement: NDArray[np.bool_],
           rng: np.random.Generator, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.int64]]:  # fmt: skip
    """Crops of random nights: stretched in time, scaled, shifted, noisy, with sensors and features missing."""
    columns = nights[0].x.shape[2]
    xs = np.zeros((recipe.batch, columns, recipe.crop), np.float32)
    ys = np.full((recipe.batch, recipe.crop), UNSCORED, np.int64)
    for i in range(recipe.batch):
        night = nights[int(rng.integers(len(nights)))]
        speed = rng.uniform(0.87, 1.15) if rng.random() < recipe.warp else 1.0
        n = len(night.y)
        length = min(recipe.crop, int(n / speed))
        start = rng.integers(0, max(1, n - int(length * speed)))
        place = np.minimum(np.rint(start + np.arange(length) * speed).astype(int), n - 1)
        x = night.x[int(rng.integers(len(night.x)))][place]
        known = x != 0
        x = x * np.exp(0.15 * rng.normal(size=columns)) + 0.2 * rng.normal(size=columns)
        x += 0.1 * rng.normal(size=x.shape)
        keep: NDArray[np.bool_] = np.asarray(rng.random(columns) >= 0.1)
        if rng.random() < 0.1:
            keep = keep & ~movement
        if rng.random() < 0.03:
            keep = keep & ~heart
        xs[i, :, :length] = np.where(known & keep, x, 0).T
        ys[i, :length] = night.y[place]
    return xs, ys
