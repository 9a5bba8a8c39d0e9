"""How right heart rate is during exercise: `python tests/benchmarks/exercise.py [recordings of each kind, 6]`.

Waveforms are synthetic and meant to be unkind: whole recordings of walking, running and cycling in the style of Jarchi
and Casson 2017 (Data 2: 1, 256 Hz) and of runs on a treadmill as in Zhang et al. 2015 (IEEE Trans. Biomed. Eng. 62:
522-531, 125 Hz). What movement adds is partly a low-passed mixture of the axes, partly harmonics of the steps of own
sizes and phases, partly in no axis at all; it may be cut off on one side, slips move the baseline, the sensor has a
high-pass and rails, pulses change their size, polarity is either. In the rows called hard the light is shaken at half
the cadence, where acceleration shows little, and by -12 to -3 dB.

Below them, scenes with one cause of trouble each (`scenes.CASES`).

Scored as strangers would: windows of 8 s each 2 s, heart rate from the median of three vouched intervals or more, or
from the mean of whatever is vouched for, against that of the true beats there: share of windows, median error, share
within 5 bpm.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from beats import LAG_MS

from evensong.recordings import ppg_intake
from evensong.recordings.ppg_beats import RATE_HZ, VOUCHED, detect, upright
from evensong.recordings.ppg_synth import pulses, shaped, wander
from evensong.recordings.signal_csv import Stretch

Floats = npt.NDArray[np.float64]
Gain = Callable[[Floats], npt.NDArray[np.complex128]]
# kind: cadence in Hz, acceleration in g, heart rate at most, arm's swing at half the cadence, signal to noise in dB
KINDS = {
    "run": (2.3, 2.9, 0.7, 135, 180, 1.0, -8, 3),
    "walk": (1.6, 2.05, 0.22, 90, 125, 1.0, -6, 6),
    "easy ride": (1.0, 1.5, 0.05, 95, 125, 0.15, -5, 8),
    "hard ride": (0.9, 1.3, 0.09, 115, 165, 0.15, -5, 8),
}
ROWS = (*((kind, "") for kind in KINDS), ("run", "treadmill"), ("run", "hard"), ("walk", "hard"), ("hard ride", "hard"))


def recording(kind: str, style: str, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return times in s, light in any unit, acceleration in g with shape (n, 3), and the true beats in ms."""
    low, high, size_g, least_bpm, most_bpm, swing, least_db, most_db = KINDS[kind]
    if style == "hard":
        least_db, most_db = -12, -3
    random = np.random.default_rng([seed, ROWS.index((kind, style))])
    rate_hz = 125 if style == "treadmill" else 256
    seconds = int(random.integers(200, 300))
    plan = np.zeros(seconds + 10)
    if style == "treadmill":
        for minute, speed in enumerate((0.5, 1.0, 0.5, 1.0)):
            plan[30 + 60 * minute : 90 + 60 * minute] = speed
        plan[seconds - 10 :] = 0
    else:
        plan[random.integers(3, 30) : seconds - random.integers(3, 30)] = random.uniform(0.6, 1)
    beat_ms, breath = _heart(random, plan, seconds, random.uniform(60, 95), random.uniform(least_bpm, most_bpm))
    n = seconds * rate_hz
    t_s: Floats = np.arange(n, dtype=np.float64) / rate_hz
    level = np.interp(t_s, np.arange(seconds + 10), np.convolve(plan, np.ones(3) / 3, "same"))
    drift = 1 + 0.025 * wander(random, n, rate_hz, 0.01) + 0.012 * wander(random, n, rate_hz, 0.2)
    hz = random.uniform(low, high) * drift * (0.78 + 0.22 * level if kind == "run" else 0.94 + 0.06 * level)
    phase = 2 * np.pi * np.cumsum(hz) / rate_hz
    g = random.normal(0, 0.006, (n, 3))
    for axis in range(3):
        seen = random.uniform(0.03, 0.4) if style == "hard" else random.uniform(0.2, 1)
        sizes = random.uniform(0.3, 1, 4) * (swing * seen, 1, 0.6, 0.3)
        steps = harmonics(random, phase, sizes, 0.15, rate_hz)
        g[:, axis] += size_g * np.sqrt(level) * (steps + 0.3 * shaped(random, n, rate_hz, body))
    noise = _artefact(random, g, level, phase, rate_hz, 1.0 if style == "hard" else swing)
    wave = pulses(beat_ms, 1000 * t_s, random.uniform(0.1, 0.45))
    size = float(wave.std()) * 10 ** (-random.uniform(least_db, most_db) / 20)
    wave *= np.clip(1 + 0.35 * wander(random, n, rate_hz, 0.03), 0.25, 2.5) * (1 + 0.12 * np.sin(breath * t_s))
    wave += size * noise + slips(random, level, rate_hz) + 0.5 * wander(random, n, rate_hz, 0.08)
    wave += 0.3 * np.sin(breath * t_s) + random.normal(0, 0.03, n)
    if random.random() < 0.7:
        spectrum, f = np.fft.rfft(wave), np.fft.rfftfreq(n, 1 / rate_hz) / 0.4
        wave = np.fft.irfft(spectrum * 1j * f / (1 + 1j * f), n)
    if random.random() < 0.4:
        wave = np.clip(wave, -5, 5)
    g[:, 2] += 1
    return t_s, 1500 + (-120 if random.random() < 0.3 else 120) * wave, g, beat_ms


