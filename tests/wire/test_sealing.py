"""Sealed frames: frozen on three interpreters, opened once by whom they are for, and by nobody after any change."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong_wire import sealing
from evensong_wire.channel import Channel
from evensong_wire.codec import decode, encode, seal, sealed
from evensong_wire.errors import SealedError
from evensong_wire.frames import Flag
from evensong_wire.models import Body, Challenge, Frame, Header, Unknown
from evensong_wire.stream import Stream, pack

from .conftest import VECTORS
from .strategies import bodies, headers

SEALING = VECTORS.parent / "sealing.json"
DEVICE, HUB, KEY = bytes(range(8)), b"hub id 1", bytes(range(32))


@pytest.fixture(scope="module")
def frozen() -> dict[str, Any]:
    return json.loads(SEALING.read_text(encoding="utf-8"))


class Device:
    """The other end of a channel."""

    def __init__(self, key: bytes = KEY, challenge: bytes = b"device challenge") -> None:
        self.key = key
        self.challenge = Challenge(DEVICE, 3, False, challenge)

    def meet(self, channel: Channel, hubs_key: bytes = KEY) -> bool:
        """Whether the hub's proof holds."""
        proof, self.hubs_next_key = channel.prove(self.challenge, hubs_key, by_label=False)
        context = sealing.context_of(DEVICE, HUB, 3, 0)
        self.secrets = sealing.Secrets(self.key, self.challenge.challenge + proof.challenge, context)
        self.to_hub, self.from_hub = self.secrets.to_hub(), self.secrets.to_device()
        return proof.proof == self.secrets.proof()


def channel(entropy: bytes = b"the hub's secret") -> Channel:
    return Channel(HUB, lambda n: entropy[:n])


def test_the_firmwares_copy_on_every_interpreter(run: Any, frozen: dict[str, Any]) -> None:
    script = Path(__file__).parent / "on_device" / "replay_sealing.py"
    assert run(script, SEALING).split() == [str(len(frozen["to_hub"]) + len(frozen["to_device"]))]


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_mac_is_hmac_sha_256(key: bytes, message: bytes) -> None:
    assert sealing.Key(key).mac(message[:9], message[9:]) == hmac.new(key, message, hashlib.sha256).digest()


def test_session_keys_are_hkdfs() -> None:
    """RFC 5869: extract with the challenges as salt, then one block of expand."""
    secrets = sealing.Secrets(KEY, b"salt" * 8, b"context")
    session = hmac.new(b"salt" * 8, KEY, hashlib.sha256).digest()
    expected = hmac.new(session, b"evensong next key" + b"context" + b"\1", hashlib.sha256).digest()
    assert secrets.next_key() == expected


@given(bodies.flatmap(lambda body: st.tuples(headers(body), st.just(body))), st.data())
def test_a_sealed_frame_is_the_frame_once_and_nothing_after_a_change(
    drawn: tuple[Header, Body], data: st.DataObject
) -> None:
    raw = encode(*drawn)
    talk, device = channel(), Device()
    assert device.meet(talk)
    stream = Stream(talk.unseal)
    went = seal(raw, device.to_hub)
    assert len(went) == len(raw) + 12
    with pytest.raises(SealedError):
        decode(went)
    flipped = bytearray(went)
    flipped[data.draw(st.integers(0, len(went) - 5))] ^= 1 << data.draw(st.integers(0, 7))
    assert not any(frame.sealed for frame in stream.feed(pack(sealed(bytes(flipped[:-4])))))
    assert stream.feed(pack(went)) == [Frame(*drawn, raw, sealed=True)]
    assert stream.feed(pack(went)) == []
    assert talk.replayed == 1


def test_nothing_of_a_frame_shows() -> None:
    raw = encode(Header(0x1F, b"abcd", 3, 77, 123_456), Unknown(b"\0" * 100))
    talk, device = channel(), Device()
    assert device.meet(talk)
    one, two = seal(raw, device.to_hub), seal(raw, device.to_hub)
    assert one[0] == raw[0] | Flag.AUTHENTICATED | Flag.SEALED
    assert sum(a == b for a, b in zip(one[1:-16], raw[1:-4], strict=True)) < 12
    assert sum(a == b for a, b in zip(one[1:-16], two[1:-16], strict=True)) < 12


def test_what_is_lost_is_lost_and_order_is_kept() -> None:
    raw = encode(Header(0x1F, b"abcd", 3, 77, 0), Unknown(b"x"))
    talk, device = channel(), Device()
    assert device.meet(talk)
    stream = Stream(talk.unseal)
    went = [pack(seal(raw, device.to_hub)) for _ in range(5)]
    assert len(stream.feed(went[0] + went[3])) == 1 + 1
    assert stream.feed(went[1] + went[2] + went[3]) == []
    assert len(stream.feed(went[4])) == 1
    assert (talk.replayed, talk.forged) == (3, 0)


@pytest.mark.parametrize("what", ["key", "device challenge", "hub challenge", "direction"])
def test_another_session_opens_nothing(what: str) -> None:
    raw = encode(Header(0x1F, b"abcd", 3, 77, 0), Unknown(b"x"))
    recorded, device = channel(), Device()
    assert device.meet(recorded)
    went = pack(seal(raw, device.to_hub))
    now = channel(b"another secret.." if what == "hub challenge" else b"the hub's secret")
    other = Device(
        bytes(32) if what == "key" else KEY, b"other challenge." if what == "device challenge" else b"device challenge"
    )
    assert other.meet(now, other.key)
    stream = Stream(now.unseal)
    if what == "direction":
        went = now.pack(raw)
    assert stream.feed(went) == []
    assert (stream.refused, now.forged, now.replayed) == (1, 1, 0)


def test_a_hub_with_another_key_proves_nothing() -> None:
    assert not Device().meet(channel(), bytes(32))


def test_before_a_proof_nothing_sealed_is_taken() -> None:
    talk, device = channel(), Device()
    assert device.meet(channel())
    raw = encode(Header(0x1F, b"abcd", 3, 77, 0), Unknown(b"x"))
    assert Stream(talk.unseal).feed(pack(seal(raw, device.to_hub))) == []
    assert not talk.proven
    assert talk.forged == 1


def test_nonces_run_out_before_they_come_again() -> None:
    direction = sealing.Direction(KEY, KEY)
    direction.next = sealing.NONCES
    with pytest.raises(ValueError, match="no more nonces"):
        direction.seal(bytearray(60), 30)
