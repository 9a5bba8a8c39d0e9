"""Made-up exercise of any kind, one cause of trouble at a time or all drawn at random: the cases of `exercise.py`, and
what `odds.py` fits the weights of a beat's quality on. Synthetic: beats, movement and light are all made up.

Unlike `exercise.recording` a scene may begin in the middle of the exercise, have blunt pulses (cold skin, or a device
that smooths), a cadence that follows the heart, an accelerometer that is late, or hands so still on a handlebar that
the accelerometer hardly shows what shakes the light.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import exercise as made_up
import numpy as np
import numpy.typing as npt

from evensong.recordings.ppg_synth import pulses, shaped, wander

Floats = npt.NDArray[np.float64]
RATE_HZ = 100


@dataclass(frozen=True, slots=True)
class Scene:
    """bpm: heart rate when exercise begins and where it tends, within a minute or two. cadence_hz: at the start and
    the end; size_g: of its acceleration. swing: of the arm, at half the cadence, of 1; seen: the share of it that
    acceleration shows, least and most. snr_db: of pulse to movement. rest_s: before it begins. blunt_hz, highpass_hz:
    of two low-passes and a high-pass on the pulse and on everything; 0 for none. own, unseen: shares of what movement
    adds that keep the cadence with sizes of their own, and that no axis shows. late_s: of acceleration. follow:
    cadence, of the heart rate; 0 for a cadence of its own."""

    bpm: tuple[float, float] = (90, 150)
    cadence_hz: tuple[float, float] = (2.4, 2.4)
    size_g: float = 0.5
    swing: float = 0.7
    seen: tuple[float, float] = (0.2, 1.0)
    snr_db: float = -5
    rest_s: float = 0
    blunt_hz: float = 0
    highpass_hz: float = 0
    own: float = 0.4
    unseen: float = 0.2
    late_s: float = 0
    follow: float = 0
    seconds: int = 200


RUN = Scene()
WALK = Scene(bpm=(85, 105), cadence_hz=(1.8, 1.8), size_g=0.22)
RIDE = Scene(bpm=(90, 130), cadence_hz=(1.2, 1.3), size_g=0.06, swing=0.15)
CASES = {
    "run, no rest before": RUN,
    "run, -10 dB": replace(RUN, snr_db=-10),
    "run, blunt pulses": replace(RUN, blunt_hz=1.5),
    "run, acceleration late": replace(RUN, late_s=0.15),
    "cadence is heart rate": replace(RUN, follow=1.0, bpm=(130, 150)),
    "twice heart rate": replace(WALK, follow=2.0, bpm=(80, 85)),
    "half of heart rate": replace(RUN, follow=0.5, bpm=(150, 180)),
    "heart crosses cadence": replace(RUN, bpm=(100, 185), cadence_hz=(2.45, 2.45)),
    "walk, no rest before": WALK,
    "ride, no rest before": RIDE,
    "ride, still hands": replace(RIDE, size_g=0.012, snr_db=0),
}
# kind: cadence in Hz, acceleration in g, heart rate, swing of the arm
KINDS = {
    "run": ((2.2, 3.0), (0.3, 1.0), (100, 185), (0.4, 1)),
    "walk": ((1.5, 2.1), (0.1, 0.35), (75, 130), (0.4, 1)),
    "ride": ((0.9, 1.5), (0.02, 0.12), (80, 170), (0, 0.3)),
    "arms": ((0.6, 2.0), (0.3, 1.2), (70, 150), (0.3, 1)),
}


def drawn(seed: int) -> Scene:
    """Return a scene with everything drawn at random."""
    random = np.random.default_rng([seed, 5])
    cadences, sizes, rates, swings = KINDS[random.choice(list(KINDS))]
    low, high = sorted(random.uniform(*rates, 2).tolist())
    cadence = random.uniform(*cadences)
    return Scene(
        bpm=(high, low) if random.random() < 0.15 else (low, high),
        cadence_hz=(cadence, cadence * random.uniform(0.9, 1.1)),
        size_g=random.uniform(*sizes),
        swing=random.uniform(*swings),
        seen=(0.05, 0.5) if random.random() < 0.3 else (0.2, 1),
        snr_db=random.uniform(-12, 4),
        rest_s=float(random.choice([0, 0, 20, 40])),
        blunt_hz=float(random.choice([0, 0, 1.5, 2.5])),
        highpass_hz=float(random.choice([0, 0.4])),
        own=random.uniform(0.05, 0.6),
        unseen=random.uniform(0.05, 0.35),
        late_s=float(random.choice([0, 0, 0, 0.05, 0.15])),
        follow=float(random.choice([0.5, 1, 2])) if random.random() < 0.06 else 0.0,
    )


def play(scene: Scene, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return times in s, light in any unit, acceleration in g with shape (n, 3), and the true beats in ms."""
    random = np.random.default_rng([seed, 77])
    n = scene.seconds * RATE_HZ
    t_s: Floats = np.arange(n) / RATE_HZ
    level = np.clip((t_s - scene.rest_s) / 3, 0, 1) if scene.rest_s else np.ones(n)
    second = np.arange(scene.seconds + 10)
    risen = 1 - np.exp(-np.maximum(second - scene.rest_s, 0) / 50)
    bpm = scene.bpm[0] + (scene.bpm[1] - scene.bpm[0]) * risen + 1.5 * wander(random, len(second), 1, 0.02)
    breath = 2 * np.pi * random.uniform(0.25, 0.6)
    beat_ms = made_up.beats_of(random, bpm, scene.seconds, 0.3, breath)
    if scene.follow:
        hz = scene.follow * np.interp(t_s, second, bpm) / 60 * (1 + 0.004 * wander(random, n, RATE_HZ, 0.05))
    else:
        hz = np.interp(t_s, [0, scene.seconds], scene.cadence_hz)
        hz = hz * (1 + 0.02 * wander(random, n, RATE_HZ, 0.01) + 0.01 * wander(random, n, RATE_HZ, 0.2))
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    g = random.normal(0, 0.006, (n, 3))
    for axis in range(3):
        sizes = random.uniform(0.3, 1, 4) * (scene.swing * random.uniform(*scene.seen), 1, 0.6, 0.3)
        steps = made_up.harmonics(random, phase, sizes, 0.15, RATE_HZ)
        g[:, axis] += scene.size_g * np.sqrt(level) * (steps + 0.3 * shaped(random, n, RATE_HZ, made_up.body))
    noise = _noise(random, scene, g, level, phase)
    wave = pulses(beat_ms, 1000 * t_s, random.uniform(0.1, 0.45))
    if scene.blunt_hz:
        wave = _filtered(wave, lambda f: 1 / (1 + 1j * f / scene.blunt_hz) ** 2)
    wave *= 0.4 / wave.std()
    wave *= np.clip(1 + 0.3 * wander(random, n, RATE_HZ, 0.03), 0.3, 2) * (1 + 0.12 * np.sin(breath * t_s))
    wave += 0.4 * 10 ** (-scene.snr_db / 20) * noise + made_up.slips(random, level, RATE_HZ)
    wave += 0.5 * wander(random, n, RATE_HZ, 0.08) + 0.3 * np.sin(breath * t_s) + random.normal(0, 0.02, n)
    if scene.highpass_hz:
        wave = _filtered(wave, lambda f: 1j * f / (scene.highpass_hz + 1j * f))
    g[:, 2] += 1
    return t_s, 1500 + 120 * wave, np.roll(g, round(scene.late_s * RATE_HZ), axis=0), beat_ms


