"""Synthetic raw acceleration out of real movement counts, and what such movement does to a photoplethysmogram.

There is no raw acceleration of a whole night or day among the open sets at hand, so it is built: the actigraph's counts
of three axes per second are the envelope of noise between 0.3 and 8 Hz, and where they say walking, steps are added.
An actigraph's count is 16.64 mg in a tenth of a second (Tryon and Williams 1996, Behav. Res. Meth. 28: 392-403).

An artefact is what reaches the light: the axes mixed by weights that wander, low-passed (tissue follows slowly), plus a
part that no accelerometer sees (fingers, pressure). How strong it is against the pulse is the caller's to say.
"""

from __future__ import annotations

import numpy as np

from evensong.recordings.columns import Floats
from evensong.recordings.ppg_synth import shaped, wander

G_PER_COUNT = 0.01664 / 10 * 1.25  # mean size to standard deviation of noise: sqrt(pi / 2)
WALKING = 60.0  # counts a second of all axes together, over ten seconds
UNSEEN = 0.3  # share of an artefact's power that is in no axis


def acceleration(
    counts: Floats, rate_hz: float, *, seed: int, steps_hz: float | Floats | None = None, gravity: int = 2
) -> Floats:
    """Return acceleration in g. counts: of three axes per second, shape (s, 3); the result has shape (s * rate_hz, 3).

    steps_hz: cadence, one or one per second; drawn between 1.6 and 2.0 where None. gravity: the axis that points down.
    """
    random = np.random.default_rng(seed)
    seconds = len(counts)
    n = round(seconds * rate_hz)
    t_s = np.arange(n) / rate_hz
    ten = np.ones(10) / 10
    walking = (np.convolve(counts.sum(axis=1), ten, "same") > WALKING).astype(float)
    cadence = random.uniform(1.6, 2.0) if steps_hz is None else steps_hz
    cadence = np.broadcast_to(np.asarray(cadence, np.float64), (seconds,))
    phase = 2 * np.pi * np.cumsum(np.interp(t_s, np.arange(seconds) + 0.5, cadence)) / rate_hz
    phase += 0.15 * np.cumsum(shaped(random, n, rate_hz, lambda f: (f < 1.0).astype(np.float64))) / rate_hz
    stepping = np.interp(t_s, np.arange(seconds) + 0.5, walking)
    result = np.zeros((n, 3))
    for axis in range(3):
        envelope = np.interp(t_s, np.arange(seconds) + 0.5, counts[:, axis]) * G_PER_COUNT
        noise = shaped(random, n, rate_hz, _body_band)
        sizes = random.uniform(0.3, 1.0, 3) * (1.0, 0.6, 0.25)
        at = random.uniform(0, 2 * np.pi, 3)
        swing = random.uniform(0.0, 0.6) * np.sin(phase / 2 + at[0])  # an arm swings once in two steps
        steps = swing + sum(sizes[k] * np.sin((k + 1) * phase + at[k]) for k in range(3))
        result[:, axis] = envelope * np.where(stepping > 0, 0.5 * noise + stepping * steps * 1.2, noise)
    result[:, gravity] += 1.0
    return result


def _body_band(f: Floats) -> Floats:
    gain: Floats = ((f > 0.3) & (f < 8.0)) / np.sqrt(1 + (f / 2.0) ** 2)
    return gain


def artefact(acceleration_g: Floats, rate_hz: float, *, seed: int, unseen: float = UNSEEN) -> Floats:
    """Return what movement adds to a photoplethysmogram, of unit power over the whole. Shape (n,)."""
    random = np.random.default_rng(seed)
    moved = acceleration_g - acceleration_g.mean(axis=0)
    n = len(moved)
    mix = np.stack([random.normal() + 0.6 * wander(random, n, rate_hz, 0.02) for _ in range(3)], axis=1)
    mix *= random.choice([-1.0, 1.0], 3)
    felt = (moved * mix).sum(axis=1)
    spectrum = np.fft.rfft(felt)
    f = np.fft.rfftfreq(n, 1 / rate_hz)
    felt = np.fft.irfft(spectrum / (1 + 1j * f / 2.5), n)
    size = np.sqrt(np.convolve((moved**2).sum(axis=1), np.ones(round(rate_hz)) / round(rate_hz), "same"))
    other = shaped(random, n, rate_hz, lambda f: ((f > 0.2) & (f < 5.0)) / np.sqrt(1 + (f / 1.5) ** 2)) * size
    power = [float((part**2).mean()) for part in (felt, other)]
    mixed = np.sqrt((1 - unseen) / max(power[0], 1e-12)) * felt + np.sqrt(unseen / max(power[1], 1e-12)) * other
    unit: Floats = mixed / max(float(np.sqrt((mixed**2).mean())), 1e-12)
    return unit
