"""Documents to send, with plausible nights in them; and a store in a file of its own."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evensong.nexus.store import Store
from evensong.record import (
    STAGED,
    Bounds,
    BoundSource,
    Kind,
    Ledger,
    Passport,
    SpanDocument,
    Stage,
    State,
    Steps,
    Summary,
)

MARCH_12_22H = 1_710_280_800_000
Build = Callable[..., SpanDocument]


def night(seed: int = 1, epochs: int = 960, **fields: Any) -> SpanDocument:
    """A night of 90-minute cycles, reproducible from its seed; `fields` replace those of the document."""
    rng = random.Random(seed)
    stages: list[Stage] = []
    while len(stages) < epochs:
        hour = len(stages) / 120
        if not stages:
            stage, length = Stage.WAKE, rng.randint(10, 40)
        else:
            deep, rem = max(0.45 - 0.1 * hour, 0.02), 0.05 + 0.04 * hour
            chances = {Stage.LIGHT: 0.5, Stage.DEEP: deep, Stage.REM: rem, Stage.WAKE: 0.1, Stage.UNKNOWN: 0.07}
            stage = rng.choices(list(chances), list(chances.values()))[0]
            length = rng.randint(2, 8) if stage in (Stage.WAKE, Stage.UNKNOWN) else rng.randint(8, 60)
        stages += [stage] * length
    stages = stages[:epochs]
    p, bpm, counts = [], [], []
    base = {Stage.WAKE: 66, Stage.LIGHT: 57, Stage.DEEP: 53, Stage.REM: 61, Stage.UNKNOWN: 60, Stage.NOT_NIGHT: 70}
    level = 66.0
    for i, stage in enumerate(stages):
        sure = 300 if stage not in STAGED else 560 + int(260 * abs(math.sin(i / 37))) + rng.randint(-60, 60)
        rest = 1000 - sure
        first = rest * rng.randint(30, 60) // 100
        second = (rest - first) // 2
        others = [first, second, rest - first - second]
        likeliest = STAGED.index(stage) if stage in STAGED else 1
        p.append((*others[:likeliest], sure, *others[likeliest:]))
        level += 0.12 * (base[stage] - level) + rng.gauss(0, 0.7)
        bpm.append(round(level, 1))
        moving = stage is Stage.WAKE or rng.random() < 0.06
        counts.append(round(rng.expovariate(1 / 60), 1) if moving else 0.0)
    samples = Steps(sampled=14_211, stored=14_211, transferred=14_211, staged=14_211)
    frames = Steps(sampled=402, stored=402, transferred=402, staged=402)
    plain: dict[str, Any] = {
        "document_id": uuid.UUID(int=seed),
        "device_id": "3fa91c0b77d2e410",
        "device_name": "evensong-3fa9",
        "hub_id": "00e1d2c3b4a59687",
        "kind": Kind.NIGHT,
        "state": State.FINAL,
        "revision": 1,
        "start_utc_ms": MARCH_12_22H,
        "end_utc_ms": MARCH_12_22H + epochs * 30_000,
        "uncertainty_ms": 40,
        "utc_offset_min": 60,
        "bounds": Bounds(start=BoundSource.WEARER, end=BoundSource.DETECTED),
        "first_epoch": 0,
        "stages": tuple(stages),
        "p": tuple(p),
        "heart_rate_bpm": tuple(bpm),
        "activity_count": tuple(counts),
        "ledger": Ledger(samples=samples, frames=frames, duplicates=3),
        "passport": Passport(
            model_sha256="5d41" * 16, stager_version="1", input_sha256="a3c0" * 16, hypnogram_sha256="be11" * 16
        ),
        "synthetic": False,
    }
    plain |= fields
    plain.setdefault("summary", Summary.of(plain["stages"]))
    return SpanDocument(**plain)


@pytest.fixture(scope="session")
def make() -> Build:
    return night


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "nexus.sqlite3") as opened:
        yield opened
