"""What the hub calls live is, to the bit, what the shipped student says on the wearable's interpreters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import BOOTS, night_frames
from golden import VECTORS, fingerprint, live_rows, samples_of
from interpreters import HERE, runner

from evensong.staging import Samples, gather
from evensong.staging.live import feed
from evensong.staging.student import shipped_student
from evensong.virtual.interpreters import Interpreter

SCRIPT = HERE / "on_device" / "live_rows.py"
Rows = list[list[int]]


class Calls:
    """Stands where the live stager would, and writes down what it is told."""

    def __init__(self) -> None:
        self.rates = self
        self.made: list[list[Any]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.made.append([name, *arguments])


def calls_of(samples: Samples) -> str:
    calls, epochs = Calls(), []
    for count_q8, worn in feed(calls, samples):  # type: ignore[arg-type]
        epochs.append([calls.made, count_q8, worn])
        calls.made = []
    return json.dumps(epochs)


def play(interpreter: Interpreter, samples: Samples, folder: Path) -> Rows:
    (folder / "calls.json").write_text(calls_of(samples))
    (folder / "student.evl").write_bytes(shipped_student().weights)
    return json.loads(runner(interpreter)(SCRIPT, str(folder / "calls.json"), str(folder / "student.evl")))


@pytest.mark.parametrize(
    "interpreter", ["cpython", "micropython", pytest.param("micropython-32", marks=pytest.mark.needs_micropython_32)]
)
def test_the_golden_night_and_one_without_a_button(interpreter: Interpreter, tmp_path: Path) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert vectors["student_sha256"] == shipped_student().sha256, "another student: run python tests/staging/golden.py"
    golden = samples_of(vectors["night"])
    assert fingerprint(play(interpreter, golden, tmp_path)) == vectors["live"]
    frames = [frame for frame in night_frames(0.5, 7, beats=True) if type(frame.body).__name__ != "Event"]
    found = gather(frames, BOOTS)
    rows = play(interpreter, found, tmp_path)
    assert rows == live_rows(found)
    assert len({row[0] for row in rows}) > 1
