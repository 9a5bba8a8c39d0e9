"""Synthetic photoplethysmograms: real or made-up beats in, samples out. What it makes is called synthetic everywhere.

Each beat adds one pulse: a systolic wave whose rise takes the same time after every beat, and a second wave behind the
dicrotic notch, later and wider where the interval before was longer (as the square root, Bazett's rule for ejection).
Breathing moves the baseline and the pulse's size (Charlton et al. 2018, IEEE Rev. Biomed. Eng. 11: 2-20, call these
BW and AM); its part of the rhythm is in the beats already. `steepest_ms` after a beat the systolic wave is steepest,
which is the instant that a detector of slopes finds.

What is not modelled: the change of a pulse's shape with posture, temperature or age, and venous blood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evensong.recordings.columns import Floats, Integers

TRANSIT_MS = 180.0  # from the R peak to the top of the wave's rise at the wrist, about
RISE_MS = 60.0  # standard deviation of the systolic wave before its top
LONGEST_PULSE_MS = 1800.0


@dataclass(frozen=True, slots=True)
class Skin:
    """How light meets blood. counts: mean level of the sensor, ambient light included. perfusion_pct: pulse height of
    that part of the level that is not ambient. notch: height of the second wave, of the first. breath_hz,
    breath_size: rate, and share by which breathing moves the pulse's height. breath_wander: and the baseline, in
    pulse heights. drift: slow wandering of the baseline, in pulse heights. noise: white, in pulse heights (standard
    deviation). bits: of the converter. falls: counts fall when blood comes, as a reflective sensor's do."""

    counts: float = 100_000.0
    ambient_share: float = 0.05
    perfusion_pct: float = 1.0
    notch: float = 0.35
    breath_hz: float = 0.25
    breath_size: float = 0.12
    breath_wander: float = 0.3
    drift: float = 0.5
    noise: float = 0.01
    bits: int = 18
    falls: bool = True

    @property
    def pulse_counts(self) -> float:
        return self.counts * (1 - self.ambient_share) * self.perfusion_pct / 100


def steepest_ms() -> float:
    """How long after a beat its pulse is steepest: one standard deviation before the top of a Gaussian."""
    return TRANSIT_MS - RISE_MS


def pulses(beat_ms: Integers | Floats, t_ms: Floats, notch: float) -> Floats:
    """Return the sum of all beats' pulses, each of height 1, at rising instants. beat_ms: rising."""
    beats = np.asarray(beat_ms, np.float64)
    wave = np.zeros(len(t_ms))
    if not len(beats):
        return wave
    before = np.diff(beats, prepend=beats[0] - 1000.0)
    stretch = np.sqrt(np.clip(before, 300.0, 2000.0) / 1000.0)
    first, last = np.searchsorted(t_ms, [beats, beats + LONGEST_PULSE_MS])
    for beat, k, i, j in zip(beats.tolist(), stretch.tolist(), first.tolist(), last.tolist(), strict=True):
        since = t_ms[i:j] - beat - TRANSIT_MS
        width = np.where(since < 0, RISE_MS, 110.0 * k)
        wave[i:j] += np.exp(-0.5 * (since / width) ** 2)
        wave[i:j] += notch * np.exp(-0.5 * ((since - 270.0 * k) / (90.0 * k)) ** 2)
    return wave


def ppg(
    beat_ms: Integers | Floats,
    rate_hz: float,
    skin: Skin,
    *,
    seed: int,
    length_s: float,
    artefact: Floats | None = None,
    breath: Floats | None = None,
) -> Integers:
    """Return sensor counts at 0, 1 / rate_hz, ... below length_s. Shape (round(length_s * rate_hz),).

    artefact: what movement adds, in pulse heights; breath: a breathing wave between -1 and 1 instead of a sine. Both as
    long as the result. Counts that the converter does not reach are cut, as its own are.
    """
    random = np.random.default_rng(seed)
    n = round(length_s * rate_hz)
    t_ms: Floats = np.arange(n, dtype=np.float64) * (1000.0 / rate_hz)
    if breath is None:
        breath = np.sin(2 * np.pi * skin.breath_hz * t_ms / 1000 + random.uniform(0, 2 * np.pi))
    wave = pulses(beat_ms, t_ms, skin.notch) * (1 + skin.breath_size * breath)
    wave += skin.breath_wander * breath + skin.drift * wander(random, n, rate_hz, 0.08)
    wave += random.normal(0, skin.noise, n)
    if artefact is not None:
        wave += artefact
    counts = skin.counts + (-1 if skin.falls else 1) * skin.pulse_counts * wave
    return np.clip(np.rint(counts), 0, (1 << skin.bits) - 1).astype(np.int64)


def wander(random: np.random.Generator, n: int, rate_hz: float, below_hz: float) -> Floats:
    """Return noise of unit variance whose spectrum falls off above below_hz. Shape (n,)."""
    return shaped(random, n, rate_hz, lambda f: np.asarray(1 / (1 + (f / below_hz) ** 2), np.float64))


def shaped(random: np.random.Generator, n: int, rate_hz: float, gain: Callable[[Floats], Floats]) -> Floats:
    """Return noise of unit variance with this gain by frequency in Hz. Shape (n,)."""
    spectrum = np.fft.rfft(random.normal(size=n))
    spectrum *= gain(np.asarray(np.fft.rfftfreq(n, 1 / rate_hz), np.float64))
    spectrum[0] = 0
    noise: Floats = np.fft.irfft(spectrum, n)
    return noise / max(float(noise.std()), 1e-12)
