"""Small recordings for tests of staging: frames as a wearable would send them, without any file."""

from __future__ import annotations

import numpy as np

from evensong_wire.frames import EventCode
from evensong_wire.models import KIND_OF, Activity, Body, Event, Frame, Header, HeartRate, Ibi, WearChange

INCARNATION = b"test"
BOOTS = {(INCARNATION, 1): 0, (INCARNATION, 2): 39_990_000}


def frame(body: Body, time_ms: int, seq: int = 0, boot_id: int = 1) -> Frame:
    return Frame(Header(KIND_OF[type(body)], INCARNATION, boot_id, seq, time_ms), body, b"")


def night_frames(hours: float = 7.0, seed: int = 1, *, beats: bool = False, zero_ms: int = 600_000) -> list[Frame]:
    """A made-up night: heart rate that wanders, rare movement, recorded from ten minutes before lights-off at t = 0."""
    rng = np.random.default_rng(seed)
    end_ms = zero_ms + int(hours * 3_600_000)
    bodies: list[tuple[int, Body]] = [
        (zero_ms, Event(EventCode.TIME_ZERO, 0)),
        (zero_ms, Event(EventCode.LIGHTS_OFF, 0)),
    ]
    for start in range(0, end_ms, 600_000):
        level = 58 + 8 * np.sin(start / 1_700_000) + rng.normal()
        if beats:
            ibi = np.clip(60_000 / (level + 2 * rng.normal(size=650)), 400, 1500).astype(int)
            at = np.cumsum(ibi)
            keep = at < 600_000
            bodies.append((start, Ibi(tuple(at[keep].tolist()), tuple(ibi[keep].tolist()), (90,) * int(keep.sum()))))
        else:
            at = np.arange(0, 600_000, 5000)
            rate = np.clip(16 * (level + 2 * rng.normal(size=len(at))), 600, 3000).astype(int)
            bodies.append((start, HeartRate(tuple(at.tolist()), tuple(rate.tolist()))))
        counts = np.where(rng.random(20) < 0.1, rng.integers(0, 20_000, 20), 0)
        bodies.append((start, Activity(tuple(counts.tolist()))))
    bodies.append((end_ms, Event(EventCode.RISE, 0)))
    return [frame(body, time_ms, seq) for seq, (time_ms, body) in enumerate(bodies)]


def wear(state: int, time_ms: int, seq: int = 5000) -> Frame:
    from evensong_wire.frames import Wear

    return frame(WearChange(Wear(state)), time_ms, seq)
