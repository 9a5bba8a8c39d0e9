"""`evensong flash` does its whole job over RFC 2217, and again after the cable was pulled.

The loader is a model, esptool and mpremote are real, and MicroPython is real behind the raw REPL. Ten pulls at random
moments take minutes, because pyserial's RFC 2217 client waits 0.2 s at each of esptool's commands: they are in
tests/benchmarks/pulled_cable.py.
"""

from __future__ import annotations

import hashlib

import pytest
from images import micropython
from watching import DEVICE_ID, Bench

from evensong.flashing import image, layout, loader
from evensong.flashing.job import Job, Order
from evensong.flashing.port import Unplugged
from evensong.flashing.repl import opened
from evensong.keys import WEARABLE_KEY_FILE, new_root, wearable_key_file
from evensong.virtual.serial_board.chips import ESP32
from evensong.virtual.serial_board.server import SerialBoard

FOLDERS = ("", "a/", "a/evensong_firmware/", "b/", "b/evensong_firmware/")


def files_of(board: SerialBoard) -> dict[str, str]:
    """SHA-256 of every file, by path; without those further down."""
    with opened(board.url) as repl:
        files = "{d+e[0]:_h(d+e[0]) for e in os.ilistdir(d) if e[1]==32768}"
        repl.run(f"def _l(d):\n try: return {files}\n except OSError: return {{}}")
        return {path: digest for folder in FOLDERS for path, digest in repl.ask(f"_l({folder!r})").items()}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_bare_board_becomes_a_wearable_though_the_cable_is_pulled(bare: SerialBoard) -> None:
    key = wearable_key_file(new_root(), bytes.fromhex(DEVICE_ID))
    asked: list[str] = []

    def new_key(device_id: str) -> bytes:
        asked.append(device_id)
        return key

    order = Order(bare.url, image.checked(micropython(ESP32), "esp32.bin", None), name="Mia", new_key=new_key)
    bench = Bench(bare, {"firmware": 20_000})
    flashed = Job(order, bench, bench.pause).run()
    assert bench.steps == ["MicroPython", "firmware", "unplugged", "firmware", "self-test", "key"]
    assert flashed.chip.startswith("ESP32-D0WDQ6")
    assert flashed.device_id == DEVICE_ID
    assert all(part.well for part in flashed.parts)
    assert {"board", "battery", "spool", "files"} <= {part.name for part in flashed.parts}
    assert asked == [DEVICE_ID]

    files = files_of(bare)
    assert files[WEARABLE_KEY_FILE] == sha256(key)
    assert files["main.py"] == sha256(layout.STARTER.read_bytes())
    assert files["slot"] == sha256(b"a")
    compiled = layout.compiled("x64").files  # what the model's MicroPython runs
    assert {path: files["a/" + path] for path in compiled if path.count("/") == 1} == {
        path: sha256(content) for path, content in compiled.items() if path.count("/") == 1
    }
    assert not any(path.endswith(".new") for path in files)


def test_a_cable_pulled_while_esptool_works_is_seen(bare: SerialBoard) -> None:
    bare.pull_after(2_000)
    with pytest.raises(Unplugged):
        loader.install(bare.url, image.checked(micropython(ESP32), "esp32.bin", None), lambda _: None)


def test_what_is_there_already_is_not_written_again_and_a_key_is_kept(board: SerialBoard) -> None:
    first = Job(Order(board.url, name="Mia", new_key=lambda _: b"the first key"), Bench(board)).run()
    again = Job(Order(board.url, new_key=lambda _: b"another key"), Bench(board)).run()
    assert first.written > 20_000
    assert again.written == 0
    files = files_of(board)
    assert files[WEARABLE_KEY_FILE] == sha256(b"the first key")
    assert files["evensong.json"] == sha256(b'{"name": "Mia"}')
    Job(Order(board.url, new_key=lambda _: b"another key", replace_key=True), Bench(board)).run()
    assert files_of(board)[WEARABLE_KEY_FILE] == sha256(b"another key")
