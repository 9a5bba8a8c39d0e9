"""`evensong wearable` with the real firmware, on MicroPython, in slots, behind a serial line and its key."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.flashing import bundle, layout
from evensong.virtual.on_a_line import DEVICE_ID, OnALine, line


@pytest.fixture
def wearable(tmp_path: Path) -> Iterator[OnALine]:
    with line() as ports:
        wearable = OnALine(tmp_path, ports)
        wearable.start()
        yield wearable
        wearable.stop()


def test_a_wearable_is_looked_at_tested_set_and_updated(wearable: OnALine, tmp_path: Path) -> None:
    def evensong(*words: str) -> str:
        where = ["--at", wearable.port, "--config", str(wearable.settings)]
        done = CliRunner().invoke(app, ["wearable", *words, *where])
        assert done.exit_code == 0, f"{done.output}{done.exception!r}"
        return done.output

    assert "firmware  a 0.1.0 confirmed" in evensong("status")
    assert "ok      board: virtual e5e700000000a0f2" in evensong("selftest")
    evensong("set", "name=Ava")
    assert "Ava" in (wearable.root / "evensong.json").read_text()

    newer = replace(layout.compiled(None), version="0.2.0")
    (tmp_path / "update").write_bytes(bundle.sign(newer, "0.2.0", None, wearable.signer))
    assert "starts with 0.2.0" in evensong("update", str(tmp_path / "update"))
    assert wearable.ended(60) == 0
    assert (wearable.root / "trial").read_text() == "b3"
    wearable.start()
    assert "Ava" in (said := evensong("status"))
    assert "firmware  b 0.2.0 trial" in said
    assert (wearable.root / "trial").read_text() == "b2"


def test_who_has_no_board_starts_a_virtual_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evensong.virtual.on_a_line", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(3)]
        assert "until Ctrl-C" in said[0]
        words = said[2].split()
        assert words[:3] == ["evensong", "wearable", "status"]
        done = CliRunner().invoke(app, words[1:])
        process.send_signal(signal.SIGINT)
        assert done.exit_code == 0, done.output
        assert DEVICE_ID.hex() in done.output
        assert process.wait(60) == 0
