"""Which serial port the board is on, and what is wrong with it, each in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from evensong.errors import Unavailable
from evensong.hub.link.serial import UsbPort, check

ESPRESSIF = 0x303A  # USB vendor ids, from usb.org's list
BRIDGES = {
    0x10C4: "CP210x",  # Silicon Labs
    0x1A86: "CH340",  # WCH
    0x0403: "FTDI",
    ESPRESSIF: "Espressif",
}


class NoBoard(Unavailable):
    """There is no port, too many of them, or none that can be used."""


class Unplugged(Unavailable):
    """The line went dead in the middle: a cable was pulled, or the board lost its power."""

    def __init__(self, port: str) -> None:
        super().__init__(
            f"The board at {port} went away: plug it in again and repeat the command; it goes on from there."
        )


def choose(ports: Sequence[UsbPort]) -> str:
    """The one port that may be a board. NoBoard if there is none, or more than one."""
    likely = [port for port in ports if port.vendor in BRIDGES]
    if len(likely) == 1:
        return likely[0].path
    if not likely:
        if ports:
            others = ", ".join(port.path for port in ports)
            raise NoBoard(f"No port looks like an ESP32 board: name it with --port if it is one of {others}.")
        raise NoBoard(
            "No serial port was found: plug the board in with a cable that carries data, not only power, or name its "
            "port with --port."
        )
    listed = ", ".join(f"{port.path} ({port.product or BRIDGES[port.vendor or 0]})" for port in likely)
    raise NoBoard(f"{len(likely)} boards are plugged in: say which with --port: {listed}.")


def check_usable(port: str) -> None:
    """Raises NoSerialPort, with what is wrong, if the port cannot be opened by this user now."""
    check(port)
