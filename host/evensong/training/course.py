"""How a network is trained, whichever it is: crops of nights, changed at random, and the steps of the optimiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Net = TypeVar("Net", bound=nn.Module)
Floats = NDArray[np.float32]
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Course:
    """steps of `batch` crops of so many epochs each; the largest rate of a one-cycle schedule, and weight decay;
    average: what is kept at each step of the running mean of weights; warp: share of the crops stretched in time."""

    steps: int = 200
    batch: int = 8
    crop: int = 640
    rate: float = 4e-3
    decay: float = 0.02
    average: float = 0.97
    warp: float = 0.5


def begin(seed: int) -> np.random.Generator:
    """Make torch repeatable; returns what draws the crops."""
    torch.set_num_threads(1)  # sums in one order; folds, not operations, run side by side
    torch.set_flush_denormal(True)  # a third faster
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def crops(nights: Sequence[Floats], heart: NDArray[np.bool_], movement: NDArray[np.bool_],
          rng: np.random.Generator, course: Course) -> tuple[Floats, NDArray[np.int64]]:  # fmt: skip
    """Crops of random nights: stretched in time, scaled, shifted, noisy, with sensors and features missing.

    nights: (v, n, features) each, v readings of it. heart, movement: (features,) which columns rest on which sensor.
    Returns (crop, batch, features), and (crop, batch) the place of each epoch in all nights' epochs, one after the
    other, or `NOWHERE` beyond a night's end.
    """
    columns = nights[0].shape[2]
    xs = np.zeros((course.crop, course.batch, columns), np.float32)
    places = np.full((course.crop, course.batch), NOWHERE, np.int64)
    begins = np.cumsum([0, *(night.shape[1] for night in nights)])

    def noise(size: float, *shape: int) -> Floats:
        return np.float32(size) * rng.standard_normal(shape, dtype=np.float32)

    for i in range(course.batch):
        k = int(rng.integers(len(nights)))
        speed = rng.uniform(0.87, 1.15) if rng.random() < course.warp else 1.0
        readings, n, _ = nights[k].shape
        length = min(course.crop, int(n / speed))
        start = rng.integers(0, max(1, n - int(length * speed)))
        place = np.minimum(np.rint(start + np.arange(length) * speed).astype(int), n - 1)
        x = nights[k][int(rng.integers(readings))][place]
        known = x != 0
        x = x * np.exp(noise(0.15, columns)) + noise(0.2, columns) + noise(0.1, *x.shape)
        keep: NDArray[np.bool_] = np.asarray(rng.random(columns) >= 0.1)
        if rng.random() < 0.1:
            keep = keep & ~movement
        if rng.random() < 0.03:
            keep = keep & ~heart
        xs[:length, i] = np.where(known & keep, x, 0)
        places[:length, i] = begins[k] + place
    return xs, places


def drop_channels(rows: torch.Tensor, batch: int, share: float) -> torch.Tensor:
    """Drop whole channels of whole crops at random: neighbours in time would give a single dropped value away.

    rows: (n batch, channels), the first epoch of every crop, then the second of every crop. Returns the same shape.
    """
    keep = (torch.rand(1, batch, rows.shape[1]) >= share) / (1 - share)
    return (rows.view(-1, batch, rows.shape[1]) * keep).view_as(rows)


def optimise(network: Net, loss: Callable[[], torch.Tensor], course: Course) -> Net:
    """Train `network` on the losses that it has on one batch after the other; its weights are averaged over the second
    half of the steps, which a single night of so few pulls about."""
    optimiser = torch.optim.AdamW(network.parameters(), course.rate, weight_decay=course.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, course.rate, total_steps=course.steps)
    averaged: dict[str, torch.Tensor] = {}
    network.train()
    for step in range(course.steps):
        value = loss()
        optimiser.zero_grad()
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step >= course.steps // 2:
            for name, tensor in network.state_dict().items():
                if name in averaged and tensor.is_floating_point():
                    averaged[name].mul_(course.average).add_(tensor, alpha=1 - course.average)
                else:
                    averaged[name] = tensor.clone()
    network.load_state_dict(averaged)
    return network.eval()
