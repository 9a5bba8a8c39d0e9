"""A photoplethysmogram and an acceleration of any make, brought to what the firmware's detector gets.

That is 100 samples a second of an unsigned converter that rise with blood volume, and acceleration in mg at the same
instants. Faster signals are averaged, slower ones interpolated by a cubic through neighbouring points. Units are told
by the signal: the height of a pulse becomes 1500 counts, the baseline (median of 4 s) the converter's middle. Which way
is up is told by what is steep or peaked, see `lean`, and is only a first guess: `ppg_beats.upright` has the last word.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from evensong.errors import InputError
from evensong.recordings.columns import Floats, Integers
from evensong.recordings.repairs import Repairs
from evensong.recordings.signal_csv import Stretch, read_signal

RATE_HZ = 100
SLOWEST_HZ, FASTEST_HZ = 20.0, 1000.0
PULSE_COUNTS = 1500.0
MIDDLE = 1 << 17
TOP = (1 << 18) - 1
BLOCK_S = 4.0
SHORTEST_S = 10.0
SHORTEST_STRETCH_S = 3.0
TELLING = 0.1  # of the mean lean: below, the wave is taken as it is
TOP_MG = 16_000
STAYS_S = 1.5  # for which an acceleration is good, before and after it was measured


def read_ppg(path: Path, rate_hz: float, repairs: Repairs) -> tuple[list[tuple[float, Integers]], bool]:
    """Return (t_s of the first sample, counts at 100 Hz) of each stretch without a gap, and whether they were turned
    over.

    Raises:
        InputError: the table makes no sense, is too short, or holds nothing that changes.
    """
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise InputError(f"--rate {rate_hz:g}: a pulse is looked for at {SLOWEST_HZ:g} to {FASTEST_HZ:g} Hz.")
    stretches = read_signal(path, ("t_s", "ppg"), repairs, rate_hz)
    length = sum(float(each.t_s[-1] - each.t_s[0]) for each in stretches)
    if length < SHORTEST_S:
        raise InputError(f"{path} holds {length:.1f} s of signal: beats need at least {SHORTEST_S:g} s.")
    if all(np.ptp(each.values) == 0 for each in stretches):
        raise InputError(f"{path} holds a signal that never changes: no pulse can be in it.")
    found, turned = counts_of([each for each in stretches if each.t_s[-1] - each.t_s[0] >= SHORTEST_STRETCH_S])
    if not found:
        raise InputError(f"{path} has gaps everywhere: no {SHORTEST_STRETCH_S:g} s of it lie together.")
    if len(stretches) > 1:
        repairs.append(f"{path.name}: {len(stretches) - 1} gaps; beats are looked for between them.")
    return found, turned


def counts_of(stretches: list[Stretch]) -> tuple[list[tuple[float, Integers]], bool]:
    """Return (time of the first sample, counts at 100 Hz) of each stretch, and whether they had to be turned over."""
    laid = [on_grid(each, RATE_HZ) for each in stretches]
    flat = [_without_baseline(values[:, 0]) for _, values in laid]
    turned = lean(flat) < -TELLING
    scale = PULSE_COUNTS / pulse_height(flat) * (-1 if turned else 1)
    counts = [np.clip(np.rint(MIDDLE + scale * wave), 0, TOP).astype(np.int64) for wave in flat]
    return [(start, each) for (start, _), each in zip(laid, counts, strict=True)], turned


def turned_over(counts: Integers) -> Integers:
    """Counts with their other side up."""
    return np.clip(2 * MIDDLE - counts, 0, TOP)


def on_grid(stretch: Stretch, rate_hz: int) -> tuple[float, Floats]:
    """Return (time of the first sample, values at rate_hz) of a stretch. Shape (n, columns)."""
    t_s, values = stretch.t_s, stretch.values
    own_hz = (len(t_s) - 1) / float(t_s[-1] - t_s[0])
    fine = max(1, round(own_hz / rate_hz))  # points to a sample, whose mean keeps what is fast from looking slow
    n = int((t_s[-1] - t_s[0]) * rate_hz)
    start = float(t_s[0])
    grid = start + (np.arange(n * fine) + 0.5) / (rate_hz * fine)
    laid = np.stack([_cubic(t_s, column, grid) for column in values.T], axis=1)
    return start + 0.5 / rate_hz, laid.reshape(n, fine, -1).mean(axis=1)


def _cubic(t: Floats, x: Floats, at: Floats) -> Floats:
    """Hermite's cubic between neighbours, its slopes those of the parabola through three points."""
    if len(t) < 3:
        return np.interp(at, t, x)
    slope = np.gradient(x, t)
    i = np.clip(np.searchsorted(t, at, "right") - 1, 0, len(t) - 2)
    step = t[i + 1] - t[i]
    u = (at - t[i]) / step
    result: Floats = (
        x[i] * (1 + 2 * u) * (1 - u) ** 2
        + x[i + 1] * u**2 * (3 - 2 * u)
        + step * u * (1 - u) * (slope[i] * (1 - u) - slope[i + 1] * u)
    )
    return result


