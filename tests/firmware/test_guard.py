"""The wearable's side of authentication: who proves nothing hears nothing, and its wearer's hand decides who is let
in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import Rig, Ticks, word

from evensong.keys import WEARABLE_KEY_FILE, wearable_key_file
from evensong_firmware.keys import HOLD_S
from evensong_firmware.link import STRANGER_S
from evensong_wire.channel import Channel
from evensong_wire.codec import encode, sealed
from evensong_wire.frames import CommandCode, Flag, Refused
from evensong_wire.models import (
    KIND_OF,
    Ack,
    Body,
    Challenge,
    Command,
    Frame,
    Header,
    Hello,
    HubHello,
    Proof,
    Refusal,
    Reply,
    ResumeFrom,
    TimeReply,
    TimeRequest,
)
from evensong_wire.sealing import first_key
from evensong_wire.stream import Stream, cobs_decode, pack

DEVICE, HUB, ROOT = bytes(range(8)), b"hub id 1", b"the secret on the label of this."
HUB_HELLO = HubHello(HUB, 0)


class Hub:
    """One connection to a rig. recorded: every byte that was sent to it."""

    def __init__(self, rig: Rig, key: bytes = first_key(ROOT, DEVICE), entropy: bytes = b"the hub's secret") -> None:
        self.rig, self.key = rig, key
        self.channel = Channel(HUB, lambda n: entropy[:n])
        self.recorded: list[bytes] = []
        rig.session.close()
        rig.stream = Stream(self.channel.unseal)

    def challenged(self) -> Challenge:
        self.write(word(HUB_HELLO))
        (frame,) = self.rig.hear()
        assert isinstance(frame.body, Challenge)
        assert (frame.header.incarnation, frame.header.boot_id, frame.header.time_ms) == (bytes(4), 0, 0)
        return frame.body

    def prove(self, *, by_label: bool = False) -> list[Frame]:
        challenge = self.challenged()
        proof, self.next_key = self.channel.prove(challenge, ROOT if by_label else self.key, by_label=by_label)
        self.write(word(proof))
        return self.rig.hear()

    def say(self, *bodies: Body) -> list[Frame]:
        for body in bodies:
            self.write(self.channel.pack(encode(Header(KIND_OF[type(body)], bytes(4), 0, 0, 0), body)))
        return self.rig.hear()

    def write(self, stream: bytes) -> None:
        self.recorded.append(stream)
        self.rig.session.receive(stream)


@pytest.fixture
def rig(ticks: Ticks, tmp_path: Path) -> Rig:
    (tmp_path / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(ROOT, DEVICE))
    return Rig(tmp_path)


def refusals(frames: list[Frame]) -> list[int]:
    return [frame.body.reason for frame in frames if isinstance(frame.body, Refusal)]


def test_a_hub_with_the_key_gets_everything_sealed(rig: Rig) -> None:
    rig.beats(300)
    rig.recorder.flush()
    hub = Hub(rig)
    frames = hub.prove()
    assert [type(frame.body) for frame in frames] == [Hello, TimeRequest]
    numbered = hub.say(ResumeFrom(1, 0))
    assert [frame.header.seq for frame in numbered] == [0, 1, 2]
    assert all(frame.sealed for frame in frames + numbered)
    assert hub.say(Command(5, CommandCode.STATUS, b""))[0].body == Reply(5, 0, b"")
    hub.say(Ack(1, 2))
    assert rig.spool.first() == (1, 3)


STRANGERS_WORDS = st.one_of(
    st.binary(max_size=300).map(bytes),
    st.sampled_from(
        [
            HUB_HELLO,
            HubHello(b"stranger", 0),
            Proof(False, bytes(16), bytes(16)),
            Proof(True, bytes(16), bytes(16)),
            ResumeFrom(1, 0),
            Ack(1, 2),
            Command(1, CommandCode.CONFIGURE, b'{"name": "mine", "open": 1}'),
            Command(2, CommandCode.ROTATE, b""),
            Command(3, CommandCode.LIVE, b"\1"),
            TimeReply(1, 4_000_000_000_000, 1),
        ]
    ).map(word),
    st.binary(min_size=30, max_size=200).map(
        lambda content: pack(sealed(bytes([0x10 | Flag.AUTHENTICATED | Flag.SEALED]) + content))
    ),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(STRANGERS_WORDS, max_size=12))
def test_a_stranger_hears_nothing_but_challenges_and_refusals(ticks: Ticks, tmp_path: Path, words: list[bytes]) -> None:
    (tmp_path / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(ROOT, DEVICE))
    rig = Rig(tmp_path, sectors=6)
    rig.beats(20)
    rig.recorder.flush()
    heard: list[Frame] = []
    for said in words:
        rig.session.receive(said)
        heard += rig.hear()
    assert {type(frame.body) for frame in heard} <= {Challenge, Refusal}
    assert rig.spool.first() == (1, 0)
    assert not rig.recorder.live
    assert rig.clock.utc() == (0, 0xFFFF)
    assert rig.keys.epoch == 1
    assert not (tmp_path / "evensong.json").read_text().count("mine")


def test_a_session_played_again_byte_for_byte_is_refused(rig: Rig) -> None:
    rig.beats(300)
    rig.recorder.flush()
    hub = Hub(rig)
    hub.prove()
    hub.say(ResumeFrom(1, 0), Command(7, CommandCode.LIVE, b"\1"))
    for stream in hub.recorded[-2:]:
        hub.write(stream)
    assert rig.hear() == [], "not within the session either"
    recorded = hub.recorded
    rig.session.close()
    rig.stream = Stream()
    rig.board.drawn += 1  # the device's next challenge differs
    frames: list[Frame] = []
    for stream in recorded:
        rig.session.receive(stream)
        frames += rig.hear()
    assert [type(frame.body) for frame in frames] == [Challenge, Refusal]
    assert not rig.recorder.live


def test_a_word_with_one_bit_flipped_is_not_obeyed(rig: Rig) -> None:
    hub = Hub(rig)
    hub.prove()
    raw = encode(Header(KIND_OF[Command], bytes(4), 0, 0, 0), Command(7, CommandCode.LIVE, b"\1"))
    went = hub.channel.pack(raw)
    content = (cobs_decode(went[1:-1]) or b"")[:-4]
    for bit in range(0, 8 * len(content), 3):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        rig.session.receive(pack(sealed(bytes(flipped))))
        assert not rig.recorder.live
    rig.session.receive(went)
    assert rig.recorder.live


def test_open_words_in_a_sealed_session_are_not_obeyed(rig: Rig) -> None:
    hub = Hub(rig)
    hub.prove()
    rig.say(Command(7, CommandCode.LIVE, b"\1"), ResumeFrom(1, 0))
    assert rig.hear() == []
    assert not rig.recorder.live


def test_a_wrong_key_is_refused_and_said_so(rig: Rig) -> None:
    assert refusals(Hub(rig, bytes(32)).prove()) == [Refused.PROOF]
    assert len(Hub(rig).prove()) == 2, "the right one is welcome afterwards"


def test_the_label_opens_nothing_without_the_button(rig: Rig) -> None:
    assert refusals(Hub(rig).prove(by_label=True)) == [Refused.NOT_ADOPTING]


def test_a_lost_hub_is_revoked_by_letting_in_another(rig: Rig, ticks: Ticks) -> None:
    lost = Hub(rig)
    lost.prove()
    rig.keys.edge(rig.clock.t_s, True)
    ticks.ms += 1000 * HOLD_S
    rig.clock.read()
    assert rig.keys.turn(rig.clock.t_s)
    found = Hub(rig)
    assert found.challenged().adopting
    assert [type(frame.body) for frame in found.prove(by_label=True)] == [Hello, TimeRequest]
    assert rig.keys.epoch == 2
    rig.boot()  # durable
    assert refusals(Hub(rig).prove()) == [Refused.PROOF], "the lost hub"
    assert refusals(Hub(rig).prove(by_label=True)) == [Refused.NOT_ADOPTING], "one hub for one hold"
    assert isinstance(Hub(rig, found.next_key).prove()[0].body, Hello)


def test_rotation(rig: Rig) -> None:
    hub = Hub(rig)
    hub.prove()
    assert hub.say(Command(1, CommandCode.ROTATE, b""))[0].body == Reply(1, 0, b"")
    assert hub.say(Command(2, CommandCode.ROTATE, b""))[0].body == Reply(2, 1, b"the key stays"), "once in a session"
    assert hub.say(Command(3, CommandCode.STATUS, b""))[0].body == Reply(3, 0, b""), "this session goes on"
    rig.boot()
    assert refusals(Hub(rig).prove()) == [Refused.PROOF]
    after = Hub(rig, hub.next_key)
    assert isinstance(after.prove()[0].body, Hello)
    assert rig.keys.epoch == 2


def test_who_proves_nothing_is_shown_the_door(rig: Rig, ticks: Ticks) -> None:
    rig.session.close()
    assert not rig.session.overstays()
    ticks.ms += 1000 * STRANGER_S
    rig.clock.read()
    assert rig.session.overstays()
    hub = Hub(rig)
    hub.prove()
    ticks.ms += 1000 * STRANGER_S
    rig.clock.read()
    assert not rig.session.overstays()


def test_without_a_key_it_talks_only_if_it_was_told_to(ticks: Ticks, tmp_path: Path) -> None:
    (tmp_path / "evensong.json").write_text("{}")
    rig = Rig(tmp_path)
    rig.say(HUB_HELLO, ResumeFrom(1, 0))
    (frame,) = rig.hear()
    assert isinstance(frame.body, Challenge)
    assert frame.body.key_epoch == 0
    rig.say(Proof(False, bytes(16), bytes(16)))
    assert rig.hear() == []
