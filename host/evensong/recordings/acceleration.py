"""Raw acceleration from a text file to activity counts, by the very integers that the firmware counts with.

The samples are laid on the firmware's 50 Hz grid by linear interpolation, in steps of 1/4096 g; epochs of 30 s begin at
multiples of 30 s. An epoch in which more than a second passes without a sample is missing, and the filter starts anew
behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evensong.recordings.columns import Columns, Floats, Integers, in_order, read_columns
from evensong.recordings.repairs import Repairs
from evensong.recordings.tables import keep
from evensong_firmware.sense import counts as firmware
from evensong_wire.frames import EPOCH_MS

LSB_PER_G = 4096
RATE_HZ: int = firmware.RATE_HZ
EPOCH_SAMPLES: int = firmware.EPOCH_SAMPLES
Counts: Any = firmware.Counts  # MicroPython's room is untyped
MAX_G = 32.0  # no wearable's accelerometer reaches further
LONGEST_GAP_MS = 1000


def read_acceleration(
    path: Path,
    repairs: Repairs,
    *,
    delimiter: str | None,
    columns: Columns = (0, 3),
    extent_s: tuple[float, float] = (-np.inf, np.inf),
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Integers, Integers]:
    """Return (epoch, count_q8) of rows `t_s x_g y_g z_g`; the z axis counts. columns: where
    t_s and z_g stand. What lies outside extent_s is passed over.

    Raises:
        InputError: the file is missing or holds no acceleration.
    """
    rows, lines = read_columns(path, columns, delimiter=delimiter, repairs=repairs, progress=progress)
    rows, lines = keep(np.abs(rows[:, 1]) <= MAX_G, rows, lines, path, repairs, f"beyond {MAX_G:.0f} g")
    inside = (rows[:, 0] >= extent_s[0]) & (rows[:, 0] <= extent_s[1])
    rows = in_order(rows[inside], lines[inside], path, repairs)
    return counts_of(rows[:, 0] * 1000, rows[:, 1])


def counts_of(t_ms: Floats, z_g: Floats) -> tuple[Integers, Integers]:
    """Return (epoch, count_q8) of the epochs that samples at rising times cover."""
    epochs: list[int] = []
    counts: list[int] = []
    if not len(t_ms):
        return np.array(epochs, np.int64), np.array(counts, np.int64)
    gap_ends = np.flatnonzero(np.diff(t_ms) > LONGEST_GAP_MS) + 1
    for begin, end in zip([0, *gap_ends.tolist()], [*gap_ends.tolist(), len(t_ms)], strict=True):
        first = int(np.ceil((t_ms[begin] - LONGEST_GAP_MS) / EPOCH_MS))
        last = int(np.floor((t_ms[end - 1] + LONGEST_GAP_MS) / EPOCH_MS))  # exclusive
        counter = None
        for epoch in range(first, last):
            grid_ms = epoch * EPOCH_MS + np.arange(EPOCH_SAMPLES) * (1000 / RATE_HZ)
            z = np.rint(np.interp(grid_ms, t_ms[begin:end], z_g[begin:end]) * LSB_PER_G).astype(int).tolist()
            if counter is None:
                counter = _settled(z[0])
            for sample in z[:-1]:
                counter.add(sample)
            epochs.append(epoch)
            counts.append(counter.add(z[-1]))
    return np.array(epochs, np.int64), np.array(counts, np.int64)


def _settled(z: int) -> Any:
    """Return a counter that has felt this constant pull for an epoch: the onset of gravity is no movement."""
    counter = Counts(LSB_PER_G)
    for _ in range(EPOCH_SAMPLES):
        counter.add(z)
    return counter
