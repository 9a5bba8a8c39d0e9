"""The student: causal dilated convolutions, trained on the reference and on what the night's model makes of it.

That model sees the whole night; distillation after Hinton et al. 2015 (arXiv 1503.02531).
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


@dataclass(frozen=True, slots=True)
class Recipe(Course):
    """How a student is built and trained. labels: weight of the reference against the teacher."""

    width: int = 16
    blocks: int = 7
    dropout: float = 0.2
    steps: int = 400
    rate: float = 5e-3
    smoothing: float = 0.05
    labels: float = 0.7
    class_power: float = -0.25


@dataclass(frozen=True, slots=True)
class Lesson:
    """One night. x: (v, n, features) standardised, v readings of it. y: (n,) classes, -1 where unscored. taught: (n, 5)
    the teacher's probabilities, of any value where unscored."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    taught: NDArray[np.float32]


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation, self.dropout = dilation, dropout
        self.taps = nn.Parameter(torch.empty(2, width, width).uniform_(-1, 1) / (2 * width) ** 0.5)  # past, now
        self.norm = nn.BatchNorm1d(width)
        self.out = nn.Linear(width, width)

    def forward(self, h: torch.Tensor, batch: int) -> torch.Tensor:
        padded = functional.pad(h, (0, 0, self.dilation * batch, 0))
        inner = torch.addmm(padded[: len(h)] @ self.taps[0], h, self.taps[1])
        step: torch.Tensor = self.out(functional.relu(self.norm(inner)))
        if self.training:
            step = drop_channels(step, batch, self.dropout)
        return h + step


class StudentNetwork(nn.Module):
    """(n, batch, features) to (n batch, 5) logits; rows in order of time, so the past lies in one slice."""

    def __init__(self, features: int, recipe: Recipe) -> None:
        super().__init__()
        self.inward = nn.Linear(features, recipe.width)
        self.blocks = nn.ModuleList(_Block(recipe.width, 1 << b, recipe.dropout) for b in range(recipe.blocks))
        self.outward = nn.Linear(recipe.width + features, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, batch, features = x.shape
        rows = x.reshape(n * batch, features)
        h = self.inward(rows)
        for block in self.blocks:
            h = block(h, batch)
        logits: torch.Tensor = self.outward(torch.cat([functional.relu(h), rows], dim=1))
        return logits


def fit(lessons: Sequence[Lesson], heart: NDArray[np.bool_], movement: NDArray[np.bool_], seed: int,
        recipe: Recipe = Recipe()) -> StudentNetwork:  # fmt: skip
    """Train one student; the same arguments give the same one on the same kind of processor.

    heart, movement: (features,) which columns rest on which sensor.
    """
    rng = begin(seed)
    network = StudentNetwork(lessons[0].x.shape[2], recipe)
    scored = np.concatenate([lesson.y[lesson.y >= 0] for lesson in lessons])
    shares = np.bincount(scored, minlength=CLASSES) / len(scored)
    rarity = np.maximum(shares, 1e-3) ** recipe.class_power
    weight = torch.tensor(rarity / (rarity * shares).sum(), dtype=torch.float32)
    readings = [lesson.x for lesson in lessons]
    wanted = np.concatenate([*(_wanted(lesson, recipe) for lesson in lessons), np.zeros((1, CLASSES), np.float32)])

    def loss() -> torch.Tensor:
        x, places = crops(readings, heart, movement, rng, recipe)
        target = torch.from_numpy(wanted[places]).view(-1, CLASSES) * weight
        logits = network(torch.from_numpy(x))
        return -(target * functional.log_softmax(logits, dim=1)).sum() / target.sum()

    return optimise(network, loss, recipe)


def _wanted(lesson: Lesson, recipe: Recipe) -> NDArray[np.float32]:
    """(n, 5) what is wanted of each epoch: nothing where unscored."""
    sure = np.eye(CLASSES)[np.maximum(lesson.y, 0)] * (1 - recipe.smoothing) + recipe.smoothing / CLASSES
    target = recipe.labels * sure + (1 - recipe.labels) * lesson.taught
    return np.where((lesson.y >= 0)[:, None], target, 0).astype(np.float32)
