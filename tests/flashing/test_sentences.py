"""What can be wrong with a port, a chip, a cable or a permission costs one sentence each."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pty
from pathlib import Path

import httpx
import pytest
from images import micropython
from watching import Bench

from evensong.errors import EvensongError, InputError, Unavailable
from evensong.flashing import image, loader
from evensong.flashing.job import Job, Order
from evensong.flashing.loader import FlashFailed, NotAChip
from evensong.flashing.port import NoBoard, Unplugged, check_usable, choose
from evensong.flashing.repl import BoardFull, NoMicroPython, opened
from evensong.hub.link.serial import NoSerialPort, UsbPort
from evensong.virtual.serial_board.chips import ESP32, ESP32_S3
from evensong.virtual.serial_board.server import SerialBoard

BRIDGE = UsbPort("/dev/ttyUSB0", 0x10C4, "CP2102")
NATIVE = UsbPort("/dev/ttyACM0", 0x303A, "USB JTAG/serial debug unit")
ONBOARD = UsbPort("/dev/ttyS0", None, None)


def said_by(error: pytest.ExceptionInfo[EvensongError]) -> str:
    """Its sentence, which is one line."""
    message = error.value.message
    assert message.endswith(".")
    assert "\n" not in message
    return message


# --- the port ---


def test_one_board_among_other_ports_is_found() -> None:
    assert choose([ONBOARD, NATIVE]) == "/dev/ttyACM0"


def test_no_port() -> None:
    with pytest.raises(NoBoard, match="No serial port was found: plug the board in with a cable that carries data"):
        choose([])


def test_ports_but_no_board() -> None:
    with pytest.raises(NoBoard, match=r"No port looks like an ESP32 board: .* --port .* /dev/ttyS0"):
        choose([ONBOARD])


def test_two_boards() -> None:
    with pytest.raises(NoBoard, match=r"2 boards .* --port: /dev/ttyUSB0 \(CP2102\), /dev/ttyACM0 \(USB JTAG"):
        choose([BRIDGE, ONBOARD, NATIVE])


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(NoSerialPort, match="There is no serial port /dev/nothing") as error:
        check_usable("/dev/nothing")
    said_by(error)


def test_a_port_that_another_program_has() -> None:
    import fcntl

    master, slave = pty.openpty()
    fcntl.flock(slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(NoSerialPort, match="Another program uses /dev/pts/"):
        check_usable(os.ttyname(slave))
    os.close(master)
    os.close(slave)


def test_a_port_that_this_user_may_not_open() -> None:
    """Root may open everything, so a child process gives that up."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    Path(path).chmod(0)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            check_usable(path)
        except EvensongError as error:
            os.write(tell, error.message.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(tell)
    assert "This user may not open" in os.read(told, 1000).decode()
    for fd in (told, master, slave):
        os.close(fd)


def test_an_address_where_nobody_listens() -> None:
    with pytest.raises(NoSerialPort, match=r"rfc2217://127\.0\.0\.1:9 cannot be opened") as error:
        check_usable("rfc2217://127.0.0.1:9")
    said_by(error)


# --- programs and images ---


def test_esptool_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "esptool" else real(name, *rest)
    )
    with pytest.raises(Unavailable, match="esptool is not installed: pip install"):
        loader.check_installed()


def test_an_image_with_another_hash() -> None:
    with pytest.raises(InputError, match=r"esp32.bin is not the image it should be .*: nothing was flashed") as error:
        image.checked(micropython(ESP32), "esp32.bin", "00" * 32)
    said_by(error)


def test_a_fetched_image_is_used_only_with_the_right_hash() -> None:
    content = micropython(ESP32)
    server = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    address = "https://micropython.example/esp32.bin"
    found = image.fetch(address, hashlib.sha256(content).hexdigest(), server)
    assert found.kind.name == "ESP32"
    with pytest.raises(InputError, match="is not the image it should be"):
        image.fetch(address, hashlib.sha256(content[:-1]).hexdigest(), server)


def test_an_image_that_is_not_there() -> None:
    server = httpx.MockTransport(lambda _: httpx.Response(404))
    with pytest.raises(Unavailable, match="the server answers 404"):
        image.fetch("https://micropython.example/esp32.bin", "00" * 32, server)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        image.load(Path("/nowhere/esp32.bin"))


@pytest.mark.parametrize("content", [b"", b"hello", micropython(ESP32)[:40000], bytes([0xE9]) + bytes(60000)])
def test_what_is_no_image(content: bytes) -> None:
    with pytest.raises(InputError, match="image"):
        image.checked(content, "some.bin", None)


# --- the chip and its line ---


def test_what_does_not_answer_as_an_esp32() -> None:
    master, slave = pty.openpty()
    with pytest.raises(NotAChip, match=r"Nothing at /dev/pts/.* answers as an ESP32: .* BOOT button") as error:
        loader.identify(os.ttyname(slave))
    said_by(error)
    os.close(master)
    os.close(slave)


def test_an_image_for_another_chip(bare: SerialBoard) -> None:
    wrong = image.checked(micropython(ESP32_S3), "s3.bin", None)
    with pytest.raises(FlashFailed, match=r"has an ESP32, s3.bin is for an ESP32-S3: nothing was written") as error:
        loader.install(bare.url, wrong, lambda _: None)
    said_by(error)
    assert bare.board.flash.read(0, 4096) == b"\xff" * 4096


def test_a_board_without_micropython_when_no_image_is_given(bare: SerialBoard) -> None:
    with pytest.raises(
        NoMicroPython, match=r"is an ESP32-D0WDQ6 .* without MicroPython: give it one with --image"
    ) as error:
        Job(Order(bare.url), Bench(bare)).run()
    said_by(error)


def test_a_cable_that_is_pulled_and_stays_out(board: SerialBoard) -> None:
    class Away(Bench):
        def pause(self, _: float) -> None: ...

    bench = Away(board, {"firmware": 20_000})
    with pytest.raises(Unplugged, match="went away: plug it in again and repeat the command; it goes on") as error:
        Job(Order(board.url), bench, bench.pause).run()
    said_by(error)


def test_a_board_whose_file_system_is_full(board: SerialBoard) -> None:
    with opened(board.url) as repl:
        repl.run("with open('large','wb') as f:\n for i in range(498): f.write(bytes(4096))")
        with pytest.raises(BoardFull, match="is full: flash it with --erase") as error:
            repl.put({"a/more": bytes(1 << 16)}, lambda _: None)
        said_by(error)
        repl.run("os.remove('a/more.new')")
    with pytest.raises(EvensongError, match=r"has \d+ KB free and needs \d+: flash it with --erase") as error:
        Job(Order(board.url), Bench(board)).run()
    said_by(error)
