"""The same integers at every stage from NumPy, from the plain specification, and on every interpreter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import BOOTS, INCARNATION, frame, night_frames
from golden import STAGES, VECTORS, by_numpy, fingerprint, samples_of

from evensong.cli.bench_staging import InFloats, as_document, on_micropython, same_bits
from evensong.staging import gather, shipped, stage
from evensong.staging.plain import answer as plain
from evensong.training import corpus

Night = dict[str, Any]


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    return json.loads(VECTORS.read_text(encoding="utf-8"))


def on_cpython(night: Night) -> dict[str, Any]:
    return plain.answer(night, plain.model_from(shipped().to_bytes().decode()))


@pytest.fixture(
    params=["numpy", "cpython", "micropython", pytest.param("micropython-32", marks=pytest.mark.needs_micropython_32)]
)
def answer(request: pytest.FixtureRequest) -> Callable[[Night], dict[str, Any]]:
    return {
        "numpy": lambda night: by_numpy(samples_of(night)),
        "cpython": on_cpython,
        "micropython": lambda night: on_micropython(night, "micropython"),
        "micropython-32": lambda night: on_micropython(night, "micropython-32"),
    }[request.param]


def test_every_stage_gives_the_golden_integers(
    answer: Callable[[Night], dict[str, Any]], vectors: dict[str, Any]
) -> None:
    assert vectors["model_sha256"] == shipped().sha256, "another model: run python tests/staging/golden.py"
    stages = answer(vectors["night"])
    for name in STAGES:
        assert fingerprint(stages[name]) == vectors["stages"][name], name


def test_the_golden_night_has_what_is_hard(vectors: dict[str, Any]) -> None:
    night = by_numpy(samples_of(vectors["night"]))
    assert vectors["night"]["beats"]
    assert vectors["night"]["heart_rate"]
    assert any(None in bins for bins in night["hr"])
    assert [None] in night["count"]
    assert len({row[0] for row in night["stage"]}) > 1


@pytest.mark.parametrize("beats", [False, True])
def test_two_nights_in_plain_integers(beats: bool) -> None:
    first, second = (night_frames(1.1, seed, beats=beats, zero_ms=z) for seed, z in ((3, 600_000), (4, 0)))
    moved = [frame(f.body, f.header.time_ms, f.header.seq, boot_id=2) for f in second[1:]]
    samples = gather(first + moved, {(INCARNATION, 1): 0, (INCARNATION, 2): 5_400_000})
    document = as_document(samples)
    assert len(document["nights"]) == 2
    assert same_bits(stage(samples), on_cpython(document))


@pytest.mark.needs_data
def test_a_real_night_in_plain_integers(data_dir: Path) -> None:
    night = corpus._night(data_dir / "sleep-accel", "1066528", is_sleep_accel=True)  # gaps, times that run backwards
    assert same_bits(stage(night.samples), on_cpython(as_document(night.samples)))


def test_floats_of_the_same_network_say_nearly_the_same() -> None:
    samples = gather(night_frames(3.0), BOOTS)
    model = shipped()
    integers = stage(samples, model=model).p
    floats = stage(samples, model=InFloats(model.arrays, model.facts)).p
    assert np.abs(integers - floats).max() < 300  # of 10000
    assert np.abs(integers - floats).mean() < 30
