"""What a cross-validation costs on this machine: a few steps of both networks are timed before it begins."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.clock import Clock
from evensong.staging.features import NAMES
from evensong.training.student import students_to_train
from evensong.training.train import networks_to_train, torch_rooms
from evensong_firmware.stager.live import FEATURES

_EPOCHS = 960
_STEPS = 6


def networks_in_a_fold() -> int:
    """How many networks one fold of an evaluation trains."""
    return networks_to_train() + students_to_train()


def seconds(folds: int, networks: int, jobs: int, clock: Clock) -> float:
    """About how long so many folds of an evaluation, and so many networks by themselves, take with so many jobs.

    As fast as the machine is now, which other work may slow down; what is not training takes a few per cent.

    Raises:
        Unavailable: PyTorch is not installed.
    """
    network, student_network = torch_rooms("network", "student_network")
    rng = np.random.default_rng(0)
    y = rng.integers(0, network.CLASSES, _EPOCHS)

    def made_up(features: int) -> NDArray[np.float32]:
        return rng.normal(size=(1, _EPOCHS, features)).astype(np.float32)

    def whole(room: Any, night: Any) -> float:
        """Of one network: the middle one of three timings, after one that warms up."""
        columns, times = np.zeros(night.x.shape[2], bool), []
        for _ in range(4):
            began = clock.monotonic_s()
            room.fit([night], columns, columns, 0, replace(room.Recipe(), steps=_STEPS))
            times.append(clock.monotonic_s() - began)
        return sorted(times[1:])[1] / _STEPS * float(room.Recipe().steps)

    own = whole(network, network.Labelled(made_up(len(NAMES)), y))
    taught = np.full((_EPOCHS, network.CLASSES), 1 / network.CLASSES, np.float32)
    student = whole(student_network, student_network.Lesson(made_up(FEATURES), y, taught))
    total = (folds * networks_to_train() + networks) * own + folds * students_to_train() * student
    return total / min(jobs, os.cpu_count() or 1)
