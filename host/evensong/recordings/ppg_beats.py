"""Beats of a recorded waveform, by the very integers that the firmware finds them with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evensong.errors import InputError
from evensong.recordings.columns import Floats, Integers
from evensong.recordings.ppg_intake import RATE_HZ, acceleration_at, read_acceleration_mg, read_ppg
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
STILL_MG = (0, 0, 1000)


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
    stretches = read_ppg(ppg, rate_hz, repairs)
    moved = read_acceleration_mg(accel, repairs) if accel else []
    rows: list[tuple[float, int, int]] = []
    breaths: list[float] = []
    postures: Counter[str] = Counter()
    seen = False
    for start_s, counts in stretches:
        mg = acceleration_at(moved, start_s, len(counts)) if moved else None
        rows += [(start_s + ms / 1000, ibi, quality) for ms, ibi, quality in detect(counts, mg, breaths)]
        if mg is not None:
            seen = True
            postures += _postures(mg)
    if moved and not seen:
        raise InputError(f"{accel} and {ppg} do not overlap in time: their t_s must be of one clock.")
    table = np.array(rows, np.float64).reshape(-1, 3)
    return PpgBeats(
        table[:, 0],
        table[:, 1].astype(np.int64),
        table[:, 2].astype(np.int64),
        sum(len(counts) for _, counts in stretches) / RATE_HZ,
        breaths,
        postures,
    )


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

    breaths: gets a breathing rate per minute every ten seconds, where vouched beats and their heights tell one.
    """
    breathing, due_ms = Breathing(), BREATHS_EVERY_MS
    detector = BeatDetector(RATE_HZ, follow_movement=mg is not None)
    found: list[tuple[int, int, int]] = []
    last = mg[-1].tolist() if mg is not None else STILL_MG
    moves = mg.tolist() if mg is not None else [STILL_MG] * len(counts)
    after = AFTER_S * RATE_HZ
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
