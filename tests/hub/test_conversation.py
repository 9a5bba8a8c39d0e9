from __future__ import annotations

from simulated_wearable import Wearable

from evensong.hub.journal import Position, Tail
from evensong.hub.link.conversation import (
    HELLO_EVERY_S,
    HELLO_TRIES,
    IDLE_LIMIT_S,
    MOST_LIVES,
    REWIND_LIMIT_S,
    Conversation,
    End,
    Greeted,
    Keep,
    Send,
    TimeAsked,
    Word,
)
from evensong_wire.codec import encode
from evensong_wire.models import Ack, Header, Unknown
from evensong_wire.stream import pack

HUB = b"hubhubhu"


def sent(words: list[Word]) -> bytes:
    return b"".join(word.stream for word in words if isinstance(word, Send))


def kept(words: list[Word]) -> list[tuple[int, int]]:
    return [(w.frame.header.boot_id, w.frame.header.seq) for w in words if isinstance(w, Keep)]


def greeted(wearable: Wearable, tail: Tail | None = None) -> Conversation:
    talk = Conversation(HUB, 0.0, bytes)
    words = talk.feed(wearable.hear(sent(talk.tick(0.0))), 0.0)
    assert [type(word) for word in words] == [Greeted]
    wearable.hear(sent(talk.resume(tail)))
    return talk


def all_of(wearable: Wearable) -> bytes:
    return b"".join(iter(wearable.send, None))


def test_frames_flow_after_the_hello_and_are_acknowledged_together() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    talk = greeted(wearable)
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 0), (1, 1), (1, 2)]
    wearable.hear(sent(talk.acknowledge()))
    assert wearable.acks == [Ack(1, 2)]
    assert not wearable.spool
    assert talk.acknowledge() == []


def test_a_wearable_that_is_another_boot_at_every_hello_is_hung_up_on() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    for _ in range(MOST_LIVES - 1):
        wearable.reboot()
        assert [type(word) for word in talk.feed(wearable.hello(), 0.0)] == [Greeted]
    wearable.reboot()
    assert [type(word) for word in talk.feed(wearable.hello(), 0.0)] == [End]


def test_it_resumes_behind_the_journal_and_repeats_the_ack_that_may_have_been_lost() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    talk = greeted(wearable, Tail(Position(1, 1), 3))
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 2)]
    assert wearable.acks == [Ack(1, 1)]


def test_a_hole_is_asked_for_once_and_what_flew_meanwhile_is_passed_over() -> None:
    wearable = Wearable()
    for _ in range(4):
        wearable.heart_rate()
    talk = greeted(wearable)
    frames = [wearable.send() for _ in range(5)]
    assert kept(talk.feed(frames[0] or b"", 1.0)) == [(1, 0)]
    words = talk.feed((frames[2] or b"") + (frames[3] or b""), 1.0)  # number 1 was lost
    assert kept(words) == []
    assert len(words) == 1
    wearable.hear(sent(words))
    assert kept(talk.feed(all_of(wearable), 2.0)) == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert talk.in_flight == 1


def test_a_number_that_stays_missing_becomes_a_gap() -> None:
    wearable = Wearable()
    wearable.heart_rate(room=False)
    wearable.heart_rate()
    wearable.heart_rate()
    talk = greeted(wearable)
    words = talk.feed(all_of(wearable), 1.0)
    assert kept(words) == [(1, 0)]
    wearable.hear(sent(words))
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 2), (1, 3)]
    wearable.hear(sent(talk.acknowledge()))
    assert wearable.acks == [Ack(1, 3)]


def test_a_frame_damaged_twice_is_asked_for_twice() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    talk = greeted(wearable)
    for _ in range(2):
        wave = [wearable.send() or b"" for _ in range(len(wearable.spool) - (wearable.cursor or 0))]
        at = -2  # number 1
        wave[at] = wave[at][:9] + b"\x55" + wave[at][10:]
        words = talk.feed(b"".join(wave), 1.0)
        assert (1, 1) not in kept(words)
        wearable.hear(sent(words))
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 1), (1, 2)]


def test_the_end_of_a_boot_that_was_lost_on_the_way_is_asked_for() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    wearable.reboot()
    talk = greeted(wearable)
    frames = [wearable.send() or b"" for _ in range(4)]
    words = talk.feed(frames[0] + frames[1] + frames[3], 1.0)
    assert kept(words) == [(1, 0), (1, 1)]
    wearable.hear(sent(words))
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 2), (2, 0)]


