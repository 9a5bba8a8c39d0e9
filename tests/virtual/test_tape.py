"""A tape holds every measurement of a recording once, at its own time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong.errors import InputError
from evensong.virtual.tape import Tape, tape_of
from evensong_firmware.boards.virtual import Tape as BoardTape
from evensong_wire.frames import EventCode, Wear
from evensong_wire.models import (
    KIND_OF,
    Activity,
    Body,
    Ema,
    Event,
    Frame,
    Header,
    HeartRate,
    Ibi,
    PpgRaw,
    Status,
    WearChange,
    samples_in,
)

FIRST = b"\1\2\3\4"
BOOTS = {(FIRST, 1): 0, (FIRST, 2): 40_000_000}


def frame(body: Body, time_ms: int = 0, boot_id: int = 1, seq: int = 0) -> Frame:
    return Frame(Header(KIND_OF[type(body)], FIRST, boot_id, seq, time_ms), body, b"")


def test_each_kind() -> None:
    frames = [
        frame(Event(EventCode.TIME_ZERO, 0), 60_000, seq=1),
        frame(HeartRate((0, 5_000), (900, 3_000)), 61_000, seq=2),
        frame(Ibi((800, 1_700), (800, 900), (100, 40)), 60_500, seq=3),
        frame(Activity((70_000, None, 0)), 30_000, seq=4),
        frame(WearChange(Wear.ON), 60_000, seq=5),
        frame(Ema(9, 1, prompted=True), 62_200, seq=6),
    ]
    assert tape_of(frames, BOOTS).records == [
        (60_000, 3, 1, 70_000 - 65_536),
        (60_000, 4, 1, 0),
        (60_000, 6, 1, 0),
        (61_000, 1, 0, 900),
        (61_300, 2, 100, 800),
        (62_200, 2, 40, 900),
        (62_200, 5, 0x91, 1),
        (66_000, 1, 0, 3_000),
        (120_000, 3, 0, 0),
    ]


def test_a_frame_that_came_twice_is_played_once_and_boots_lie_on_the_timeline() -> None:
    again = frame(WearChange(Wear.OFF), 5, seq=7)
    later = frame(WearChange(Wear.ON), 5, boot_id=2, seq=7)
    assert [t_ms for t_ms, *_ in tape_of([again, later, again], BOOTS).records] == [5, 40_000_005]


def test_what_a_device_said_about_itself_is_not_played() -> None:
    words = [
        Status(3900, 80, None, 100, None, 5, 5, 0),
        Event(EventCode.SPOOL_FULL, 70_000),
        Event(EventCode.CLOCK_SET, 0),
    ]
    assert tape_of([frame(body, seq=i) for i, body in enumerate(words)], BOOTS) == Tape([])


@pytest.mark.parametrize(
    ("body", "boot_id", "sentence"),
    [
        (PpgRaw(5000, 0, (1, 2)), 1, "raw PPG"),
        (Event(EventCode.BUTTON, -1), 1, "holds 0 to 65535"),
        (WearChange(Wear.ON), 9, "boot 9"),
        (Ibi((-70_000,), (800,), (100,)), 1, "not within 49 days"),
    ],
)
def test_what_no_tape_can_hold(body: Body, boot_id: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        tape_of([frame(body, boot_id=boot_id)], BOOTS)


BODIES = st.one_of(
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 65_535)), max_size=20).map(
        lambda rows: HeartRate(tuple(t for t, _ in rows), tuple(v for _, v in rows))
    ),
    st.lists(st.tuples(st.integers(250, 2_500), st.integers(0, 100)), max_size=20).map(
        lambda rows: Ibi(
            tuple(sum(v for v, _ in rows[: i + 1]) for i in range(len(rows))),
            tuple(v for v, _ in rows),
            tuple(q for _, q in rows),
        )
    ),
    st.lists(st.one_of(st.none(), st.integers(0, (1 << 24) - 1)), max_size=20).map(lambda c: Activity(tuple(c))),
    st.sampled_from(Wear).map(WearChange),
    st.builds(Ema, st.integers(1, 9), st.integers(1, 9), st.booleans()),
)


@given(st.lists(st.tuples(BODIES, st.integers(0, 10_000_000), st.sampled_from([1, 2])), max_size=20))
def test_nothing_is_lost(drawn: list[tuple[Body, int, int]]) -> None:
    frames = [frame(body, time_ms, boot_id, seq) for seq, (body, time_ms, boot_id) in enumerate(drawn)]
    tape = tape_of(frames, BOOTS)
    assert tape.samples == sum(samples_in(each.body) for each in frames)
    assert [t_ms for t_ms, *_ in tape.records] == sorted(t_ms for t_ms, *_ in tape.records)


def test_the_virtual_board_plays_what_was_written(tmp_path: Path) -> None:
    """From the instant of a reboot on, each record once, at its own device time."""
    tape = Tape([(t_ms, 2, t_ms % 101, 800) for t_ms in range(0, 3_000_000, 837)])
    tape.write(tmp_path / "tape")
    offset_ms = 1_234_567
    board = BoardTape(str(tmp_path / "tape"), offset_ms)
    buffer = bytearray(64)
    played = []
    for now_s in range(0, 2_000, 2):
        while count := board.read_into(buffer, now_s, 0):
            for i in range(0, 8 * count, 8):
                t_ms = int.from_bytes(buffer[i : i + 3], "little") * 1000 + (buffer[i + 3] | (buffer[i + 4] & 3) << 8)
                assert t_ms <= now_s * 1000
                played.append((t_ms + offset_ms, 2, buffer[i + 5], int.from_bytes(buffer[i + 6 : i + 8], "little")))
    board._file.close()  # the firmware never does
    assert played == [record for record in tape.records if record[0] >= offset_ms]
