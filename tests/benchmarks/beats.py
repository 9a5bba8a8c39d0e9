"""How right the beat detector is: `python tests/benchmarks/beats.py [--quick]` prints tables and one line of JSON.

Waveforms are synthetic. Their beats are those of slpdb and mmash (EVENSONG_DATA) after an artefact filter: a run ends
where beats are missing, and where an interval is more than 25 % from the median of the eleven around it; runs of five
minutes and more are used. Movement is built from mmash's counts, see `movement_synth`, or made up as exercise here, see
`exercise`. The noise of a row is scaled over the whole excerpt; excerpts are each user's most active ones.

- se, ppv: beats that came out, of the true ones, and right ones (within 50 ms of a true one, a constant delay for all)
  of those that came out, whatever their quality.
- vouched: true beats that a vouched-for beat is right about. right: of the vouched-for, those that are.
- rms: error of the vouched-for intervals in ms.
- HR: windows of 8 s each 2 s in which three or more intervals are vouched for: their share, the median error of heart
  rate, and the share within 5 bpm.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.recordings import mmash, slpdb
from evensong.recordings.movement_synth import acceleration, artefact
from evensong.recordings.ppg_beats import RATE_HZ, VOUCHED, detect
from evensong.recordings.ppg_synth import Skin, ppg, pulses, shaped, steepest_ms, wander
from evensong.recordings.repairs import Repairs

DATA = Path(os.environ.get("EVENSONG_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
Floats = npt.NDArray[np.float64]
RIGHT_MS = 50
LAG_MS = steepest_ms() - 2  # of the detector on this synthesiser's clean pulses; constant, so no interval feels it


def clean_runs(beat_ms: Floats, ibi_ms: Floats, shortest_s: float = 300.0) -> list[Floats]:
    """Return runs of beats, each beginning at 1 s."""
    around = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(ibi_ms, 5, "edge"), 11), axis=1)
    fine = np.abs(ibi_ms - around) <= 0.25 * around
    fine[1:] &= np.abs(np.diff(beat_ms) - ibi_ms[1:]) <= 2
    runs = np.split(beat_ms.astype(np.float64), np.flatnonzero(~fine))
    return [run[1:] - run[1] + 1000 for run in runs if len(run) > 2 and run[-1] - run[1] > shortest_s * 1000]


def real_runs(longest_s: float, only: tuple[str, ...] = ()) -> list[tuple[str, Floats]]:
    """Return (name, beats) of the longest run of every record, or of some, cut to a length."""
    found = []
    records = [("slpdb", path.stem) for path in sorted((DATA / "slpdb").glob("*.rr"))]
    records += [("mmash", path.name.removeprefix("user_")) for path in sorted((DATA / "mmash").glob("user_*"))]
    for source, name in records:
        if only and name not in only:
            continue
        reader = slpdb if source == "slpdb" else mmash
        samples = reader.read(DATA / source, name, Repairs())
        shortest = 300.0 if source == "slpdb" else 25.0  # the strap of mmash loses some seconds in every half minute
        runs = sorted(clean_runs(samples.beat_ms, samples.ibi_ms, shortest), key=len)[-1:]
        found += [(f"{source} {name}", run[run < longest_s * 1000]) for run in runs]
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One waveform's figures; sums are over beats or windows, so that rows can be added up."""

    beats: int
    found: int
    caught: int
    right: int
    vouched: int
    vouched_right: int
    vouched_beats: int
    square: float
    intervals: int
    errors_bpm: Floats  # of each window, nan where too little is vouched for

    def __add__(self, other: Row) -> Row:
        sums = [getattr(self, name) + getattr(other, name) for name in Row.__slots__[:-1]]
        return Row(*sums, np.concatenate([self.errors_bpm, other.errors_bpm]))

    def figures(self) -> dict[str, float]:
        known = self.errors_bpm[~np.isnan(self.errors_bpm)]
        return {
            "beats": self.beats,
            "se": self.caught / self.beats,
            "ppv": self.right / max(1, self.found),
            "vouched": self.vouched_beats / self.beats,
            "right": self.vouched_right / max(1, self.vouched),
            "rms_ms": float(np.sqrt(self.square / max(1, self.intervals))),
            "hr_windows": len(known) / max(1, len(self.errors_bpm)),
            "hr_median_bpm": float(np.median(known)) if len(known) else float("nan"),
            "hr_within_5": float((known <= 5).mean()) if len(known) else float("nan"),
        }