def test_a_new_boot_goes_on_without_asking_when_the_counters_agree() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.reboot()
    wearable.heart_rate()
    talk = greeted(wearable)
    words = talk.feed(all_of(wearable), 1.0)
    assert kept(words) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert sent(words) == b""


def test_a_fresh_hub_begins_where_the_spool_begins() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    del wearable.spool[:2]  # another hub has these
    talk = greeted(wearable)
    words = talk.feed(all_of(wearable), 1.0)
    assert kept(words) == [(1, 2)]
    assert sent(words) == b""


def test_time_is_asked_and_answered() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    (asked,) = talk.feed(wearable.ask_time(7), 1.0)
    assert isinstance(asked, TimeAsked)
    wearable.hear(talk.time_reply(asked.token, 1_700_000_000_123, 100).stream)
    (reply,) = wearable.replies
    assert (reply.token, reply.utc_ms) == (7, 1_700_000_000_123)


def test_frames_of_another_identity_are_counted_and_ignored() -> None:
    wearable, stranger = Wearable(), Wearable(incarnation=b"evil")
    later = Wearable()
    later.reboot()
    talk = greeted(wearable)
    for foreign in (stranger, later):
        foreign.cursor = len(foreign.spool) - 1
        assert talk.feed(foreign.send() or b"", 1.0) == []
    assert talk.feed(stranger.ask_time(), 1.0) == []
    assert talk.hostile == 3
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(1, 0)]


def test_frames_before_the_hello_are_hostile() -> None:
    wearable = Wearable()
    wearable.cursor = 0
    talk = Conversation(HUB, 0.0, bytes)
    assert talk.feed(all_of(wearable), 0.0) == []
    assert talk.hostile == 1


def test_unknown_kinds_are_kept_raw_if_numbered_and_passed_over_if_not() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    assert kept(talk.feed(all_of(wearable), 0.0)) == [(1, 0)]
    newer = encode(Header(0x1E, wearable.incarnation, 1, 1, 0), Unknown(b"from the future"))
    word = encode(Header(0x3E, wearable.incarnation, 1, 1, 0), Unknown(b"a new word"))
    words = talk.feed(pack(word) + pack(newer), 0.0)
    assert [w.frame.raw for w in words if isinstance(w, Keep)] == [newer]
    assert talk.hostile == 0


def test_a_wearable_that_reboots_on_an_open_line_is_greeted_again() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    assert kept(talk.feed(all_of(wearable), 0.0)) == [(1, 0)]
    wearable.reboot()
    assert isinstance(talk.feed(wearable.hello(), 1.0)[0], Greeted)
    wearable.hear(sent(talk.resume(Tail(Position(1, 0), 0))))
    assert kept(talk.feed(all_of(wearable), 1.0)) == [(2, 0)]


def test_another_wearable_on_the_same_line_ends_it() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    assert isinstance(talk.feed(Wearable(device_id=b"somebody").hello(), 1.0)[0], End)


def test_a_hello_is_repeated_then_given_up() -> None:
    talk = Conversation(HUB, 0.0, bytes)
    now_s = 0.0
    for _ in range(HELLO_TRIES):
        assert sent(talk.tick(now_s))
        now_s = talk.due_s
    assert now_s == HELLO_TRIES * HELLO_EVERY_S
    assert isinstance(talk.tick(now_s)[0], End)


def test_a_silent_link_is_ended() -> None:
    wearable = Wearable()
    talk = greeted(wearable)
    talk.feed(wearable.ask_time(), 100.0)
    assert talk.due_s == 100.0 + IDLE_LIMIT_S
    assert talk.tick(talk.due_s - 1) == []
    assert isinstance(talk.tick(talk.due_s)[0], End)


def test_a_wearable_that_never_goes_back_is_given_up_and_nothing_behind_the_hole_is_acknowledged() -> None:
    wearable = Wearable()
    wearable.heart_rate()
    wearable.heart_rate()
    talk = greeted(wearable)
    frames = [wearable.send() or b"" for _ in range(3)]
    assert talk.feed(frames[0], 0.0)
    talk.acknowledge()
    assert sent(talk.feed(frames[2], 0.0))
    asked, now_s = 1, 0.0
    while not isinstance(talk.tick(now_s := now_s + REWIND_LIMIT_S)[0], End):
        asked += 1
    assert asked == 4
    assert talk.acknowledge() == []
