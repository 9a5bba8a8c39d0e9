"""The firmware on a serial line: real MicroPython, a pseudo terminal, real time (which nothing here waits for)."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import tty
from pathlib import Path

from interpreters import FIRMWARE
from rig import word

from evensong_wire.frames import CommandCode
from evensong_wire.models import Command, Frame, Hello, HubHello, Reply, ResumeFrom, Status, TimeRequest
from evensong_wire.stream import Stream

PATIENCE_S = 60


def test_a_conversation_over_a_serial_line(tmp_path: Path) -> None:
    (tmp_path / "tape").write_bytes(struct.pack("<IBBH", 0, 4, 1, 0))
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    environment = {
        "MICROPYPATH": f"{FIRMWARE}:.frozen",
        "EVENSONG_HOME": str(tmp_path),
        "EVENSONG_TAPE": str(tmp_path / "tape"),
        "EVENSONG_SERIAL": os.ttyname(theirs),
    }
    command = [sys.executable, "-m", "micropython_unix", str(FIRMWARE / "main.py")]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as fw:
        try:
            line = Line(ours)
            os.write(ours, b"noise" + word(HubHello(bytes(8), 0)))
            assert isinstance(line.next().body, Hello)
            assert isinstance(line.next().body, TimeRequest)
            os.write(ours, word(ResumeFrom(1, 0)) + word(Command(5, CommandCode.FLUSH, b"")))
            said = [line.next().body for _ in range(4)]
            assert Reply(5, 0, b"") in said
            assert isinstance(said[-1], Status)
            assert said[-1].sampled == 1
            os.write(ours, word(HubHello(bytes(8), 0)))
            assert isinstance(line.next().body, Hello), "another hub may come"
        finally:
            fw.kill()
    os.close(ours)
    os.close(theirs)


class Line:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._stream = Stream()
        self._frames: list[Frame] = []

    def next(self) -> Frame:
        while not self._frames:
            assert select.select([self._fd], [], [], PATIENCE_S)[0], "the firmware is silent"
            self._frames += self._stream.feed(os.read(self._fd, 4096))
        return self._frames.pop(0)
