"""What the recorder promises of frames: closed in time, numbered without holes, nothing lost, a full spool told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from rig import Rig, Ticks

from evensong_firmware import wire
from evensong_firmware.spool import Cursor
from evensong_wire import codec
from evensong_wire.frames import EventCode, Flag
from evensong_wire.models import Ack, Activity, Boot, Event, Frame, HeartRate, HubHello, Ibi, ResumeFrom, samples_in

BEAT, RATE, COUNT, WEAR = 0, 1, 2, 8


@pytest.fixture
def rig(ticks: Ticks, tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def stored(rig: Rig) -> list[Frame]:
    cursor = Cursor()
    frames = []
    while n := rig.spool.read(cursor):
        frames.append(codec.decode(bytes(rig.spool.found[:n])))
    return frames


def test_a_frame_closes_when_it_is_ten_minutes_old_or_a_second_while_watched(rig: Rig, ticks: Ticks):
    rig.sample(1_000, RATE, 0, 960)
    for ms, kinds in ((600_900, 1), (601_000, 2)):
        ticks.ms = ms
        rig.clock.read()
        rig.recorder.turn()
        assert len(stored(rig)) == kinds
    rig.recorder.live = True
    rig.sample(601_500, RATE, 0, 970)
    ticks.ms = 602_600
    rig.clock.read()
    rig.recorder.turn()
    last = stored(rig)[-1]
    assert last.body == HeartRate((0,), (970,))
    assert last.header.flags == Flag.CUT_SHORT


def test_beats_apart_overlapping_or_begun_before_the_boot(rig: Rig):
    assert not rig.sample(800, BEAT, 100, 900), "it began before this boot"
    assert rig.sample(2_000, BEAT, 100, 900)
    assert rig.sample(9_000, BEAT, 40, 1_000)
    assert rig.sample(9_500, BEAT, 200, 1_000), "it begins before the beat before it"
    rig.recorder.flush()
    first, second = stored(rig)[1:]
    assert first.body == Ibi((900, 7_900), (900, 1_000), (100, 40))
    assert (second.header.time_ms, second.body) == (8_500, Ibi((1_000,), (1_000,), (100,)))
    assert rig.spool.state.sampled == 3


def test_epochs_missing_and_off_the_grid(rig: Rig):
    assert not rig.sample(20_000, COUNT, 0, 5), "its epoch began before this boot"
    for t_ms in (30_000, 60_000, 120_000, 130_000):
        assert rig.sample(t_ms, COUNT, 1, 2)
    rig.recorder.flush()
    count = 0x10002
    bodies = [frame.body for frame in stored(rig)[1:]]
    assert bodies == [Activity((count, count, None, count)), Activity((count,))]


def test_times_that_run_backwards_begin_a_frame(rig: Rig):
    rig.sample(5_000, RATE, 0, 960)
    rig.sample(4_000, RATE, 0, 961)
    rig.recorder.flush()
    assert [frame.body for frame in stored(rig)[1:]] == [HeartRate((0,), (960,)), HeartRate((0,), (961,))]


def test_a_full_spool_drops_counts_and_tells(ticks: Ticks, tmp_path: Path):
    rig = Rig(tmp_path, sectors=6)
    while not rig.spool.state.dropped:
        rig.sample(1_000, WEAR, 1, 0)
    for _ in range(9):
        rig.sample(1_000, WEAR, 1, 0)
    rig.recorder.checkpoint()
    held = stored(rig)
    state = rig.spool.state
    assert (state.dropped, state.sampled) == (10, state.stored + 10)
    rig.say(HubHello(bytes(8), 0), ResumeFrom(1, 0))
    rig.hear()
    rig.say(Ack(1, held[-1].header.seq))
    rig.sample(2_000, WEAR, 0, 0)
    rig.sample(2_000, WEAR, 1, 0)
    frames = [frame for frame in rig.hear() if frame.header.numbered]
    assert [frame.header.seq for frame in frames] == [held[-1].header.seq + 11 + i for i in range(3)]
    assert frames[1].body == Event(EventCode.SPOOL_FULL, 10)
    assert not isinstance(frames[2].body, Event), "once"


def test_samples_dropped_before_a_reboot_are_told_of_after_it(ticks: Ticks, tmp_path: Path):
    rig = Rig(tmp_path, sectors=6)
    while rig.spool.state.dropped < 3:
        rig.sample(1_000, WEAR, 1, 0)
    rig.recorder.checkpoint()
    rig.say(HubHello(bytes(8), 0), ResumeFrom(1, 0))
    last = [frame for frame in rig.hear() if frame.header.numbered][-1]
    rig.say(Ack(1, last.header.seq))
    rig.recorder.checkpoint()
    rig.boot()
    boot, event = stored(rig)[-2:]
    assert isinstance(boot.body, Boot)
    assert boot.body.previous_sampled == last.header.seq + 3
    assert event.body == Event(EventCode.SPOOL_FULL, 3)


def test_numbers_begin_again_before_they_run_out(rig: Rig, ticks: Ticks, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "BOOT_LIMIT", 3600 + 20)
    for i in range(60):
        ticks.ms += 1_000
        rig.clock.read()
        rig.sample(1000 * rig.clock.t_s + rig.clock.t_ms, RATE, 0, 960 + i)
        rig.recorder.turn()
    rig.recorder.flush()
    frames = stored(rig)
    boots = [frame.body for frame in frames if isinstance(frame.body, Boot)]
    assert [boot.previous_boot_id for boot in boots] == [0, 1, 2]
    assert [boot.previous_time_ms for boot in boots] == [0, 21_000, 21_000]
    assert sum(samples_in(frame.body) for frame in frames) == 60
    assert [boot.previous_sampled for boot in boots] == [0, 21, 21]
