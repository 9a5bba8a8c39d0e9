"""The frozen frames of version 1.0, on construct, on the codec, and on the generated code under three interpreters.

A vector is never changed. A new kind adds one: `raw` from `codec.encode`, `fields` as in `frames`, `puts` what its
writer was given, `body` the model as plain values.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from evensong_wire import codec, errors, models
from evensong_wire.frames import HEADER, MAJOR, PAYLOADS, Kind
from evensong_wire.layout import fields_of
from evensong_wire.stream import Stream, pack

Vectors = dict[str, list[dict[str, Any]]]


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def test_every_kind_is_frozen(vectors: Vectors) -> None:
    assert {int(kind) for kind in Kind} <= {vector["header"]["kind"] for vector in vectors["frames"]}


def test_models(vectors: Vectors) -> None:
    for vector in vectors["frames"]:
        frame = codec.decode(bytes.fromhex(vector["raw"]))
        body = {"type": type(frame.body).__name__}
        body |= {f.name: plain(getattr(frame.body, f.name)) for f in dataclasses.fields(frame.body)}
        assert body == vector["body"], vector["name"]
        head = vector["header"]
        assert frame.header == models.Header(
            head["kind"],
            bytes.fromhex(head["incarnation"]),
            head["boot_id"],
            head["seq"],
            head["t_s"] * 1000 + head["t_ms"],
            frame.header.flags,
        ), vector["name"]
        assert int(frame.header.flags) == head["flags"]


def test_encoding_gives_the_same_bytes(vectors: Vectors) -> None:
    for vector in vectors["frames"]:
        raw = bytes.fromhex(vector["raw"])
        frame = codec.decode(raw)
        if vector["exact"] and vector["name"] != "log, not UTF-8":
            assert codec.encode(frame.header, frame.body) == raw, vector["name"]


def test_construct_parses_and_builds_the_same(vectors: Vectors) -> None:
    """The definitions themselves, without the codec."""
    for vector in vectors["frames"]:
        raw = bytes.fromhex(vector["raw"])
        head = HEADER.parse(raw)
        assert head.lead == MAJOR << 4 | vector["header"]["flags"]
        for name in ("kind", "boot_id", "seq", "t_s", "t_ms"):
            assert head[name] == vector["header"][name], vector["name"]
        if vector["fields"] is None:
            continue
        layout = PAYLOADS[Kind(head.kind)]
        payload = layout.parse(raw[HEADER.sizeof() :])
        for name, value in vector["fields"]:
            assert plain(payload[name]) == value, (vector["name"], name)
        rebuilt = layout.build(dict(payload.items()))
        if not any(field.shape == "rest" for field in fields_of(layout)):
            assert raw[HEADER.sizeof() :].startswith(rebuilt), vector["name"]


def test_refused(vectors: Vectors) -> None:
    for vector in vectors["refused"]:
        with pytest.raises(errors.WireError) as refusal:
            codec.decode(bytes.fromhex(vector["raw"]))
        assert type(refusal.value).__name__ == vector["error"], vector["name"]


def test_stream_hands_out_each(vectors: Vectors) -> None:
    stream = Stream()
    frames = stream.feed(b"".join(pack(bytes.fromhex(vector["raw"])) for vector in vectors["frames"]))
    assert [frame.raw.hex() for frame in frames] == [vector["raw"] for vector in vectors["frames"]]


def test_generated_code(run: Any, vectors: Vectors) -> None:
    expected = len(vectors["frames"]) + len(vectors["refused"])
    assert run(Path(__file__).parent / "on_device" / "replay_vectors.py").split() == [str(expected)]


def test_generated_code_allocates_nothing(run: Any) -> None:
    assert run(Path(__file__).parent / "on_device" / "allocate_nothing.py").split() == ["0"]
