"""`evensong wearable` with the real firmware, on MicroPython, in slots, behind a serial line and its key."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.flashing import bundle, layout
from evensong.hub.keyring import Keyring
from evensong.keys import WEARABLE_KEY_FILE, new_root, wearable_key_file

DEVICE_ID = bytes.fromhex("e5e700000000a0f2")


class Slotted:
    """A folder as `evensong flash` leaves it, and the process that `start` runs in it."""

    def __init__(self, folder: Path, line: str) -> None:
        self.folder = folder
        self._line = line
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "MICROPYPATH": ".frozen",
            "EVENSONG_SERIAL": self._line,
            "EVENSONG_DEVICE_ID": DEVICE_ID.hex(),
        }
        command = [sys.executable, "-m", "micropython_unix", "main.py"]
        self._process = subprocess.Popen(command, cwd=self.folder, env=environment)

    def ended(self) -> None:
        """Wait until it restarts, which is an end of the process here."""
        assert self._process
        assert self._process.wait(60) == 0

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def line() -> Iterator[str]:
    """One terminal, both ends of which are opened by name: a wearable's end is another pty, joined by a thread."""
    ends = [pty.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)
    joined = [subprocess.Popen(["cat"], stdin=ends[a][0], stdout=ends[b][0]) for a, b in ((0, 1), (1, 0))]
    yield ":".join(os.ttyname(slave) for _, slave in ends)
    for process in joined:
        process.kill()
        process.wait()
    for end in ends:
        for fd in end:
            os.close(fd)


@pytest.fixture
def wearable(tmp_path: Path, line: str) -> Iterator[Slotted]:
    folder = tmp_path / "wearable"
    for path, content in layout.compiled(None).files.items():
        (folder / "a" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "a" / path).write_bytes(content)
    (folder / "a" / "manifest").write_text(bundle.manifest_of(layout.compiled(None), "0.1.0"))
    (folder / "main.py").write_bytes(layout.STARTER.read_bytes())
    (folder / "slot").write_text("a")
    bundle.new_key(tmp_path / "signer")
    (folder / "update.pub").write_bytes(bundle.public_part(tmp_path / "signer"))
    root = new_root()
    (folder / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(root, DEVICE_ID))
    Keyring(tmp_path / "keyring.json").add(DEVICE_ID, root, "Mia")
    (tmp_path / "evensong.toml").write_text(f'[hub]\nkeyring = "{tmp_path}/keyring.json"\n')
    slotted = Slotted(folder, line.split(":")[1])
    slotted.start()
    yield slotted
    slotted.stop()


def test_a_wearable_is_looked_at_tested_set_and_updated(wearable: Slotted, line: str, tmp_path: Path) -> None:
    def evensong(*words: str) -> str:
        where = ["--at", line.split(":", maxsplit=1)[0], "--config", str(tmp_path / "evensong.toml")]
        done = CliRunner().invoke(app, ["wearable", *words, *where])
        assert done.exit_code == 0, f"{done.output}{done.exception!r}"
        return done.output

    assert "firmware  a 0.1.0 confirmed" in evensong("status")
    assert "ok      board: virtual e5e700000000a0f2" in evensong("selftest")
    evensong("set", "name=Ava")
    assert "Ava" in (wearable.folder / "evensong.json").read_text()

    newer = replace(layout.compiled(None), version="0.2.0")
    (tmp_path / "update").write_bytes(bundle.sign(newer, "0.2.0", None, tmp_path / "signer"))
    assert "starts with 0.2.0" in evensong("update", str(tmp_path / "update"))
    wearable.ended()
    assert (wearable.folder / "trial").read_text() == "b3"
    wearable.start()
    assert "Ava" in (said := evensong("status"))
    assert "firmware  b 0.2.0 trial" in said
    assert (wearable.folder / "trial").read_text() == "b2"