def _heart(random: np.random.Generator, plan: Floats, seconds: int, rest: float, most: float) -> tuple[Floats, float]:
    """Beats in ms, and the breath's angular frequency."""
    bpm, rates = rest, []
    for level in plan:
        aim = rest + (max(most, rest + 10) - rest) * level
        bpm += (aim - bpm) / (25 if aim > bpm else 45)
        rates.append(bpm)
    breath = 2 * np.pi * random.uniform(0.2, 0.5)
    return beats_of(random, np.array(rates), seconds, 0.5, breath), breath


def beats_of(random: np.random.Generator, bpm: Floats, seconds: int, first_s: float, breath: float) -> Floats:
    """Beats in ms of a heart whose rate is given for each second. breath: angular frequency, rad/s."""
    beats, now = [], first_s
    while now < seconds:
        beats.append(now * 1000)
        ibi_s = 60 / float(np.interp(now, np.arange(len(bpm)), bpm))
        now += ibi_s * (1 + 0.02 * np.sin(breath * now) * min(1.5, 1.5 * ibi_s) + 0.01 * random.normal())
    return np.array(beats)


def harmonics(random: np.random.Generator, phase: Floats, sizes: Floats, unsteady: float, rate_hz: float) -> Floats:
    """Of half the cadence, the cadence, its double and triple; sizes and phases wander."""
    total = np.zeros(len(phase))
    for times, size in zip((0.5, 1, 2, 3), sizes.tolist(), strict=True):
        at = random.uniform(0, 2 * np.pi) + 2 * unsteady * wander(random, len(phase), rate_hz, 0.05)
        total += size * (1 + unsteady * wander(random, len(phase), rate_hz, 0.2)) * np.sin(times * phase + at)
    return total


def body(f: Floats) -> Floats:
    return np.asarray(((f > 0.3) & (f < 10)) / np.sqrt(1 + (f / 2) ** 2), np.float64)


def tissue(f: Floats) -> Floats:
    """What nothing shows: fingers, pressure, veins."""
    return np.asarray(((f > 0.2) & (f < 5)) / np.sqrt(1 + (f / 1.2) ** 2))


