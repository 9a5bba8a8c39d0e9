"""Synthetic nights: physiologically plausible, seeded, and always labelled as synthetic. For demos and tests.

They prove that a night goes through the machinery, not that staging is right: a classifier trained or judged on them
learns this file. The shapes follow the literature, the figures are round ones chosen by us:

- the night: cycles of about 90 minutes in which deep sleep shrinks and REM grows (Carskadon and Dement, Principles and
  Practice of Sleep Medicine), brief awakenings between, shares of stages as in Ohayon et al. 2004;
- beats: an RR level by stage that falls in the first hours, respiratory sinus arrhythmia strongest in deep sleep, low
  frequencies and slow wandering strongest in REM and wake (Trinder et al. 2001; bands of the Task Force 1996), summed
  as in McSharry et al. 2003;
- movement: most in wake, some in REM and light, least in deep (Wilde-Frenz and Schulz 1983); the heart quickens with it
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evensong.errors import InputError
from evensong.recordings.columns import Floats, Integers
from evensong.recordings.samples import EPOCH_S, NOT_SINUS, VOUCHED, Samples
from evensong_wire.frames import EPOCH_MS, EventCode, Wear

HZ = 4  # grid on which RR is modelled
BEFORE_S = 1200  # worn before lights-off
AFTER_S = 600  # and after rising


@dataclass(frozen=True, slots=True)
class _Stage:
    """rr_ms: level relative to the sleeper's own; rsa_ms, lf_ms, slow_ms: amplitudes; breath_s: breathing period;
    moves_per_h: body movements; vigour: their size."""

    rr_ms: float
    rsa_ms: float
    lf_ms: float
    slow_ms: float
    breath_s: float
    moves_per_h: float
    vigour: float


STAGES = {
    "WAKE": _Stage(-110, 18, 30, 34, 3.9, 60, 30),
    "LIGHT": _Stage(0, 32, 22, 18, 4.2, 7, 14),
    "DEEP": _Stage(15, 38, 9, 7, 4.3, 2, 9),
    "REM": _Stage(-45, 17, 27, 30, 3.8, 9, 11),
}


def synthesize(seed: int, hours: float) -> tuple[Samples, list[str]]:
    """Return a night and its true stages, one name per 30 s epoch from lights-off (t = 0) to rising.

    hours: from lights-off to rising. The night begins 20 minutes before and ends 10 minutes after.

    Raises:
        InputError: hours is not 1 to 16.
    """
    if not 1 <= hours <= 16:
        raise InputError(f"A synthetic night lasts 1 to 16 hours, not {hours:g}.")
    random = np.random.default_rng(seed)
    stages = hypnogram(random, round(hours * 120))
    worn = ["WAKE"] * (BEFORE_S // EPOCH_S) + stages + ["WAKE"] * (AFTER_S // EPOCH_S)
    moves = _movements(random, worn)
    beat_ms, ibi_ms, quality = _beats(random, worn, moves)
    up_ms = len(stages) * EPOCH_MS
    samples = Samples(
        beat_ms=beat_ms - BEFORE_S * 1000,
        ibi_ms=ibi_ms,
        quality=quality,
        epoch=np.arange(len(worn)) - BEFORE_S // EPOCH_S,
        count_q8=_counts(random, worn, moves),
        wear=[(-BEFORE_S * 1000, Wear.ON)],
        mood=[(-300_000, *_mood(random), True), (up_ms + 240_000, *_mood(random), True)],
        events=[(0, EventCode.LIGHTS_OFF.value, 0), (up_ms, EventCode.RISE.value, 0)],
    )
    return samples, stages


def hypnogram(random: np.random.Generator, epochs: int) -> list[str]:
    """Return stage names of a night: semi-Markov, so a stage's length is drawn on entering it."""
    night: list[str] = []

    def spend(stage: str, minutes: float, spread: float = 0.35) -> None:
        night.extend([stage] * max(1, round(2 * minutes * random.lognormal(-(spread**2) / 2, spread))))

    def light(minutes: float) -> None:
        # Light sleep is broken by awakenings, one in every twenty minutes or so.
        spend("LIGHT", minutes / 2)
        if random.random() < minutes / 20:
            spend("WAKE", 1.2, 0.8)
        spend("LIGHT", minutes / 2)

    spend("WAKE", 12, 0.6)
    cycle = 0
    while len(night) < epochs:
        light(16 + 5 * cycle)
        if cycle < 4:
            spend("DEEP", (36, 26, 12, 5)[cycle])
        light(14)
        spend("REM", min(8 + 7 * cycle, 30), 0.2)
        if random.random() < 0.5:
            spend("WAKE", 2, 0.8)
        cycle += 1
    night = night[:epochs]
    last = min(epochs // 12, int(random.integers(4, 20)))  # awake before rising
    night[-last:] = ["WAKE"] * last
    return night


def _movements(random: np.random.Generator, worn: list[str]) -> Floats:
    """Return (start in s, length in s, vigour) of each body movement, by start. Shape (n, 3)."""
    rows = []
    before = worn[0]
    for epoch, stage in enumerate(worn):
        figures = STAGES[stage]
        turned = stage != before  # a change of stage is often a turn in bed
        number = random.poisson(figures.moves_per_h / 120) + turned
        for _ in range(number):
            length = min(25.0, random.lognormal(1.3, 0.6))
            rows.append((epoch * EPOCH_S + random.uniform(0, EPOCH_S), length, figures.vigour * random.gamma(2.0, 0.5)))
        before = stage
    return np.array(sorted(rows), np.float64).reshape(-1, 3)


def _counts(random: np.random.Generator, worn: list[str], moves: Floats) -> Integers:
    """Return activity per epoch in 1/256 count; a movement counts where it starts, and its tail in the next epoch."""
    counts = random.exponential(0.04, len(worn)).round(2)
    for start, length, vigour in moves:
        epoch = int(start // EPOCH_S)
        within = min(length, (epoch + 1) * EPOCH_S - start)
        counts[epoch] += vigour * within / 4
        if epoch + 1 < len(worn):
            counts[epoch + 1] += vigour * (length - within) / 4
    rounded: Integers = np.rint(counts * 256).astype(np.int64)
    return rounded


def _beats(random: np.random.Generator, worn: list[str], moves: Floats) -> tuple[Integers, Integers, Integers]:
    seconds = len(worn) * EPOCH_S
    t = np.arange(seconds * HZ) / HZ

    def per_stage(field: str, settle_s: int) -> Floats:
        level = np.repeat([float(getattr(STAGES[stage], field)) for stage in worn], EPOCH_S * HZ)
        return _settled(level, settle_s * HZ)

    own_level = random.normal(980, 70)
    hours = (t - BEFORE_S) / 3600
    fall = 45 * (1 - np.exp(-np.maximum(hours, 0) / 2.5)) - 6 * np.maximum(hours - 5, 0)
    breath = 2 * np.pi * np.cumsum((1 + 0.08 * _wander(random, len(t), 20)) / per_stage("breath_s", 60)) / HZ
    mayer = 2 * np.pi * np.cumsum(0.095 * (1 + 0.12 * _wander(random, len(t), 30))) / HZ
    rr = own_level + fall + per_stage("rr_ms", 45)
    rr += per_stage("rsa_ms", 30) * np.sin(breath) * (1 + 0.25 * _wander(random, len(t), 60))
    rr += per_stage("lf_ms", 30) * np.sin(mayer) * (1 + 0.4 * _wander(random, len(t), 60))
    rr += per_stage("slow_ms", 30) * _wander(random, len(t), 40)
    shaken = np.zeros(len(t))
    for start, length, vigour in moves:
        since = t[int(start * HZ) :] - start
        window = since[: int((length + 60) * HZ)]
        surge = min(140.0, 5 * vigour) * np.where(window < length, 1.0, np.exp(-(window - length) / 12))
        rr[int(start * HZ) : int(start * HZ) + len(window)] -= surge
        shaken[int(start * HZ) : int((start + length) * HZ) + 1] = vigour
    return _walk(random, np.clip(rr, 420, 1600), shaken)


def _walk(random: np.random.Generator, rr: Floats, shaken: Floats) -> tuple[Integers, Integers, Integers]:
    """Return beats along a curve of RR: each comes after the RR at the one before. Movement costs quality, or beats."""
    beat_ms, ibi_ms, quality = [], [], []
    now, last = 0, len(rr) * 1000 // HZ
    while True:
        at = now * HZ // 1000
        interval = round(float(rr[at]) + random.normal(0, 3))
        now += interval
        if now >= last:
            break
        motion = float(shaken[now * HZ // 1000])
        grade = VOUCHED
        if motion:
            grade = int(np.clip(random.normal(85 - 2 * motion, 15), 0, VOUCHED))
            if grade < NOT_SINUS // 2:
                continue  # a detector would have found no pulse here
        beat_ms.append(now)
        ibi_ms.append(interval)
        quality.append(grade)
    return np.array(beat_ms, np.int64), np.array(ibi_ms, np.int64), np.array(quality, np.int64)


def _settled(level: Floats, steps: int) -> Floats:
    """Return a step curve smoothed by a boxcar that ends now: the heart follows a change of stage within a minute."""
    padded = np.concatenate([np.full(steps, level[0]), level])
    sums = np.cumsum(padded)
    smooth: Floats = (sums[steps:] - sums[:-steps]) / steps
    return smooth


def _wander(random: np.random.Generator, length: int, seconds: float) -> Floats:
    """Return a slow random curve of unit variance whose memory is some `seconds`."""
    steps = int(seconds * HZ)
    noise = random.normal(size=length + 2 * steps)
    sums = np.cumsum(np.concatenate([[0.0], noise]))
    box = (sums[steps:] - sums[:-steps]) / np.sqrt(steps)
    sums = np.cumsum(np.concatenate([[0.0], box]))
    curve = (sums[steps:] - sums[:-steps]) / steps
    unit: Floats = curve[:length] * np.sqrt(1.5)  # a boxcar twice leaves 2/3 of the variance
    return unit


def _mood(random: np.random.Generator) -> tuple[int, int]:
    valence, arousal = np.clip(np.rint(random.normal([6.0, 4.0], 1.2)), 1, 9).astype(int).tolist()
    return valence, arousal
