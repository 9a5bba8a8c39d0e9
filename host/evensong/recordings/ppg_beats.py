"""Beats of a recorded waveform, by the very integers that the firmware finds them with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evensong.errors import InputError
from evensong.recordings.columns import Floats, Integers
from evensong.recordings.ppg_intake import (
    RATE_HZ,
    acceleration_at,
    by_knowledge,
    read_acceleration_mg,
    read_ppg,
    turned_over,
)
from evensong.recordings.repairs import Repairs
from evensong.whole_file import whole
from evensong_firmware.sense import breathing, posture
from evensong_firmware.sense import ppg as firmware

BeatDetector: Any = firmware.BeatDetector  # MicroPython's room is untyped
Breathing: Any = breathing.Breathing
Posture: Any = posture.Posture
POSTURES = {posture.LYING: "lying", posture.SITTING: "sitting", posture.UPRIGHT: "upright"}
VOUCHED: int = firmware.VOUCHED
BREATHS_EVERY_MS = 10_000
LEAST_BREATHING = 50  # quality of a breathing rate that counts
AFTER_S = 6  # of stillness behind the last sample, so that the last beats come out
TREMOR_MG = 60  # that stands in where movement is not known: beats must then speak for themselves
TRIAL_S = 600.0  # of signal that tells which side is up
CLEARLY = 1.2  # times more must be vouched for with the other side up


Part = tuple[float, Integers, Integers | None]  # t_s of the first sample, counts, mg if movement is known


@dataclass(frozen=True, slots=True)
class PpgBeats:
    """t_s (of the beat that ends the interval, on the file's clock), ibi_ms, quality: equally long. length_s: of signal
    looked at. breaths: a minute, each a measurement of half a minute. postures: seconds in each; empty without
    acceleration."""

    t_s: Floats
    ibi_ms: Integers
    quality: Integers
    length_s: float
    breaths: list[float]
    postures: Counter[str]


def beats_of(ppg: Path, rate_hz: float, accel: Path | None, repairs: Repairs) -> PpgBeats:
    """Return the beats of a table `t_s,ppg`, with what a table `t_s,x_g,y_g,z_g` says of movement.

    Raises:
        InputError: a table makes no sense, or the two do not overlap in time.
    """
    stretches, turned = read_ppg(ppg, rate_hz, repairs)
    moved = read_acceleration_mg(accel, repairs) if accel else []
    parts: list[Part] = []
    for start_s, counts in stretches:
        mg = acceleration_at(moved, start_s, len(counts))
        for part, known in by_knowledge(moved, start_s, len(counts)):
            parts.append((start_s + part.start / RATE_HZ, counts[part], mg[part] if known and mg is not None else None))
    known_share = sum(len(mg) for _, _, mg in parts if mg is not None) / sum(len(counts) for _, counts, _ in parts)
    if accel and not known_share:
        raise InputError(f"{accel} and {ppg} do not overlap in time: their t_s must be of one clock.")
    if known_share < 0.99:
        where = f"{accel.name} tells of {known_share:.0%} of the time; elsewhere" if accel else "Without --accel"
        repairs.append(f"{where} movement is not known: less is vouched for, and steps may pass for beats.")
    if not upright(parts):
        turned = not turned
        parts = [(start_s, turned_over(counts), mg) for start_s, counts, mg in parts]
    if turned:
        repairs.append(f"{ppg.name}: falls when blood comes, as raw counts do; turned over.")
    rows: list[tuple[float, int, int]] = []
    breaths: list[float] = []
    postures: Counter[str] = Counter()
    for start_s, counts, mg in parts:
        rows += [(start_s + ms / 1000, ibi, quality) for ms, ibi, quality in detect(counts, mg, breaths)]
        if mg is not None:
            postures += _postures(mg)
    table = np.array(rows, np.float64).reshape(-1, 3)
    return PpgBeats(
        table[:, 0],
        table[:, 1].astype(np.int64),
        table[:, 2].astype(np.int64),
        sum(len(counts) for _, counts in stretches) / RATE_HZ,
        breaths,
        postures,
    )


def upright(parts: list[Part]) -> bool:
    """Whether the right side of the light is up: the other one does not have clearly more vouched for.

    Upside down the pulse's long fall is taken for its rise, and resembles no pulse; `lean` alone is misled by movement.
    """
    vouched_ms = [0, 0]
    left = round(TRIAL_S * RATE_HZ)
    for _, counts, mg in parts:
        tried = counts[: max(0, left)]
        left -= len(tried)
        for side, wave in enumerate((tried, turned_over(tried))):
            beats = detect(wave, None if mg is None else mg[: len(tried)]) if len(tried) else []
            vouched_ms[side] += sum(ibi_ms for _, ibi_ms, quality in beats if quality >= VOUCHED)
    return vouched_ms[1] <= CLEARLY * vouched_ms[0]


def _postures(mg: Integers) -> Counter[str]:
    """Seconds in each posture that the forearm tells, x along it."""
    of = Posture()
    found: Counter[str] = Counter()
    for start in range(0, len(mg) - RATE_HZ + 1, RATE_HZ):
        of.add(*mg[start : start + RATE_HZ].mean(axis=0).round().astype(int).tolist())
        if of.state in POSTURES:
            found[POSTURES[of.state]] += 1
    return found


def detect(counts: Integers, mg: Integers | None, breaths: list[float] | None = None) -> list[tuple[int, int, int]]:
    """Return (ms after the first sample, ibi_ms, quality) of each interval between neighbouring beats.

    mg: shape (n, 3), or None where movement is not known. Then a tremor stands in for it, too fast to be steps or a
    heart, so that no beat is believed as at rest; without it, steps would be. Of clean ones it costs 1 or 2 in 100.
    breaths: gets a breathing rate per minute every ten seconds, where vouched beats and their heights tell one.
    """
    if not len(counts):
        return []
    breathing, due_ms = Breathing(), BREATHS_EVERY_MS
    detector = BeatDetector(RATE_HZ, follow_movement=mg is not None)
    found: list[tuple[int, int, int]] = []
    after = AFTER_S * RATE_HZ
    if mg is None:
        mg = np.zeros((len(counts), 3), np.int64)
        mg[:, 0] = np.where(np.arange(len(counts)) // 4 % 2, TREMOR_MG, -TREMOR_MG)
        mg[:, 2] = 1000
    moves, last = mg.tolist(), mg[-1].tolist()
    step_ms = 1000 // RATE_HZ
    end_ms = len(counts) * step_ms
    waves = counts.tolist()
    for i, (count, (x, y, z)) in enumerate(zip(waves + waves[-1:] * after, moves + [last] * after, strict=True)):
        if not detector.add(count, x, y, z):
            continue
        vouched = detector.quality >= VOUCHED
        breathing.add(detector.ibi_ms if vouched else 0, detector.rise)
        at_ms = i * step_ms - detector.ago_ms
        if at_ms >= end_ms:
            break
        if detector.ibi_ms:
            found.append((at_ms, detector.ibi_ms, detector.quality))
        if breaths is not None and at_ms >= due_ms:
            due_ms = at_ms + BREATHS_EVERY_MS
            if breathing.measure() and breathing.quality >= LEAST_BREATHING:
                breaths.append(breathing.rate_q4 / 16)
    return found


def write_beats(path: Path, beats: PpgBeats) -> None:
    """Write rows `t_s,ibi_ms,quality`, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    header = b"t_s,ibi_ms,quality\n"
    with whole(path, "table of beats", header) as file:
        file.write(header)
        for t_s, ibi_ms, quality in zip(beats.t_s, beats.ibi_ms.tolist(), beats.quality.tolist(), strict=True):
            file.write(f"{t_s:.3f},{ibi_ms},{quality}\n".encode())
