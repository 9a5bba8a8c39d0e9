"""The temporal network: dilated convolutions over the epochs of a night, trained on the features that staging measures.

It sees 127 epochs to each side, most of a sleep cycle. Five classes (W, N1, N2, N3, R) are learned, because N1 and N2
move differently, and light is their sum. Only networks, their `course` and `quantise` know torch; everything else sees
arrays of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from evensong.training.course import Course, begin, crops, drop_channels, optimise

CLASSES = 5
UNSCORED = -1


@dataclass(frozen=True, slots=True)
class Recipe(Course):
    """How a network is built and trained; docs/decisions/0010 says what was tried."""

    width: int = 24
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    dropout: float = 0.2
    smoothing: float = 0.05
    class_power: float = -0.25


@dataclass(frozen=True, slots=True)
class Labelled:
    """One night for training. x: (v, n, features) standardised, v readings of the same night that differ in when its
    lights-off and rise are taken to be. y: (n,) classes 0 to 4 or `UNSCORED`."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation, self.dropout = dilation, dropout
        self.taps = nn.Parameter(torch.empty(3, width, width).uniform_(-1, 1) / (3 * width) ** 0.5)  # before, at, after
        self.norm = nn.BatchNorm1d(width)
        self.out = nn.Linear(width, width)

    def forward(self, h: torch.Tensor, batch: int) -> torch.Tensor:
        reach = self.dilation * batch
        padded = functional.pad(h, (0, 0, reach, reach))
        inner = padded[: len(h)] @ self.taps[0]
        inner = torch.addmm(inner, h, self.taps[1])
        inner = torch.addmm(inner, padded[2 * reach :], self.taps[2])
        step: torch.Tensor = self.out(functional.relu(self.norm(inner)))
        if self.training:
            step = drop_channels(step, batch, self.dropout)
        return h + step


class Network(nn.Module):
    """(n, batch, features) to (n, batch, 5) logits.

    Inside, rows are in order of time, the first epoch of every crop, then the second of every crop: so the epochs
    `dilation` away lie in one slice, and a convolution is three products without copies, several times faster here than
    torch's own for so few channels.
    """

    def __init__(self, features: int, recipe: Recipe) -> None:
        super().__init__()
        self.inward = nn.Linear(features, recipe.width)
        self.blocks = nn.ModuleList(_Block(recipe.width, d, recipe.dropout) for d in recipe.dilations)
        self.outward = nn.Linear(recipe.width, CLASSES)
        self.skip = nn.Linear(features, CLASSES, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, batch, features = x.shape
        rows = x.reshape(n * batch, features)
        h = self.inward(rows)
        for block in self.blocks:
            h = block(h, batch)
        logits: torch.Tensor = self.outward(functional.relu(h)) + self.skip(rows)
        return logits.view(n, batch, CLASSES)


def fit(nights: Sequence[Labelled], heart: NDArray[np.bool_], movement: NDArray[np.bool_], seed: int,
        recipe: Recipe = Recipe()) -> Network:  # fmt: skip
    """Train one network; the same arguments give the same network on the same kind of processor.

    heart, movement: (features,) which columns rest on which sensor.
    """
    rng = begin(seed)
    network = Network(nights[0].x.shape[2], recipe)
    scored = np.concatenate([n.y[n.y != UNSCORED] for n in nights])
    shares = np.bincount(scored, minlength=CLASSES) / len(scored)
    weight = torch.tensor(np.maximum(shares, 1e-3) ** recipe.class_power, dtype=torch.float32)
    weight = weight / (weight * torch.tensor(shares, dtype=torch.float32)).sum()
    readings = [night.x for night in nights]
    wanted = np.concatenate([*(night.y for night in nights), [UNSCORED]])  # the last is `NOWHERE`

    def loss() -> torch.Tensor:
        x, places = crops(readings, heart, movement, rng, recipe)
        classes = torch.from_numpy(wanted[places]).view(-1)
        logits = network(torch.from_numpy(x)).view(-1, CLASSES)
        return functional.cross_entropy(
            logits, classes, weight=weight, ignore_index=UNSCORED, label_smoothing=recipe.smoothing
        )

    return optimise(network, loss, recipe)
