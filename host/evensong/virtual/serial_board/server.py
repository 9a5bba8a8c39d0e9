"""The board's serial line over TCP (RFC 2217, by pyserial), with a cable that can be pulled.

One client at a time. Pulling the cable takes line and power at once: the connection ends, the port is gone, whatever
the board was doing ends there; flash keeps what it had been given. `plug_in` brings the port back.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serial.rfc2217 import PortManager

from .board import Board
from .chips import Chip


class _Line:
    """What `PortManager` sets and asks of a serial port. Lines it does not have are off."""

    bytesize, parity, stopbits = 8, "N", 1
    xonxoff = rtscts = dsrdtr = break_condition = False
    cts = dsr = ri = cd = False

    def __init__(self, board: Board) -> None:
        self._board = board
        self._dtr = self._rts = False
        self._baudrate = 115_200

    @property
    def baudrate(self) -> int:
        return self._baudrate

    @baudrate.setter
    def baudrate(self, value: int) -> None:
        self._baudrate = value
        self._board.set_baud(value)

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._dtr = value
        self._board.set_lines(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._rts = value
        self._board.set_lines(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """There is none: what the board says is sent at once."""

    def reset_output_buffer(self) -> None:
        """Likewise."""


class SerialBoard:
    """A board, served in a thread of its own. Got from `served`.

    url: for pyserial and esptool. pulls: how often the cable was pulled. passed: bytes over the line so far, in both
    directions together. Touch `board` only with `lock`.
    """

    def __init__(self, chip: Chip, folder: Path, **environment: str) -> None:
        self.board = Board(chip, folder, self._say, **environment)
        self.lock = threading.RLock()
        self.pulls = 0
        self.passed = 0
        self._pull_after: int | None = None
        self._client: socket.socket | None = None
        self._manager: PortManager | None = None
        self._listener: socket.socket | None = None
        self._wake, self._waker = socket.socketpair()
        self._stopped = False
        with socket.create_server(("127.0.0.1", 0)) as found:
            self._port = found.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"rfc2217://127.0.0.1:{self._port}"

    @property
    def plugged_in(self) -> bool:
        return self._listener is not None

    def pull_after(self, transferred: int | None) -> None:
        """Pull the cable when so many more bytes have passed, in both directions together. None: never."""
        with self.lock:
            self._pull_after = transferred

    def plug_in(self) -> None:
        with self.lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self._port))
                self.board.power_on()
                self._waker.send(b"x")

    def pull(self) -> None:
        with self.lock:
            self.pulls += 1
            self._pull_after = None
            self.board.power_off()
            self._hang_up()
            if self._listener:
                self._listener.close()
                self._listener = None
            self._waker.send(b"x")

    def start(self) -> None:
        self.plug_in()
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._waker.send(b"x")
        self._thread.join(10)
        self.pull()
        self.board.flash.close()
        self._wake.close()
        self._waker.close()

    # --- in the thread ---

    def write(self, chunk: bytes) -> None:
        """To the client, as `PortManager` calls it."""
        if self._client is None:
            return
        try:
            self._client.sendall(chunk)
        except OSError:
            self._hang_up()

    def _say(self, chunk: bytes) -> None:
        if self._manager:
            self._count(len(chunk))
        if self._manager:  # the cable may have been pulled by this count
            self.write(b"".join(self._manager.escape(chunk)))

    def _count(self, transferred: int) -> None:
        self.passed += transferred
        if self._pull_after is not None:
            self._pull_after -= transferred
            if self._pull_after <= 0:
                self.pull()

    def _hang_up(self) -> None:
        if self._client:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()
        self._client = self._manager = None

    def _run(self) -> None:
        while not self._stopped:
            with self.lock:
                waiting: list[int | socket.socket] = [self._wake, *self.board.fds]
                waiting += [self._client] if self._client else []
                waiting += [self._listener] if self._listener and not self._client else []
            try:
                ready = select.select(waiting, [], [])[0]
            except (OSError, ValueError):
                continue  # something was closed meanwhile
            with self.lock:
                for each in ready:
                    self._serve(each)

    def _serve(self, ready: int | socket.socket) -> None:
        if ready is self._wake:
            self._wake.recv(100)
        elif isinstance(ready, int):
            self.board.readable(ready)
        elif ready is self._listener:
            self._client, _ = self._listener.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._manager = PortManager(_Line(self.board), self)  # type: ignore[arg-type]
        elif ready is self._client:
            self._hear()

    def _hear(self) -> None:
        assert self._client
        assert self._manager
        try:
            chunk = self._client.recv(4096)
        except OSError:
            chunk = b""
        if not chunk:
            self._hang_up()
            return
        heard = b"".join(self._manager.filter(chunk))[: self._pull_after]
        if heard:
            self.board.hear(heard)
            self._count(len(heard))


@contextmanager
def served(chip: Chip, folder: Path, **environment: str) -> Iterator[SerialBoard]:
    """A board that is plugged in, until the end of the block."""
    board = SerialBoard(chip, folder, **environment)
    board.start()
    try:
        yield board
    finally:
        board.stop()