def _artefact(
    random: np.random.Generator, g: Floats, level: Floats, phase: Floats, rate_hz: float, swing: float
) -> Floats:
    """Of about unit power while it moves."""
    n = len(level)
    felt = sum((random.normal() + 0.6 * wander(random, n, rate_hz, 0.03)) * g[:, axis] for axis in range(3))
    felt = np.fft.irfft(np.fft.rfft(felt) / (1 + 1j * np.fft.rfftfreq(n, 1 / rate_hz) / 2.5), n)
    sizes = random.uniform(0.1, 1, 4) * (swing, 1, 0.7, 0.4)
    sizes[random.integers(0, 3)] *= 2
    own = np.sqrt(level) * harmonics(random, phase, sizes, 0.35, rate_hz)
    other = shaped(random, n, rate_hz, tissue)
    other *= np.sqrt(level) * np.clip(1 + 0.5 * wander(random, n, rate_hz, 0.1), 0.2, 3)
    shares = (0.4, 0.4, random.uniform(0.1, 0.35))
    on = level > 0.05
    parts = (felt, own, other)
    total: Floats = sum(
        np.sqrt(share) * part / np.sqrt((part[on] ** 2).mean()) for share, part in zip(shares, parts, strict=True)
    )  # type: ignore[assignment]
    if random.random() < 0.5:
        total = np.clip(total, -2.2, 1.3)
    return total / np.sqrt((total[on] ** 2).mean())


def slips(random: np.random.Generator, level: Floats, rate_hz: float) -> Floats:
    slips = np.zeros(len(level))
    for at in (np.cumsum(random.exponential(25, 40)) * rate_hz).astype(int).tolist():
        if at < len(level) and level[at] > 0.05:
            slips[at:] += random.normal(0, 4)
    return slips


def errors_bpm(recorded: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Return a row per window: by the median of three intervals or more, by the mean of any; nan for too few."""
    t_s, light, g, beat_ms = recorded
    start_s, counts = ppg_intake.counts_of([Stretch(t_s, light[:, None])])[0][0]
    mg = ppg_intake.acceleration_at([Stretch(t_s, 1000 * g)], start_s, len(counts))
    if not upright([(start_s, counts, mg)]):
        counts = ppg_intake.turned_over(counts)
    found = np.array(detect(counts, mg), np.float64).reshape(-1, 3)
    at, ibi_ms = found[:, 0] + 1000 * start_s - LAG_MS, found[:, 1]
    vouched = found[:, 2] >= VOUCHED
    errors = []
    for start in range(0, round(beat_ms[-1]) - 8000, 2000):
        true = 60_000 / np.diff(beat_ms[(beat_ms >= start) & (beat_ms < start + 8000)]).mean()
        used = ibi_ms[vouched & (at >= start) & (at < start + 8000)]
        three = abs(float(np.median(60_000 / used)) - true) if len(used) >= 3 else np.nan
        errors.append((three, abs(60_000 / used.mean() - true) if len(used) else np.nan))
    return np.array(errors)


def main(recordings: int) -> None:
    """Print the table, and it again as a line of JSON."""
    from scenes import CASES, play  # which makes its scenes with what is above

    print(f"{RATE_HZ} Hz, {recordings} recordings of each kind; three beats and more, median | any, mean")
    told = {}
    every = []
    for kind, style in ROWS:
        every.append(np.concatenate([errors_bpm(recording(kind, style, seed)) for seed in range(recordings)]))
        told[f"{kind} {style}".strip()] = _tell(f"{kind} {style}".strip(), every[-1])
    told["all of these"] = _tell("all of these", np.concatenate(every))
    for name, scene in CASES.items():
        row = np.concatenate([errors_bpm(play(scene, seed)) for seed in range(recordings)])
        told[name] = _tell(name, row)
    print(json.dumps(told))


def _tell(name: str, errors: Floats) -> list[dict[str, float]]:
    figures = []
    for column in errors.T:
        known = column[~np.isnan(column)]
        median = float(np.median(known)) if len(known) else 0.0
        within = float((known <= 5).mean()) if len(known) else 0.0
        figures.append({"windows": len(known) / len(column), "median_bpm": median, "within_5": within})
    cells = (f"{f['windows']:7.1%} {f['median_bpm']:6.2f} bpm {f['within_5']:7.1%} within 5" for f in figures)
    print(f"{name:24}{' |'.join(cells)}", flush=True)
    return figures


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
