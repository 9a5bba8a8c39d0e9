"""Wearables on a serial line or USB; the only place that knows pyserial.

The line carries the same byte stream as BLE. Reading is event driven: the file descriptor is given to the event loop,
so an idle line costs nothing. POSIX only, like the hub.
"""

from __future__ import annotations

import asyncio
import errno
import os
import termios
from contextlib import suppress
from dataclasses import dataclass

import serial
from serial.tools import list_ports as _list_ports

from evensong.errors import Unavailable

from .port import Inbox, LinkLost

BAUD = 115_200  # of a UART; a USB port and a pty ignore it
READ_BYTES = 65_536
PORT_RETRY_S = 30.0


class NoSerialPort(Unavailable):
    """The port named in the settings cannot be opened now."""


@dataclass(frozen=True, slots=True)
class UsbPort:
    """vendor: USB vendor id, None for a port that is not on USB. product: what the device calls itself."""

    path: str
    vendor: int | None
    product: str | None


def usb_ports() -> list[UsbPort]:
    """The serial ports that this computer has."""
    found = [UsbPort(port.device, port.vid, port.product) for port in _list_ports.comports()]
    return sorted(found, key=lambda port: port.path)


def list_ports() -> list[str]:
    """Their paths."""
    return [port.path for port in usb_ports()]


def check(port: str) -> None:
    """Open it for this process alone, and let go. port: a path, or an address such as rfc2217://host:4000.

    NoSerialPort says in a sentence why it cannot be opened.
    """
    try:
        serial.serial_for_url(port, BAUD, timeout=0, exclusive=True).close()
    except (OSError, ValueError) as error:
        raise NoSerialPort(_why(port, error), PORT_RETRY_S) from error


class SerialPort:
    """A `Port`. Got from `open`."""

    def __init__(self, line: serial.Serial, address: str) -> None:
        self.address = address
        self._line = line
        self._inbox = Inbox()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._loop.add_reader(line.fileno(), self._readable)

    @classmethod
    def open(cls, path: str) -> SerialPort:
        """Open for this process alone. NoSerialPort says in a sentence why it cannot be."""
        try:
            line = serial.Serial(path, BAUD, timeout=0, write_timeout=0, exclusive=True)
        except OSError as error:
            raise NoSerialPort(_why(path, error), PORT_RETRY_S) from error
        return cls(line, path)

    def _readable(self) -> None:
        try:
            chunk = self._line.read(READ_BYTES)
        except OSError as error:
            self._lose(f"The serial line {self.address} was lost: {error}.")
            return
        if chunk:
            self._inbox.put(chunk)
        else:
            self._lose(f"The serial line {self.address} was closed.")

    def _lose(self, reason: str) -> None:
        self._loop.remove_reader(self._line.fileno())
        self._inbox.lose(reason)

    async def send(self, stream: bytes) -> None:
        left = memoryview(stream)
        while left:
            if self._inbox.lost:
                raise LinkLost(self._inbox.lost)
            try:
                written = os.write(self._line.fileno(), left)  # pyserial would spin while the line's buffer is full
            except BlockingIOError:
                written = 0
            except OSError as error:
                raise LinkLost(f"The serial line {self.address} was lost: {error}.") from error
            left = left[written:]
            if left:
                await self._writable()

    async def _writable(self) -> None:
        room = self._loop.create_future()
        fd = self._line.fileno()
        self._loop.add_writer(fd, lambda: None if room.done() else room.set_result(None))
        try:
            await room
        finally:
            self._loop.remove_writer(fd)

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if not self._inbox.lost:
            self._lose("This hub closed the line.")
        with suppress(OSError, termios.error):
            self._line.reset_output_buffer()  # or closing would wait until a dead device has read it
        with suppress(OSError, termios.error):
            self._line.close()


def _why(path: str, error: OSError | ValueError) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT:
            return f"There is no serial port {path}: plug the wearable in, or name another port."
        case errno.EACCES | errno.EPERM:
            return f"This user may not open {path}: add it to the group `dialout` and log in again."
        case errno.EBUSY | errno.EAGAIN:
            return f"Another program uses {path}: close it (a serial monitor, perhaps)."
    return f"The serial port {path} cannot be opened: {error}."