def _noise(random: np.random.Generator, scene: Scene, g: Floats, level: Floats, phase: Floats) -> Floats:
    """What movement adds to the light, of unit power while it moves."""
    n = len(level)
    felt = sum((random.normal() + 0.6 * wander(random, n, RATE_HZ, 0.03)) * g[:, axis] for axis in range(3))
    felt = _filtered(np.asarray(felt), lambda f: 1 / (1 + 1j * f / 2.5))
    sizes = random.uniform(0.1, 1, 4) * (scene.swing, 1, 0.7, 0.4)
    sizes[random.integers(0, 3)] *= 2
    own = np.sqrt(level) * made_up.harmonics(random, phase, sizes, 0.35, RATE_HZ)
    other = np.sqrt(level) * shaped(random, n, RATE_HZ, made_up.tissue)
    shares = (1 - scene.own - scene.unseen, scene.own, scene.unseen)
    on = level > 0.05
    parts = zip(shares, (felt, own, other), strict=True)
    total = np.sum([np.sqrt(share / (part[on] ** 2).mean()) * part for share, part in parts], axis=0)
    unit: Floats = total / np.sqrt((total[on] ** 2).mean())
    return unit


def _filtered(wave: Floats, gain: made_up.Gain) -> Floats:
    result: Floats = np.fft.irfft(np.fft.rfft(wave) * gain(np.fft.rfftfreq(len(wave), 1 / RATE_HZ)), len(wave))
    return result


def latest_steepest_ms(scene: Scene) -> float:
    """How much later than on a sharp pulse a slope of 120 ms is steepest here, by the scene's filters. A beat's truth
    is the heart's; a constant delay of light is no error."""

    def steepest_ms(blunt_hz: float, highpass_hz: float) -> float:
        beat_ms = np.arange(1000.0, 59_000.0, 60_000 / np.mean(scene.bpm))
        wave = pulses(beat_ms, np.arange(0, 60_000.0, 1000 / RATE_HZ), 0.3)
        if blunt_hz:
            wave = _filtered(wave, lambda f: 1 / (1 + 1j * f / blunt_hz) ** 2)
        if highpass_hz:
            wave = _filtered(wave, lambda f: 1j * f / (highpass_hz + 1j * f))
        slope = np.convolve(wave, np.r_[np.ones(12), -np.ones(12)], "same")
        first, last = (round(at * RATE_HZ / 1000) for at in beat_ms[20:22])
        return float(np.argmax(slope[first:last])) * 1000 / RATE_HZ

    return steepest_ms(scene.blunt_hz, scene.highpass_hz) - steepest_ms(0, 0)
