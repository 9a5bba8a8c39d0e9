"""Authentication as the hub sees it: it believes who has the key, once, and says in a sentence why it believes
nobody."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from simulated_wearable import Wearable

from evensong.errors import Unavailable
from evensong.hub.keyring import Keyring
from evensong.hub.link.conversation import (
    HELLO_TRIES,
    MOST_CHALLENGES,
    Challenged,
    Conversation,
    End,
    Greeted,
    Keep,
    Send,
    Turned,
    Word,
)
from evensong.hub.trust import Trust, Untrusted
from evensong_wire.codec import encode, sealed
from evensong_wire.frames import Kind, Refused
from evensong_wire.models import Ack, Challenge, Header
from evensong_wire.stream import cobs_decode, pack

HUB, KEY = b"hubhubhu", bytes(range(32))


def sent(words: list[Word]) -> bytes:
    return b"".join(word.stream for word in words if isinstance(word, Send))


def kept(words: list[Word]) -> list[bytes]:
    return [word.frame.raw for word in words if isinstance(word, Keep)]


def met(wearable: Wearable, key: bytes = KEY, recorded: bytearray | None = None) -> tuple[Conversation, list[Word]]:
    """A conversation up to its proof, and what the wearable says to it."""
    talk = Conversation(HUB, 0.0, secrets.token_bytes)
    answer = wearable.hear(sent(talk.tick(0.0)))
    (challenged,) = talk.feed(answer, 0.0)
    assert isinstance(challenged, Challenged)
    more = wearable.hear(talk.prove(challenged.challenge, key, by_label=False).stream)
    if recorded is not None:
        recorded += answer + more
    return talk, talk.feed(more, 0.0)


def streaming(wearable: Wearable, recorded: bytearray | None = None) -> Conversation:
    talk, (greeted,) = met(wearable, recorded=recorded)
    assert isinstance(greeted, Greeted)
    assert greeted.challenge == wearable.challenge
    wearable.hear(sent(talk.resume(None)))
    return talk


def all_of(wearable: Wearable) -> bytes:
    return b"".join(iter(wearable.send, None))


def test_what_is_kept_is_what_lay_in_the_spool() -> None:
    wearable = Wearable(key=KEY)
    for _ in range(5):
        wearable.heart_rate()
    made = list(wearable.made)
    talk = streaming(wearable)
    air = all_of(wearable)
    assert not any(raw[1:-4] in air for raw in made)
    assert kept(talk.feed(air, 1.0)) == made
    wearable.hear(sent(talk.acknowledge()))
    assert wearable.acks == [Ack(1, 5)]
    assert talk.hostile == 0


def test_nothing_numbered_and_no_hello_leaves_before_the_proof() -> None:
    wearable = Wearable(key=KEY)
    talk, words = met(wearable, bytes(32))
    assert words == [Turned(wearable.device_id, Refused.PROOF)]
    assert talk.peer is None
    assert wearable.send() is None


def test_a_recorded_session_played_again_is_refused() -> None:
    wearable, recorded = Wearable(key=KEY), bytearray()
    wearable.heart_rate()
    talk = streaming(wearable, recorded)
    air = all_of(wearable)
    assert len(kept(talk.feed(air, 1.0))) == 2
    assert kept(talk.feed(air, 1.0)) == [], "within the session too"
    victim = Conversation(HUB, 0.0, secrets.token_bytes)
    victim.tick(0.0)
    (challenged,) = victim.feed(bytes(recorded), 0.0)
    assert isinstance(challenged, Challenged)
    victim.prove(challenged.challenge, KEY, by_label=False)
    now_s = 0.0
    for _ in range(HELLO_TRIES):
        assert not any(isinstance(word, (Greeted, Keep)) for word in victim.feed(bytes(recorded) + air, now_s))
        words = victim.tick(now_s := victim.due_s)
    (end,) = words
    assert isinstance(end, End)
    assert end.reason.startswith("not authenticated: what comes is sealed with another key")
    assert victim.hostile > 0


def test_a_flipped_bit_is_refused_and_the_frame_comes_again() -> None:
    wearable = Wearable(key=KEY)
    for _ in range(3):
        wearable.heart_rate()
    talk = streaming(wearable)
    frames = [wearable.send() or b"" for _ in range(4)]
    for bit in range(0, 8 * 60, 13):
        raw = bytearray(cobs_decode(frames[1][1:-1]) or b"")
        raw[bit // 8 % (len(raw) - 4)] ^= 1 << bit % 8
        assert kept(talk.feed(pack(sealed(bytes(raw[:-4]))), 1.0)) == []
    words = talk.feed(frames[0] + frames[2] + frames[3], 1.0)
    assert kept(words) == wearable.made[:1]
    wearable.hear(sent(words))
    assert kept(talk.feed(all_of(wearable), 1.0)) == wearable.made[1:]


def test_who_speaks_openly_after_the_proof_is_not_heard() -> None:
    wearable = Wearable(key=KEY)
    talk = streaming(wearable)
    twin = Wearable(incarnation=wearable.incarnation)
    for raw in twin.made:
        assert talk.feed(pack(raw), 1.0) == []
    assert talk.feed(twin.hello() + twin.ask_time(), 1.0) == []
    assert talk.feed(pack(encode(Header(Kind.CHALLENGE, bytes(4), 0, 0, 0), wearable.challenge)), 1.0) == []
    assert talk.hostile == 4


def test_a_hello_said_twice_is_answered_with_the_same_proof() -> None:
    wearable = Wearable(key=KEY)
    talk = Conversation(HUB, 0.0, secrets.token_bytes)
    challenge = wearable.hear(sent(talk.tick(0.0)))
    (challenged,) = talk.feed(challenge, 0.0)
    assert isinstance(challenged, Challenged)
    proof = talk.prove(challenged.challenge, KEY, by_label=False)
    assert talk.feed(challenge, 0.0) == [proof]
    assert isinstance(talk.feed(wearable.hear(proof.stream + proof.stream), 0.0)[0], Greeted)


def test_a_wearable_that_wants_proof_after_proof_is_hung_up_on() -> None:
    wearable = Wearable(key=KEY)
    talk = Conversation(HUB, 0.0, secrets.token_bytes)
    challenge = wearable.hear(sent(talk.tick(0.0)))
    words = talk.feed(challenge * (MOST_CHALLENGES + 1), 0.0)
    assert [type(word) for word in words] == [Challenged] * MOST_CHALLENGES + [End]


def test_a_rotated_key_opens_the_next_session_and_the_old_one_none() -> None:
    wearable = Wearable(key=KEY)
    talk = streaming(wearable)
    wearable.hear(talk.rotate().stream)
    assert (wearable.key, wearable.epoch) == (talk.next_key, 2)
    wearable.disconnect()
    assert met(wearable)[1] == [Turned(wearable.device_id, Refused.PROOF)]
    assert isinstance(met(wearable, talk.next_key)[1][0], Greeted)


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(Keyring(tmp_path / "keyring.json"))


def test_every_reason_is_one_sentence_that_says_what_to_do(trust: Trust) -> None:
    device = bytes(range(8))

    def sentence(error: Unavailable) -> str:
        assert error.message.endswith(".")
        assert error.message.count(". ") == 0
        assert error.retry_s
        return error.message

    with pytest.raises(Untrusted, match="has no key for it") as unknown:
        trust.answer(Challenge(device, 1, False, bytes(16)))
    assert unknown.value.unknown
    with pytest.raises(Untrusted, match=r"hub\.unauthenticated = true") as openly:
        trust.check_open(device)
    trust.keyring.add(device, KEY)
    with pytest.raises(Untrusted, match="not authenticated, so not believed") as impostor:
        trust.check_open(device)
    for error in (unknown, openly, impostor):
        sentence(error.value)
    for reason in [*Refused, 99]:
        assert KEY.hex() not in sentence(trust.refused(device, reason))
    Trust(Keyring(trust.keyring.path.with_name("none")), unauthenticated=True).check_open(device)
