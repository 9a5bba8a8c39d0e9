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

from evensong.keys import WEARABLE_KEY_FILE, wearable_key_file
from evensong_wire.channel import Channel
from evensong_wire.codec import encode
from evensong_wire.frames import CommandCode
from evensong_wire.models import (
    KIND_OF,
    Body,
    Challenge,
    Command,
    Frame,
    Header,
    Hello,
    HubHello,
    Reply,
    ResumeFrom,
    Status,
    TimeRequest,
)
from evensong_wire.sealing import first_key
from evensong_wire.stream import Stream

PATIENCE_S = 60
ROOT = b"the secret on the label of this."


def test_a_conversation_over_a_serial_line(tmp_path: Path) -> None:
    (tmp_path / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(ROOT, bytes(7) + b"\1"))
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
            os.write(ours, b"noise")
            line.meet()
            assert isinstance(line.next().body, TimeRequest)
            line.say(ResumeFrom(1, 0))
            line.say(Command(5, CommandCode.FLUSH, b""))
            said = [line.next().body for _ in range(4)]
            assert Reply(5, 0, b"") in said
            assert isinstance(said[-1], Status)
            assert said[-1].sampled == 1
            line.meet()  # another hub may come
        finally:
            fw.kill()
    os.close(ours)
    os.close(theirs)


class Line:
    """A hub's end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._frames: list[Frame] = []

    def meet(self) -> None:
        self._channel = Channel(bytes(8), os.urandom)
        self._stream = Stream(self._channel.unseal)
        self.say(HubHello(bytes(8), 0))
        challenge = self.next().body
        assert isinstance(challenge, Challenge)
        proof, _ = self._channel.prove(challenge, first_key(ROOT, challenge.device_id), by_label=False)
        os.write(self._fd, word(proof))
        hello = self.next()
        assert isinstance(hello.body, Hello)
        assert hello.sealed

    def say(self, body: Body) -> None:
        raw = encode(Header(KIND_OF[type(body)], bytes(4), 0, 0, 0), body)
        os.write(self._fd, self._channel.pack(raw))

    def next(self) -> Frame:
        while not self._frames:
            assert select.select([self._fd], [], [], PATIENCE_S)[0], "the firmware is silent"
            self._frames += self._stream.feed(os.read(self._fd, 4096))
        return self._frames.pop(0)