def score(counts: npt.NDArray[np.int64], mg: npt.NDArray[np.int64] | None, beat_ms: Floats) -> Row:
    """counts: as a reflective sensor's, falling with blood."""
    found = np.array(detect((1 << 18) - 1 - counts, mg), np.float64).reshape(-1, 3)
    at = found[:, 0] - LAG_MS
    after = np.clip(np.searchsorted(beat_ms, at), 1, len(beat_ms) - 1)
    near = np.where(beat_ms[after] - at < at - beat_ms[after - 1], after, after - 1)
    right = np.abs(at - beat_ms[near]) <= RIGHT_MS
    vouched = found[:, 2] >= VOUCHED
    whole = right & vouched & (near > 0)
    errors = found[whole, 1] - np.diff(beat_ms)[near[whole] - 1]
    errors = errors[np.abs(errors) < 300]  # a missed beat is counted by sensitivity, not as an error of hundreds of ms
    first = round(beat_ms[0])
    windows = []
    for start in range(first, round(beat_ms[-1]) - 8000, 2000):
        inside = beat_ms[(beat_ms >= start) & (beat_ms < start + 8000)]
        used = found[vouched & (at >= start) & (at < start + 8000), 1]
        if len(inside) > 3:
            told = 60_000 / used.mean() if len(used) >= 3 else np.nan
            windows.append(abs(told - 60_000 / np.diff(inside).mean()))
    return Row(
        len(beat_ms),
        len(found),
        len(set(near[right].tolist())),
        int(right.sum()),
        int(vouched.sum()),
        int((vouched & right).sum()),
        len(set(near[vouched & right].tolist())),
        float((errors**2).sum()),
        len(errors),
        np.array(windows),
    )


def noisy(beat_ms: Floats, skin: Skin, seed: int, unit_artefact: Floats | None, snr_db: float) -> npt.NDArray[np.int64]:
    """Return counts with an artefact of this signal-to-noise ratio (power of the pulses without their mean)."""
    length_s = beat_ms[-1] / 1000 + 2
    if unit_artefact is None:
        return ppg(beat_ms, RATE_HZ, skin, seed=seed, length_s=length_s)
    t_ms = np.arange(round(length_s * RATE_HZ), dtype=np.float64) * (1000 / RATE_HZ)
    size = float(pulses(beat_ms, t_ms, skin.notch).std()) * 10 ** (-snr_db / 20)
    added = unit_artefact[: len(t_ms)] * size
    return ppg(beat_ms, RATE_HZ, skin, seed=seed, length_s=length_s, artefact=added)


