"""MicroPython on the board, through its raw REPL, by mpremote's transport.

Files go over in pieces of a command each, as base64, under another name; they get their own when they are whole and
their hash is right. So a file on the board is the old one or the new one whenever the cable is pulled.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evensong.errors import EvensongError, Unavailable

from .port import Unplugged

BAUD = 115_200
PIECE_BYTES = 1536  # of a file in one command; with base64 and names 2 KB, which a wearable's heap can hold
ANSWER_LIMIT_S = 10
_BOOT_LIMIT_S = 20.0
_PROMPT = b">>> "
_NOTHING_TO_BOOT = b"invalid header: 0x"  # the ROM of an erased board, again and again
_TOO_SMALL = b"exceeds flash chip size"  # ESP-IDF's bootloader, of a partition

# On the board: _w writes a piece, _e ends a file.
_HELPERS = """
import os,sys,json,hashlib,binascii
def _w(p,at,s):
 if not at:
  d=''
  for n in p.split('/')[:-1]:
   d+=n
   try: os.mkdir(d)
   except OSError: pass
   d+='/'
 with open(p+'.new','ab' if at else 'wb') as f: f.write(binascii.a2b_base64(s))
def _h(p):
 h=hashlib.sha256()
 try:
  with open(p,'rb') as f:
   while 1:
    b=f.read(512)
    if not b: return binascii.hexlify(h.digest()).decode()
    h.update(b)
 except OSError: return ''
def _e(p,d):
 if _h(p+'.new')!=d: raise ValueError('damaged')
 os.rename(p+'.new',p)
"""


class NoMicroPython(Unavailable):
    """The board starts, but no MicroPython answers."""


class BoardFailed(EvensongError):
    """MicroPython answered, and what was asked of it failed."""


class BoardFull(BoardFailed):
    pass


class Repl:
    """The raw REPL of the board at this port, fresh after a soft reset, main.py not running. Got from `opened`."""

    def __init__(self, port: str, transport: Any) -> None:
        self._port = port
        self._transport = transport

    def run(self, source: str) -> str:
        """What it printed. Unplugged, or BoardFailed with the last line of what was raised."""
        with _troubles(self._port):
            printed, raised = self._transport.exec_raw(source, timeout=ANSWER_LIMIT_S)
        if raised:
            reason = raised.decode(errors="replace").strip().splitlines()[-1]
            if "ENOSPC" in reason or reason.strip() == "OSError: 28":
                raise BoardFull(f"The file system of the board at {self._port} is full: flash it with --erase.")
            raise BoardFailed(f"MicroPython on the board at {self._port} reports: {reason}.")
        return str(printed.decode(errors="replace"))

    def ask(self, expression: str) -> Any:
        """The value of an expression, by way of JSON."""
        return json.loads(self.run(f"print(json.dumps({expression}))"))

    def hashes(self, paths: list[str]) -> dict[str, str]:
        """SHA-256 of each file in hex; empty if there is none."""
        found: dict[str, str] = {}
        for at in range(0, len(paths), 16):
            found.update(self.ask(f"{{p:_h(p) for p in {paths[at : at + 16]!r}}}"))
        return found

    def put(self, files: Mapping[str, bytes], done: Callable[[int], None]) -> None:
        """Write files, in this order. done: bytes that went over, as they do."""
        batch: list[str] = []
        room = PIECE_BYTES
        bytes_in_batch = 0

        def flush() -> None:
            nonlocal room, bytes_in_batch
            if batch:
                self.run("\n".join(batch))
                done(bytes_in_batch)
            batch.clear()
            room, bytes_in_batch = PIECE_BYTES, 0

        for path, content in files.items():
            at = 0
            while True:
                piece = content[at : at + max(1, room)]
                batch.append(f"_w({path!r},{at},'{base64.b64encode(piece).decode()}')")
                room -= len(piece) + 60
                bytes_in_batch += len(piece)
                at += len(piece)
                if at >= len(content):
                    batch.append(f"_e({path!r},'{hashlib.sha256(content).hexdigest()}')")
                    break
                flush()
            if room <= 0:
                flush()
        flush()

    def restart(self) -> None:
        """Start main.py. By a command, because a USB port of MicroPython's own has no reset line and goes away as it
        obeys; and by the reset line. A line that is dead then is no trouble: whoever pulled it took the power too."""
        with contextlib.suppress(Unplugged), _troubles(self._port):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
            _hard_reset(self._transport.serial)


@contextlib.contextmanager
def opened(port: str) -> Iterator[Repl]:
    """The board, reset and interrupted before its firmware runs. NoMicroPython, Unplugged."""
    from mpremote.transport_serial import SerialTransport

    with _troubles(port):
        transport = SerialTransport(port, baudrate=BAUD, timeout=ANSWER_LIMIT_S)
    try:
        with _troubles(port):
            _hard_reset(transport.serial)
            heard = _interrupted(transport.serial)
            if _TOO_SMALL in heard:
                raise NoMicroPython(
                    f"The board at {port} has less flash than MicroPython, the firmware and the spool need, which is "
                    "4 MB: take another one."
                )
            if not heard.endswith(_PROMPT):
                raise NoMicroPython(
                    f"The board at {port} starts, but no MicroPython answers: press its RESET button and repeat the "
                    "command; if that does not help, flash it with --erase."
                )
            transport.enter_raw_repl(soft_reset=True)
            repl = Repl(port, transport)
            repl.run(_HELPERS)
        yield repl
    finally:
        socket = getattr(
            transport.serial, "_socket", None
        )  # of rfc2217://, which pyserial forgets to close if it is dead
        with contextlib.suppress(Exception):  # what there was to say of a dead line has been said
            transport.close()
        if socket is not None:
            socket.close()


def _hard_reset(line: Any) -> None:
    line.dtr = False
    line.rts = True
    time.sleep(0.1)
    line.rts = False


def _interrupted(line: Any) -> bytes:
    """Ctrl-C while the board starts, so that no firmware takes over the line. What was heard last: the prompt, or why
    there is none."""
    heard = b""
    deadline_s = time.monotonic() + _BOOT_LIMIT_S
    while time.monotonic() < deadline_s:
        line.write(b"\x03")
        time.sleep(0.1)
        if waiting := line.in_waiting:
            heard = (heard + line.read(waiting))[-200:]
        if heard.endswith(_PROMPT) or _NOTHING_TO_BOOT in heard or _TOO_SMALL in heard:
            break
    return heard


@contextlib.contextmanager
def _troubles(port: str) -> Iterator[None]:
    """What pyserial and mpremote raise about a line that went dead, as Unplugged. mpremote prints; that is dropped."""
    from mpremote.transport import TransportError

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except (OSError, TransportError, struct.error, IndexError) as error:
        raise Unplugged(port) from error
