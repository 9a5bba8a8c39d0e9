"""A session says what the wire's sequence asks for, and survives every hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import Rig, Ticks, word

from evensong_wire.frames import CommandCode
from evensong_wire.models import (
    Ack,
    Body,
    Boot,
    Command,
    Frame,
    Hello,
    HubHello,
    Ibi,
    Reply,
    ResumeFrom,
    Status,
    TimeReply,
    TimeRequest,
)

HUB_HELLO = HubHello(b"hub id 1", 0)


@pytest.fixture
def rig(ticks: Ticks, tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def numbers(frames: list[Frame]) -> list[tuple[int, int]]:
    return [(frame.header.boot_id, frame.header.seq) for frame in frames if frame.header.numbered]


def bodies(frames: list[Frame], kind: type) -> list:
    return [frame.body for frame in frames if isinstance(frame.body, kind)]


def test_the_device_is_silent_until_spoken_to(rig: Rig):
    rig.recorder.status()
    assert rig.hear() == []


def test_hello_first_then_nothing_numbered_before_resume_from(rig: Rig):
    rig.recorder.status()
    rig.say(HUB_HELLO)
    hello, request = rig.hear()
    assert isinstance(hello.body, Hello)
    assert isinstance(request.body, TimeRequest)
    assert (hello.body.device_id, hello.body.first_boot_id, hello.body.first_seq, hello.body.next_seq) == (
        bytes(range(8)),
        1,
        0,
        2,
    )
    assert hello.body.name == "Evensong 0607"
    assert rig.hear() == []
    rig.say(ResumeFrom(1, 0))
    assert numbers(rig.hear()) == [(1, 0), (1, 1)]


@pytest.mark.parametrize("mtu", [23, 64, 247])
def test_frames_of_older_boots_come_first_at_any_mtu(rig: Rig, mtu: int):
    for _ in range(3):
        rig.beats(300)
        rig.recorder.flush()
        rig.boot()
    rig.say(HUB_HELLO, ResumeFrom(0, 0))
    frames = rig.hear(mtu)
    assert numbers(frames) == sorted(numbers(frames))
    assert sum(len(body.ibi_ms) for body in bodies(frames, Ibi)) == 900
    assert [body.previous_sampled for body in bodies(frames, Boot)] == [0, 300, 300, 300]


def test_resume_from_the_middle_and_again(rig: Rig):
    for _ in range(9):
        rig.recorder.status()
    rig.say(HUB_HELLO, ResumeFrom(1, 7))
    assert numbers(rig.hear()) == [(1, 7), (1, 8), (1, 9)]
    rig.say(ResumeFrom(1, 9))
    assert numbers(rig.hear()) == [(1, 9)]
    rig.say(ResumeFrom(7, 0))
    assert numbers(rig.hear()) == []
    rig.recorder.status()
    assert numbers(rig.hear()) == [(1, 10)]


def test_only_what_was_sent_is_forgotten(rig: Rig):
    for _ in range(9):
        rig.recorder.status()
    rig.say(Ack(1, 5))
    assert rig.spool.first() == (1, 0)
    rig.say(HUB_HELLO, ResumeFrom(1, 0))
    sent = numbers(rig.hear(64, most=6))
    assert 0 < len(sent) < 9
    rig.say(Ack(1, 9))
    first = rig.spool.first()
    assert sent[-1] < first <= (1, sent[-1][1] + 2), "the frame in the pipe may go, none behind it"


def test_a_lost_connection_starts_over(rig: Rig):
    rig.beats(500)
    rig.recorder.flush()
    rig.say(HUB_HELLO, ResumeFrom(1, 0))
    rig.hear(23, most=5)
    rig.session.close()
    rig.session.open()
    assert rig.hear() == []
    rig.stream.feed(b"\0")
    rig.say(HUB_HELLO)
    assert bodies(rig.hear(), Hello)
    rig.say(ResumeFrom(1, 0))
    assert numbers(rig.hear()) == [(1, 0), (1, 1), (1, 2)]


def test_time_is_asked_for_every_twenty_minutes_and_believed_by_token(rig: Rig, ticks: Ticks):
    rig.say(HUB_HELLO)
    (asked,) = bodies(rig.hear(), TimeRequest)
    ticks.ms += 400
    rig.say(TimeReply(asked.token + 1, 4_000_000_000_000, 1))
    assert rig.clock.utc() == (0, 0xFFFF)
    rig.say(TimeReply(asked.token, 1_700_000_000_900, 30))
    assert rig.clock.utc() == (1_700_000_001, 1), "half of the 400 ms round trip later"
    rig.say(TimeReply(asked.token, 5, 1))
    assert rig.clock.utc()[0] == 1_700_000_001, "one reply is enough"
    ticks.ms += 1_199_000
    rig.clock.read()
    assert rig.hear() == []
    ticks.ms += 2_000
    rig.clock.read()
    (again,) = bodies(rig.hear(), TimeRequest)
    assert again.token != asked.token


def test_commands(rig: Rig):
    rig.beats(7)
    rig.say(HUB_HELLO, ResumeFrom(1, 0), Command(9, CommandCode.FLUSH, b""))
    frames = rig.hear()
    assert bodies(frames, Reply) == [Reply(9, 0, b"")]
    (status,) = bodies(frames, Status)
    assert (status.sampled, status.stored, status.dropped) == (7, 7, 0)
    rig.say(Command(10, CommandCode.LIVE, b"\1"))
    assert rig.recorder.live
    rig.say(Command(11, CommandCode.STATUS, b""))
    assert len(bodies(rig.hear(), Status)) == 1
    rig.session.close()
    assert not rig.recorder.live, "nobody watches any more"


@pytest.mark.parametrize(
    ("arg", "problem"),
    [
        (b'{"name": "Leo", "status_every_s": 60}', b""),
        (b"", b"settings must be JSON"),
        (b"\xff\xfe", b"settings must be JSON"),
        (b"[]", b"settings must be a JSON object"),
        (b'{"colour": 1}', b"unknown setting: colour"),
        (b'{"status_every_s": true}', b"status_every_s must be a whole number"),
        (b'{"status_every_s": 1}', b"status_every_s must lie between 10 and 86400"),
        (b'{"name": "012345678901234567890"}', b"name must have at most 20 bytes"),
    ],
)
def test_configure(rig: Rig, arg: bytes, problem: bytes):
    rig.say(HUB_HELLO)
    rig.hear()
    rig.say(Command(1, CommandCode.CONFIGURE, arg))
    assert bodies(rig.hear(), Reply) == [Reply(1, 1 if problem else 0, problem)]
    rig.boot()
    rig.say(HUB_HELLO)
    (hello,) = bodies(rig.hear(), Hello)
    assert hello.name == ("Evensong 0607" if problem else "Leo")


def test_unknown_commands_and_too_many(rig: Rig):
    rig.say(HUB_HELLO, *(Command(i, 99, b"") for i in range(9)))
    replies = bodies(rig.hear(), Reply)
    assert replies == [Reply(i, 2, b"unknown command") for i in range(4)]


UINT16 = st.integers(0, 0xFFFF)
UINT24 = st.one_of(st.integers(0, 5), st.integers(0, 0xFFFFFF))
BOOT = st.one_of(st.just(1), UINT16)
HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.builds(ResumeFrom, BOOT, UINT24),
    st.builds(Ack, BOOT, UINT24),
    st.builds(TimeReply, st.integers(0, 3), st.integers(0, 0xFFFFFFFF).map(lambda s: s * 1000), UINT16),
    st.builds(Command, UINT16, st.integers(0, 255), st.binary(max_size=200)),
    st.just(HUB_HELLO),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.tuples(HOSTILE, st.integers(0, 5), st.booleans()), max_size=20))
def test_no_hub_does_harm(ticks: Ticks, tmp_path: Path, words: list[tuple[Body | bytes, int, bool]]):
    """Whatever arrives: nothing raised, and no frame forgotten that was neither sent nor said to be there already."""
    rig = Rig(tmp_path, sectors=6)
    rig.beats(300)
    known: set[int] = set()
    for said, chunks, broken in words:
        said_bytes = said if isinstance(said, bytes) else word(said)
        rig.session.receive(said_bytes[: len(said_bytes) // 2] if broken else said_bytes)
        if isinstance(said, ResumeFrom):
            known |= set(range(min(said.seq if said.boot_id == 1 else 1000, 1000)))
        known |= {seq for _, seq in numbers(rig.hear(most=chunks))}
        boot_id, seq = rig.spool.first()
        assert boot_id == 1
        assert known >= set(range(seq - 1)), "one more may be in the pipe"
    rig.recorder.checkpoint()
    rig.boot()
