"""MicroPython on the board: the control characters of its REPL, and the process that executes what is sent.

After MicroPython's documentation, "The MicroPython Interactive Interpreter Mode": Ctrl-A raw REPL, Ctrl-B friendly,
Ctrl-C interrupt, Ctrl-D execute or soft reset, Ctrl-E A Ctrl-A raw paste with its window. In the friendly REPL nothing
is evaluated: only machines talk to this board.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import tty
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from evensong.flashing.partitions import Partition

BOOT = Path(str(files("evensong.virtual"))) / "micropython" / "board" / "boot.py"
WINDOW = 128  # MICROPY_REPL_STDIN_BUFFER_MAX / 2
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5


class MicroPython:
    """One life between two hard resets. say: bytes to the host. environment: of the firmware's virtual board.

    fds: what to wait for; call `readable` for each. `ended` is True once a program reset the chip.
    """

    def __init__(
        self, flash: Path, files_in: Partition, environment: dict[str, str], say: Callable[[bytes], None]
    ) -> None:
        self._flash = flash
        self._files = files_in
        self._environment = environment
        self._say = say
        self._raw = False
        self._source: bytearray | None = None  # what a raw REPL has been sent so far; None: friendly
        self._pasted = -1  # bytes of a raw paste, -1: none is going on
        self._escape = b""
        self.ended = False
        self._line, slave = pty.openpty()  # the firmware's serial line, while it runs
        tty.setraw(slave)
        self._slave = slave
        self._start("main")

    def _start(self, mode: str) -> None:
        status, told = os.pipe()
        self._status = status
        self._up = self._busy = False
        self._interrupted = False
        self._mode = mode
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "BOARD_FLASH": str(self._flash),
            "BOARD_VFS_AT": str(self._files.offset),
            "BOARD_VFS_SIZE": str(self._files.size),
            "BOARD_MODE": mode,
            "BOARD_STATUS": f"/dev/fd/{told}",
            "EVENSONG_SERIAL": os.ttyname(self._slave),
            **self._environment,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "micropython_unix", str(BOOT)],
            env=environment,
            pass_fds=[told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(told)

    @property
    def fds(self) -> list[int]:
        assert self._process.stdout
        return [self._process.stdout.fileno(), self._status, self._line]

    def readable(self, fd: int) -> None:
        try:
            chunk = os.read(fd, 4096)
        except OSError:  # a line whose other end is closed
            chunk = b""
        if fd == self._line:
            self._say(chunk)
        elif fd == self._status:
            for byte in chunk:
                self._told(byte)
        elif chunk:
            self._say(chunk.replace(b"\n", b"\r\n"))
        else:
            self.ended = True

    def _say_the_rest(self) -> None:
        """What the process printed before it said that it waits; that came by another pipe."""
        assert self._process.stdout
        fd = self._process.stdout.fileno()
        while select.select([fd], [], [], 0)[0] and not self.ended:
            self.readable(fd)

    def _told(self, status: int) -> None:
        executed = self._up and self._busy and self._source is not None
        if status == ord("r"):
            self._say_the_rest()
        self._up = True
        self._busy = status == ord("b")
        if self._busy:
            if self._interrupted:
                self._process.send_signal(signal.SIGINT)
        elif self._source is None:
            self._say(b"\r\nMicroPython on a model of a board\r\n>>> ")
        elif self._mode == "raw":
            self._say(RAW_PROMPT)
            self._mode = ""
        elif executed:
            self._say(b"\x04>")
        self._interrupted = False

    def hear(self, chunk: bytes) -> None:
        """Bytes from the host."""
        if self._up and self._busy and self._source is None:
            os.write(self._line, chunk)
        for byte in chunk:
            if self._busy or not self._up:
                if byte == _CTRL_C:
                    self._interrupt()
            elif self._pasted >= 0:
                self._paste(byte)
            elif self._source is None:
                self._friendly(byte)
            else:
                self._raw_repl(byte)

    def _interrupt(self) -> None:
        if self._up:
            self._process.send_signal(signal.SIGINT)
        else:
            self._interrupted = True

    def _friendly(self, byte: int) -> None:
        if byte == _CTRL_A:
            self._source = bytearray()
            self._say(RAW_PROMPT)
        elif byte == _CTRL_D:
            self._soft_reset("main")
        elif byte == _CTRL_C:
            self._say(b"\r\n>>> ")

    def _raw_repl(self, byte: int) -> None:
        assert self._source is not None
        if self._escape:
            self._escape += bytes([byte])
            if len(self._escape) == 3:
                self._escape = b""
                self._pasted = 0
                self._say(b"R\x01" + WINDOW.to_bytes(2, "little") + b"\x01")
        elif byte == _CTRL_A:
            self._source.clear()
            self._say(RAW_PROMPT)
        elif byte == _CTRL_B:
            self._source = None
            self._say(b"\r\nMicroPython on a model of a board\r\n>>> ")
        elif byte == _CTRL_C:
            self._source.clear()
        elif byte == _CTRL_E and not self._source:
            self._escape = b"\x05"
        elif byte != _CTRL_D:
            self._source.append(byte)
        elif self._source:
            self._say(b"OK")
            self._execute()
        else:
            self._say(b"OK")
            self._soft_reset("raw")

    def _paste(self, byte: int) -> None:
        assert self._source is not None
        if byte == _CTRL_D:
            self._pasted = -1
            self._say(b"\x04")
            self._execute()
        elif byte == _CTRL_C:
            self._pasted = -1
            self._source.clear()
            self._say(RAW_PROMPT)
        else:
            self._source.append(byte)
            self._pasted += 1
            if self._pasted % WINDOW == 0:
                self._say(b"\x01")

    def _execute(self) -> None:
        assert self._source is not None
        assert self._process.stdin
        source = bytes(self._source)
        self._source.clear()
        self._busy = True
        self._process.stdin.write(b"%d\n" % len(source) + source)
        self._process.stdin.flush()

    def _soft_reset(self, mode: str) -> None:
        self._say(b"\r\nMPY: soft reboot\r\n")
        self._end_process()
        self._start(mode)

    def _end_process(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        os.close(self._status)

    def kill(self) -> None:
        """The power fails, or the chip is reset."""
        self._end_process()
        os.close(self._line)
        os.close(self._slave)
