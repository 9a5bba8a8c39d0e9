"""What a beat's quality weighs: `python tests/benchmarks/odds.py [scenes, 40]` fits the weights of `sense/vouch.py` for
beats that the tempo guides, by logistic regression, and says what they and those in the file are worth on other seeds.

A beat counts as right if it and the beat before lie within 50 ms of two neighbouring true ones. Fitted on drawn scenes
of exercise (`scenes.drawn`, seeds from 0), on recordings of `exercise.py` (seeds 300 to 302) and on slpdb's beats under
mmash's movement at 8 to -5 dB (EVENSONG_DATA); told on scenes from 1000, seeds 400 to 402, and the same movement under
others' beats. All waveforms are synthetic. In the file, 1/16 of a unit is 1/160 of log odds, after 4 to 1 is taken off;
`_SURE` there is 64 more than what comes out here, because beats are averaged over those before them.
"""

from __future__ import annotations

import sys
from typing import Any

import beats as bench
import exercise as made_up
import numpy as np
import numpy.typing as npt
import scenes

from evensong.recordings import ppg_intake
from evensong.recordings.ppg_beats import RATE_HZ, VOUCHED
from evensong.recordings.signal_csv import Stretch
from evensong_firmware.sense import ppg as detector
from evensong_firmware.sense import vouch

Floats = npt.NDArray[np.float64]
FEATURES = ("alike", "told", "unrest", "off", "sure", "motion", "alikes", "unrests")
UNITS = (2560,) * 6 + (160,) * 2  # of a weight in one of log odds; the last two features come in sixteenths
Voucher: Any = vouch.Voucher


class Listening(Voucher):  # type: ignore[misc]
    """A voucher that keeps what it was asked, where a tempo guided."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: tuple[float, ...] | None = None

    def quality(self, path: Any, ibi_ms: int, moving: int, tempo: Any, sure: int) -> int:
        before_ms = self._ibi_ms
        worth: int = super().quality(path, ibi_ms, moving, tempo, sure)
        self.asked = None
        if moving and sure:
            k, p = path.beat, path.before
            told = [path.gap[slot] == path.TOLD for slot in (k, p)]
            known = [path.alike[slot] for slot, only_told in zip((k, p), told, strict=True) if not only_told]
            unrest = vouch.change(ibi_ms, before_ms, 60) if before_ms else 10
            off = vouch.change(ibi_ms, tempo.period_ms, 30)
            motion = min(400, max(path.motion[k], path.motion[p]))
            averages = self._alike_q4 / 16, self._unrest_q4 / 16
            self.asked = (min(known, default=60), sum(told), unrest, off, tempo.sure, motion, *averages)
        return worth


def asked(counts: npt.NDArray[np.int64], mg: npt.NDArray[np.int64], beat_ms: Floats) -> Floats:
    """Return a row per guided beat: its features, its quality, and whether it is right. beat_ms: after the first
    sample, when the detector should find them."""
    beats: Any = detector.BeatDetector(RATE_HZ, follow_movement=True)
    beats._voucher = listening = Listening()
    rows = []
    for i, (count, (x, y, z)) in enumerate(zip(counts.tolist(), mg.tolist(), strict=True)):
        if beats.add(count, x, y, z) and beats.ibi_ms and listening.asked:
            at_ms = i * 1000 // RATE_HZ - beats.ago_ms - bench.LAG_MS
            here, there = (int(np.abs(beat_ms - t).argmin()) for t in (at_ms, at_ms - beats.ibi_ms))
            near = abs(beat_ms[here] - at_ms) <= 50 and abs(beat_ms[there] - at_ms + beats.ibi_ms) <= 50
            rows.append((*listening.asked, beats.quality, near and here == there + 1))
    return np.array(rows, np.float64).reshape(-1, len(FEATURES) + 2)


def gathered(first_scene: int, count: int, first_recording: int, turn: int) -> Floats:
    """Return the rows of all sources. turn: by how many beats and movements are shifted against each other."""
    rows = []
    played = [(*scenes.play(scenes.drawn(i), i), scenes.drawn(i)) for i in range(first_scene, first_scene + count)]
    made = [
        (*made_up.recording(kind, style, first_recording + i), scenes.RUN)
        for kind, style in made_up.ROWS
        for i in range(3)
    ]
    for t_s, light, g, beat_ms, scene in played + made:
        start_s, counts = ppg_intake.counts_of([Stretch(t_s, light[:, None])])[0][0]
        mg = ppg_intake.acceleration_at([Stretch(t_s, 1000 * g)], start_s, len(counts))
        if mg is not None:
            rows.append(asked(counts, mg, beat_ms + scenes.latest_steepest_ms(scene) - 1000 * start_s))
    runs = [beat_ms for _, beat_ms in bench.real_runs(300) if beat_ms[-1] > 290_000]
    for i, user in enumerate(sorted((bench.DATA / "mmash").glob("user_*"))):
        mg, unit = bench.moving_excerpt(user, 300, i)
        beat_ms = runs[(i + turn) % len(runs)]
        beat_ms = beat_ms[beat_ms < 296_000]
        for snr_db in (8, 3, 0, -5):
            skin = bench.Skin(perfusion_pct=(0.3, 1.0, 2.0)[i % 3])
            counts = (1 << 18) - 1 - bench.noisy(beat_ms, skin, i + turn, unit, snr_db)
            rows.append(asked(counts, mg[: len(counts)], beat_ms))
    return np.concatenate(rows)


def fitted(features: Floats, right: Floats) -> tuple[float, Floats]:
    """Return intercept and weights of a logistic regression, by Newton's method with a little ridge."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    design = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    weights = np.zeros(design.shape[1])
    ridge = np.eye(len(weights))
    ridge[0, 0] = 0
    for _ in range(30):
        odds = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (odds * (1 - odds))[:, None]).T @ design + ridge
        weights += np.linalg.solve(curvature, design.T @ (right - odds) - ridge @ weights)
    slopes: Floats = weights[1:] / spread
    return float(weights[0] - slopes @ mean), slopes


def main(count: int) -> None:
    """Fit, and tell."""
    learnt, other = gathered(0, count, 300, 0), gathered(1000, count, 400, 5)
    n = len(FEATURES)
    intercept, slopes = fitted(learnt[:, :n], learnt[:, n + 1])
    weights = {name: round(slope * unit) for name, slope, unit in zip(FEATURES, slopes.tolist(), UNITS, strict=True)}
    print(f"{len(learnt):,} beats: intercept {round((intercept - np.log(4)) * 160)}, {weights}")
    for name, rows in (("same", learnt), ("other", other)):
        log_odds = intercept + rows[:, :n] @ slopes
        for rule, vouched in (("fitted", log_odds > np.log(4)), ("in the file", rows[:, n] >= VOUCHED)):
            share, right = vouched.mean(), rows[vouched, n + 1].mean()
            print(f"{name} seeds, {len(rows):,} beats, {rule}: {share:.1%} vouched for, {right:.1%} of these right")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
