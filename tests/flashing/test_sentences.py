"""What can be wrong with a port, a chip, a cable or a permission costs one sentence each."""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import os
import pty
import warnings
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from images import micropython
from typer.testing import CliRunner
from watching import Bench

from evensong.cli.commands import app
from evensong.errors import EvensongError, InputError, Unavailable
from evensong.flashing import image, layout, loader, repl
from evensong.flashing.job import Job, Order
from evensong.flashing.loader import FlashFailed, NotAChip
from evensong.flashing.port import NoBoard, Unplugged, check_usable, choose
from evensong.flashing.repl import BoardFailed, BoardFull, NoMicroPython, opened
from evensong.hub.link.serial import NoSerialPort, UsbPort
from evensong.virtual.serial_board.chips import ESP32, ESP32_C3, ESP32_S3, Chip
from evensong.virtual.serial_board.flash import Flash
from evensong.virtual.serial_board.server import SerialBoard, served
from evensong_firmware.config import DEFAULTS

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


def test_an_image_that_never_ends_and_a_server_that_is_away() -> None:
    large = httpx.MockTransport(lambda _: httpx.Response(200, content=bytes((16 << 20) + 1)))
    with pytest.raises(InputError, match=r"is larger than any image: nothing was flashed\.$"):
        image.fetch("https://micropython.example/esp32.bin", "00" * 32, large)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    with pytest.raises(Unavailable, match=r"esp32.bin cannot be fetched: no route to host\.$"):
        image.fetch("https://micropython.example/esp32.bin", "00" * 32, httpx.MockTransport(away))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["flash", "--name", "a name of twenty-five bytes"], "has more than 20 bytes: the radio has no room for it."),
        (["flash", "--erase"], "After --erase the board is empty: give it MicroPython with --image."),
        (["flash", "--image", "https://micropython.example/a.bin"], "An image from the network needs its --sha256:"),
        (["flash", "--update-key", "/nowhere"], "The key /nowhere cannot be read: No such file or directory."),
        (["flash", "--port", "/dev/nothing"], "There is no serial port /dev/nothing:"),
        (["wearable", "status", "--at", "/dev/nothing"], "There is no serial port /dev/nothing:"),
        (["wearable", "log", "--at", "COM3"], "COM3 is neither the path of a serial port nor a BLE address:"),
        (["wearable", "set", "name"], "'name' is not KEY=VALUE, such as name=Mia."),
        (["wearable", "update", "/nowhere"], "The update /nowhere cannot be read: No such file or directory."),
    ],
)
def test_what_the_commands_refuse(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert isinstance(done.exception, EvensongError)
    assert sentence in done.exception.message


def test_the_help_names_every_setting() -> None:
    said = CliRunner().invoke(app, ["wearable", "set", "--help"]).output.replace(",", " ").split()
    assert not [name for name in DEFAULTS if name not in said]


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


C6 = Chip("ESP32-C6", 13, 0, True, 0x60003000, 0x20, 0x58)
LOCKED = replace(ESP32_S3, security_flags=4, flash_crypt_cnt=1)


@pytest.mark.parametrize(
    ("chip", "sentence"),
    [
        (C6, r"is ESP32-C6 .*: Evensong has boards for ESP32, ESP32-S3, ESP32-C3\.$"),
        (LOCKED, r"is locked by secure boot, secure download or flash encryption: take another board\.$"),
    ],
)
def test_a_chip_that_cannot_be_a_wearable(tmp_path: Path, chip: Chip, sentence: str) -> None:
    with served(chip, tmp_path) as board, pytest.raises(EvensongError, match=sentence) as error:
        loader.identify(board.url)
    said_by(error)


def test_a_board_with_too_little_flash(tmp_path: Path) -> None:
    flash = Flash(tmp_path / "flash.bin")
    flash.program(0, micropython(ESP32_C3))
    flash.close()
    with (
        served(replace(ESP32_C3, flash_bytes=2 << 20), tmp_path) as board,
        pytest.raises(NoMicroPython, match=r"has less flash than .* need, which is 4 MB: take another one") as error,
        opened(board.url),
    ):
        pass
    said_by(error)


WORN = "reads back differently: try another cable."


@pytest.mark.parametrize(
    ("fatal", "sentence"),
    [
        ("Write failed, the written flash region is empty.", WORN),
        ("MD5 of file does not match data in flash!", WORN),
        (
            "Failed to erase flash (result was 0106: Message is ok, but the running result is wrong)",
            "esptool gave up at ",
        ),
    ],
)
def test_what_goes_wrong_while_esptool_works(board: SerialBoard, fatal: str, sentence: str) -> None:
    """esptool 5.6 said so when the model's flash kept nothing, or refused; each run of it takes half a minute."""
    said = loader.trouble(board.url, f"Connected to ESP32 on {board.url}:\n\nA fatal error occurred: {fatal}\n", None)
    assert isinstance(said, FlashFailed)
    assert sentence in said.message
    assert said.message.endswith(".")


# --- MicroPython and the firmware ---


def test_micropython_that_is_too_old(board: SerialBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MPY_VERSION", 7)
    with pytest.raises(
        InputError, match=r"runs .mpy files of version 6, not 7: give it a newer one with --image"
    ) as error:
        Job(Order(board.url), Bench(board)).run()
    said_by(error)


def test_something_that_starts_and_is_no_micropython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl, "_BOOT_LIMIT_S", 0.2)
    master, slave = pty.openpty()
    monkeypatch.setattr(repl, "_hard_reset", lambda _: None)  # a pseudo terminal has no such lines
    with (
        pytest.raises(NoMicroPython, match=r"no MicroPython answers: press its RESET button and repeat") as error,
        opened(os.ttyname(slave)),
    ):
        pass
    said_by(error)
    os.close(master)
    os.close(slave)


BROKEN = {
    "MicroPython on the board at .* reports: ImportError: no module named 'evensong_firmware.selftest'.": "main",
    "The firmware on the board at .* does not know its own board: ": "selftest",
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_firmware_that_does_not_run(board: SerialBoard, monkeypatch: pytest.MonkeyPatch, sentence: str) -> None:
    firmware = layout.Firmware("0.1.0", {f"evensong_firmware/{BROKEN[sentence]}.py": b"def run(): print('[1, 2]')"})
    monkeypatch.setattr(layout, "compiled", lambda _: firmware)
    with pytest.raises(BoardFailed, match=sentence) as error:
        Job(Order(board.url), Bench(board)).run()
    said_by(error)


def test_files_that_read_back_differently(board: SerialBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "compiled", lambda _: layout.Firmware("0.1.0", {"evensong_firmware/main.mpy": b"M"}))
    monkeypatch.setattr(repl.Repl, "hashes", lambda _, paths: dict.fromkeys(paths, "00"))
    with pytest.raises(BoardFailed, match=r"read back differently: its flash may be worn out\.$") as error:
        Job(Order(board.url), Bench(board)).run()
    said_by(error)


def test_a_cable_that_is_pulled_and_stays_out(board: SerialBoard) -> None:
    class Away(Bench):
        def pause(self, _: float) -> None: ...

    bench = Away(board, {"firmware": 20_000})
    with pytest.raises(Unplugged, match="went away: plug it in again and repeat the command; it goes on") as error:
        Job(Order(board.url), bench, bench.pause).run()
    said_by(error)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pyserial drops a socket that it cannot shut down unclosed
        del error
        gc.collect()


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