def moving_excerpt(user: Path, seconds: int, seed: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return acceleration in mg at 100 Hz and its artefact of unit power, of a user's most active stretch."""
    stamps, axes, _ = mmash._rows(user / "Actigraph.csv", ("Axis1", "Axis2", "Axis3"), Repairs())
    counts = np.zeros((int(stamps.max()) + 1, 3))
    counts[stamps] = axes
    active = np.convolve((np.sqrt((counts**2).sum(axis=1)) > 20).astype(float), np.ones(seconds), "valid")
    start = int(np.argmax(active))
    g = acceleration(counts[start : start + seconds], RATE_HZ, seed=seed)
    mg = np.rint(g * 1000).astype(np.int64)
    return np.repeat(mg[::2], 2, axis=0)[: len(mg)], artefact(g, RATE_HZ, seed=seed)


def exercise(kind: str, seed: int, snr_db: float, seconds: int = 240) -> Row:
    """Rest, bouts of exercise and rest: made-up heart rates (60 to 175) and cadences that drift and may meet them."""
    random = np.random.default_rng(seed)
    plan = np.zeros(seconds + 10)
    t = 30
    while t < seconds - 30:
        bout = int(random.integers(40, 90))
        plan[t : t + bout] = random.choice([0.4, 0.7, 1.0])
        t += bout
    plan[seconds - 30 :] = 0
    rest, most = random.uniform(60, 85), random.uniform(110, 175) if kind == "run" else random.uniform(85, 125)
    bpm, rates = rest, []
    for level in plan:
        aim = rest + (most - rest) * level
        bpm += (aim - bpm) / (25 if aim > bpm else 40)
        rates.append(bpm)
    beats, now, breath = [], 0.5, 2 * np.pi * (0.25 + 0.1 * random.random())
    while now < seconds:
        beats.append(now * 1000)
        ibi_s = 60 / float(np.interp(now, np.arange(seconds + 10), rates))
        now += ibi_s * (1 + 0.02 * np.sin(breath * now) * min(1.5, 1.5 * ibi_s) + 0.008 * random.normal())
    n = round((beats[-1] / 1000 + 2) * RATE_HZ)
    level = np.interp(np.arange(n) / RATE_HZ, np.arange(seconds + 10), np.convolve(plan, np.ones(3) / 3, "same"))
    g = exercised(random, kind, level)
    unit = artefact(g, RATE_HZ, seed=seed, unseen=0.25)
    unit /= np.sqrt((unit[level > 0.05] ** 2).mean())  # the ratio holds during exercise
    g[:, 2] += 1
    beat_ms = np.array(beats)
    skin = Skin(perfusion_pct=float(random.choice([0.3, 1.0, 2.0])))
    return score(noisy(beat_ms, skin, seed, unit, snr_db), np.rint(g * 1000).astype(np.int64), beat_ms)


def exercised(random: np.random.Generator, kind: str, level: Floats) -> Floats:
    """Return acceleration in g, without gravity, at 100 Hz. level: how hard, 0 to 1, of each sample."""
    n = len(level)
    g = random.normal(0, 0.005, (n, 3))

    def band(f: Floats) -> Floats:
        return np.asarray(((f > 0.3) & (f < 8)) / np.sqrt(1 + (f / 2) ** 2), np.float64)

    if kind == "gym":
        for axis in range(3):
            bursts = np.clip(1 + wander(random, n, RATE_HZ, 0.1), 0.1, 3)
            g[:, axis] += 0.35 * shaped(random, n, RATE_HZ, band) * bursts * (level > 0)
        return g
    low, high, size = {"run": (2.2, 2.9, 0.6), "walk": (1.6, 2.05, 0.25), "bike": (1.0, 1.5, 0.06)}[kind]
    drift = 1 + 0.04 * wander(random, n, RATE_HZ, 0.01) + 0.015 * wander(random, n, RATE_HZ, 0.2)
    hz = random.uniform(low, high) * drift * (0.75 + 0.25 * level if kind == "run" else 0.93 + 0.07 * level)
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    for axis in range(3):
        sizes = random.uniform(0.3, 1, 4) * [0.7 * random.random(), 1, 0.6, 0.3]
        at = random.uniform(0, 2 * np.pi, 4)
        steps = sum(sizes[k] * np.sin(phase * (0.5, 1, 2, 3)[k] + at[k]) for k in range(4))
        g[:, axis] += size * np.sqrt(level) * (steps + 0.35 * shaped(random, n, RATE_HZ, band))
    return g


def clean(perfusion_pct: float, runs: list[tuple[str, Floats]], *, still: bool = True) -> Row:
    """still: the accelerometer says so; otherwise there is none."""
    rows = []
    for _, run in runs:
        counts = noisy(run, Skin(perfusion_pct=perfusion_pct), 7, None, 0)
        rows.append(score(counts, np.tile([0, 0, 1000], (len(counts), 1)) if still else None, run))
    return added_up(rows)


def in_movement(seconds: int, snr_db: float, runs: list[tuple[str, Floats]], users: int) -> Row:
    rows = []
    for i, user in enumerate(sorted((DATA / "mmash").glob("user_*"))[:users]):
        beat_ms = runs[i % len(runs)][1]
        beat_ms = beat_ms[beat_ms < 1000 * (seconds - 4)]
        mg, unit = moving_excerpt(user, seconds, i)
        counts = noisy(beat_ms, Skin(perfusion_pct=(0.3, 1.0, 2.0)[i % 3]), i, unit, snr_db)
        rows.append(score(counts, mg[: len(counts)], beat_ms))
    return added_up(rows)


def added_up(rows: list[Row]) -> Row:
    total = rows[0]
    for row in rows[1:]:
        total = total + row
    return total


def main(quick: bool) -> None:
    seconds = 300 if quick else 900
    runs = real_runs(seconds)
    long = [run for run in runs if run[1][-1] > 290_000]
    names = ("beats", "se", "ppv", "vouched", "right", "rms_ms", "hr_windows", "hr_median_bpm", "hr_within_5")
    print(f"{'':34}" + "".join(f"{name:>14}" for name in names), flush=True)
    result = {}

    def tell(label: str, row: Row) -> None:
        result[label] = figures = row.figures()
        cells = "".join(
            f"{figures[n]:14.0f}" if n == "beats" else f"{figures[n]:14.2f}" if "_bpm" in n or "_ms" in n else
            f"{figures[n]:14.2%}" for n in names
        )  # fmt: skip
        print(f"{label:34}{cells}", flush=True)

    for perfusion_pct in (0.1, 0.3, 1.0, 3.0):
        tell(f"clean, perfusion {perfusion_pct} %", clean(perfusion_pct, runs))
    tell("clean, no accelerometer", clean(1.0, runs, still=False))
    for snr_db in (20, 10, 5, 0, -5, -10):
        tell(f"mmash movement, {snr_db} dB", in_movement(seconds, snr_db, long, 3 if quick else 6))
    for kind in ("walk", "run", "bike", "gym"):
        for snr_db in (0, -8):
            cases = [exercise(kind, seed, snr_db) for seed in range(100, 102 if quick else 108)]
            tell(f"exercise {kind}, {snr_db} dB", added_up(cases))
    print(json.dumps(result))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
