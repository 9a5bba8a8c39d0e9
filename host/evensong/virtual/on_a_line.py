"""A virtual wearable in real time at a serial line, for those who have no board: what `evensong wearable` talks to.

`python -m evensong.virtual.on_a_line FOLDER` makes the folder what `evensong flash` leaves on a board (firmware in a
slot, a key, the public half of a key for updates), with the keyring and the settings of the computer that flashed it
beside it, and runs the firmware there on MicroPython, again after each restart, until Ctrl-C. The board is the virtual
one, without a tape: it answers, and measures nothing. Docs: docs/flashing.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

from evensong.errors import EvensongError
from evensong.flashing import bundle, layout
from evensong.hub.keyring import Keyring
from evensong.keys import WEARABLE_KEY_FILE, new_root, wearable_key_file

from .interpreters import command_of

DEVICE_ID = bytes.fromhex("e5e700000000a0f2")
SETTINGS, KEYRING, JOURNAL, SIGNER, ROOT = "evensong.toml", "keyring.json", "journal.sqlite3", "updates.key", "wearable"


class OnALine:
    """folder: holds the wearable's file system, `wearable`, and what its owner has. ports: the two ends of the line,
    the computer's and the wearable's."""

    def __init__(self, folder: Path, ports: tuple[str, str]) -> None:
        self.root = folder / ROOT
        self.settings = folder / SETTINGS
        self.signer = folder / SIGNER
        self.port, self._own_port = ports
        self._process: subprocess.Popen[bytes] | None = None
        if not self.root.exists():
            self._flash(folder)

    def _flash(self, folder: Path) -> None:
        firmware = layout.compiled(None)
        for path, content in firmware.files.items():
            (self.root / "a" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / "a" / path).write_bytes(content)
        (self.root / "a" / "manifest").write_text(bundle.manifest_of(firmware, firmware.version))
        (self.root / "main.py").write_bytes(layout.STARTER.read_bytes())
        (self.root / "slot").write_text("a")
        bundle.new_key(self.signer)
        (self.root / "update.pub").write_bytes(bundle.public_part(self.signer))
        secret = new_root()
        (self.root / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(secret, DEVICE_ID))
        Keyring(folder / KEYRING).add(DEVICE_ID, secret, "Mia")
        keyring, journal = (json.dumps(str((folder / name).resolve())) for name in (KEYRING, JOURNAL))
        self.settings.write_text(f"[hub]\nkeyring = {keyring}\njournal = {journal}\n")

    def start(self) -> None:
        """Power on."""
        environment = {
            "PATH": os.environ["PATH"],
            "MICROPYPATH": ".frozen",
            "EVENSONG_SERIAL": self._own_port,
            "EVENSONG_DEVICE_ID": DEVICE_ID.hex(),
        }
        command = [*command_of("micropython"), "main.py"]
        self._process = subprocess.Popen(command, cwd=self.root, env=environment)

    def ended(self, limit_s: float | None = None) -> int:
        """Wait until it restarts, which is an end of the process here: 0. Anything else is a failure."""
        assert self._process
        return self._process.wait(limit_s)

    def stop(self) -> None:
        """Power off."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def line() -> Iterator[tuple[str, str]]:
    """The names of a serial line's two ends, which are a terminal each, joined by two processes."""
    ends = [pty.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)
    joined = [subprocess.Popen(["cat"], stdin=ends[a][0], stdout=ends[b][0]) for a, b in ((0, 1), (1, 0))]
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        for process in joined:
            process.kill()
            process.wait()
        for end in ends:
            for fd in end:
                os.close(fd)


def main(folder: Path) -> None:
    """Run one until it fails or Ctrl-C."""
    with line() as ports, contextlib.suppress(KeyboardInterrupt):
        wearable = OnALine(folder, ports)
        print(f"A virtual wearable is at {wearable.port} until Ctrl-C. In another terminal:\n")
        print(f"    evensong wearable status --at {wearable.port} --config {wearable.settings}\n", flush=True)
        try:
            status = 0
            while status == 0:
                wearable.start()
                status = wearable.ended()
            sys.exit(f"The firmware ended with status {status}.")
        finally:
            wearable.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say where it keeps its files: python -m evensong.virtual.on_a_line FOLDER")
    try:
        main(Path(sys.argv[1]))
    except EvensongError as error:
        sys.exit(f"evensong: {error.message}")