def _without_baseline(wave: Floats) -> Floats:
    size = round(BLOCK_S * RATE_HZ)
    blocks = [wave[i : i + size] for i in range(0, len(wave), size)]
    middles = np.minimum(np.arange(len(blocks)) * size + size / 2, len(wave) - 1)
    result: Floats = wave - np.interp(np.arange(len(wave)), middles, [np.median(block) for block in blocks])
    return result


def _blocks(waves: list[Floats]) -> list[Floats]:
    size = round(BLOCK_S * RATE_HZ)
    return [wave[i : i + size] for wave in waves for i in range(0, max(1, len(wave) - size // 2), size)]


def pulse_height(waves: list[Floats]) -> float:
    """The usual height of what goes up and down within 4 s."""
    heights = [float(np.subtract(*np.percentile(block, [95, 5]))) for block in _blocks(waves)]
    moving = [height for height in heights if height > 0]
    return float(np.percentile(moving, 40)) if moving else 1.0


def lean(waves: list[Floats]) -> float:
    """Mean skewness of wave and slope over blocks of 4 s: positive if the wave rises with blood.

    Blood comes fast and goes slowly, so slopes lean to the side of the rise; where a sensor's own high-pass has taken
    that away, the wave leans to the side of its narrow peaks.
    """
    leans = []
    for block in _blocks(waves):
        smooth = np.convolve(block, np.ones(12) / 12, "valid")
        leans.append(_skewness(smooth) + _skewness(smooth[12:] - smooth[:-12]))
    return float(np.mean(leans)) if leans else 0.0


def _skewness(wave: Floats) -> float:
    spread = float(wave.std())
    return float(np.clip((((wave - wave.mean()) / spread) ** 3).mean(), -2, 2)) if spread > 0 else 0.0


def read_acceleration_mg(path: Path, repairs: Repairs) -> list[Stretch]:
    """Return acceleration in mg, as stamped.

    Raises:
        InputError: the table makes no sense.
    """
    stretches = read_signal(path, ("t_s", "x_g", "y_g", "z_g"), repairs)
    usual = float(np.median(np.concatenate([np.sqrt((each.values**2).sum(axis=1)) for each in stretches])))
    if usual == 0:
        raise InputError(f"{path} shows no acceleration, not even gravity: is it the right file?")
    scale = 1000.0
    if usual > 4:
        repairs.append(f"{path.name}: {usual:.4g} at rest is not in g; taken as what 1 g reads.")
        scale = 1000.0 / usual
    return [Stretch(each.t_s, each.values * scale) for each in stretches]


def acceleration_at(stretches: list[Stretch], start_s: float, n: int) -> Integers | None:
    """Return acceleration in mg at n instants of the 100 Hz grid from start_s; None if none was measured there.

    In gaps the last value stays. Shape (n, 3).
    """
    grid_s = start_s + np.arange(n) / RATE_HZ
    laid = np.full((n, 3), np.nan)
    for measured in stretches:
        if len(measured.t_s) < 2 or measured.t_s[0] > grid_s[-1] or measured.t_s[-1] < grid_s[0]:
            continue
        stretch = measured
        if (len(stretch.t_s) - 1) / (stretch.t_s[-1] - stretch.t_s[0]) > 1.5 * RATE_HZ:
            first, values = on_grid(stretch, RATE_HZ)
            stretch = Stretch(first + np.arange(len(values)) / RATE_HZ, values)
        inside = (grid_s >= stretch.t_s[0]) & (grid_s <= stretch.t_s[-1])
        for axis in range(3):
            laid[inside, axis] = np.interp(grid_s[inside], stretch.t_s, stretch.values[:, axis])
    known = np.flatnonzero(~np.isnan(laid[:, 0]))
    if not len(known):
        return None
    last = known[np.maximum(np.searchsorted(known, np.arange(n), "right") - 1, 0)]
    mg: Integers = np.clip(np.rint(laid[last]), -TOP_MG, TOP_MG).astype(np.int64)
    return mg


def by_knowledge(stretches: list[Stretch], start_s: float, n: int) -> list[tuple[slice, bool]]:
    """Return the parts of n instants of the 100 Hz grid from start_s, and whether acceleration was measured there."""
    known = np.zeros(n, np.bool_)
    for each in stretches:
        first, last = ((t - start_s) * RATE_HZ for t in (each.t_s[0] - STAYS_S, each.t_s[-1] + STAYS_S))
        known[max(0, round(first)) : max(0, round(last))] = True
    edges = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), n]
    return [(slice(i, j), bool(known[i])) for i, j in pairwise(edges)]
