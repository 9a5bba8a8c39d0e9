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

CLASSES = 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a student is built and trained. labels: weight of the reference against the teacher."""

    width: int = 16
    blocks: int = 6
    dropout: float = 0.2
    steps: int = 200
    batch: int = 8
    crop: int = 480
    rate: float = 5e-3
    decay: float = 0.02
    smoothing: float = 0.05
    labels: float = 0.7
    class_power: float = -0.25
    average: float = 0.97
    warp: float = 0.5


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
            keep = (torch.rand(1, batch, h.shape[1]) >= self.dropout) / (1 - self.dropout)
            step = (step.view(-1, batch, h.shape[1]) * keep).view_as(h)
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
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = StudentNetwork(lessons[0].x.shape[2], recipe)
    scored = np.concatenate([lesson.y[lesson.y >= 0] for lesson in lessons])
    shares = np.bincount(scored, minlength=CLASSES) / len(scored)
    rarity = np.maximum(shares, 1e-3) ** recipe.class_power
    weight = torch.tensor(rarity / (rarity * shares).sum(), dtype=torch.float32)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps)
    averaged: dict[str, torch.Tensor] = {}
    network.train()
    for step in range(recipe.steps):
        x, target = _batch(lessons, heart, movement, rng, recipe)
        wanted = torch.from_numpy(target).view(-1, CLASSES) * weight
        loss = -(wanted * functional.log_softmax(network(torch.from_numpy(x)), dim=1)).sum() / wanted.sum()
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


def _batch(lessons: Sequence[Lesson], heart: NDArray[np.bool_], movement: NDArray[np.bool_],
           rng: np.random.Generator, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    """Crops of random nights, changed as in `network`, and what is wanted of each epoch: nothing where unscored."""
    columns = lessons[0].x.shape[2]
    xs = np.zeros((recipe.crop, recipe.batch, columns), np.float32)
    targets = np.zeros((recipe.crop, recipe.batch, CLASSES), np.float32)

    def noise(size: float, *shape: int) -> NDArray[np.float32]:
        return np.float32(size) * rng.standard_normal(shape, dtype=np.float32)

    for i in range(recipe.batch):
        lesson = lessons[int(rng.integers(len(lessons)))]
        speed = rng.uniform(0.87, 1.15) if rng.random() < recipe.warp else 1.0
        n = len(lesson.y)
        length = min(recipe.crop, int(n / speed))
        start = rng.integers(0, max(1, n - int(length * speed)))
        place = np.minimum(np.rint(start + np.arange(length) * speed).astype(int), n - 1)
        x = lesson.x[int(rng.integers(len(lesson.x)))][place]
        known = x != 0
        x = x * np.exp(noise(0.15, columns)) + noise(0.2, columns) + noise(0.1, *x.shape)
        keep: NDArray[np.bool_] = np.asarray(rng.random(columns) >= 0.1)
        if rng.random() < 0.1:
            keep = keep & ~movement
        if rng.random() < 0.03:
            keep = keep & ~heart
        xs[:length, i] = np.where(known & keep, x, 0)
        y = lesson.y[place]
        sure = np.eye(CLASSES)[np.maximum(y, 0)] * (1 - recipe.smoothing) + recipe.smoothing / CLASSES
        target = recipe.labels * sure + (1 - recipe.labels) * lesson.taught[place]
        targets[:length, i] = np.where((y >= 0)[:, None], target, 0)
    return xs, targets
