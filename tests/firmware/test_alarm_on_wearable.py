"""The alarm on the wearable: by the live stager or without one, after a reset, with a wrong clock or motor."""

from __future__ import annotations

from pathlib import Path

import pytest
from hours import Hours

from evensong.staging.student import shipped_student
from evensong_firmware.stager.live import FEATURES
from evensong_wire.frames import CommandCode, EventCode, Ring
from evensong_wire.models import Event, Log

UTC_S = 1_800_000_000


def window(earliest_s: int, latest_s: int) -> bytes:
    return earliest_s.to_bytes(4, "little") + latest_s.to_bytes(4, "little")


def test_an_alarm_rings_at_the_end_of_its_window_whatever_fails(hours: Hours, monkeypatch: pytest.MonkeyPatch):
    hours.tell_time(UTC_S)
    assert hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400)).status == 0
    hours.live(5390)
    assert not hours.events(EventCode.ALARM_RANG)
    hours.live(20)
    assert hours.events(EventCode.ALARM_RANG) == [Event(EventCode.ALARM_RANG, Ring.LATEST)]
    assert hours.pulses() >= 6
    hours.press()
    hours.live(60)
    assert hours.events(EventCode.ALARM_STOPPED) == [Event(EventCode.ALARM_STOPPED, 1)]
    hours.pulses()
    hours.live(3600)
    assert hours.pulses() == 0
    assert not hours.rig.conduct.works


def test_a_window_is_refused_before_it_is_kept(hours: Hours):
    assert b"does not know the time" in hours.say(CommandCode.ALARM, window(UTC_S, UTC_S + 600)).body
    hours.tell_time(UTC_S)
    for arg in (b"1", window(UTC_S + 900, UTC_S + 600), window(UTC_S - 9, UTC_S), window(UTC_S, UTC_S + 200_000)):
        assert hours.say(CommandCode.ALARM, arg).status == 1
    assert hours.say(CommandCode.ALARM, window(UTC_S, UTC_S + 600)).status == 0
    assert hours.say(CommandCode.ALARM).status == 0
    hours.live(900)
    assert [event.arg for event in hours.events(EventCode.ALARM_SET)] == [600, 0]
    assert not hours.events(EventCode.ALARM_RANG)


def test_an_alarm_outlives_a_reset_and_is_early_rather_than_late(hours: Hours):
    hours.tell_time(UTC_S)
    hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400))
    hours.live(1800)
    hours.rig.recorder.checkpoint()
    hours.reset()
    hours.live(1790)
    assert not hours.events(EventCode.ALARM_RANG)
    hours.live(20)
    assert hours.events(EventCode.ALARM_RANG) == [Event(EventCode.ALARM_RANG, Ring.UNSURE_CLOCK)]
    hours.live(700)
    assert hours.events(EventCode.ALARM_STOPPED) == [Event(EventCode.ALARM_STOPPED, 0)], "nobody stopped it"


def test_a_clock_that_was_wrong_is_told_and_moves_the_alarm(hours: Hours):
    hours.tell_time(UTC_S - 3600)
    hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400))
    hours.tell_time(UTC_S)
    assert hours.events(EventCode.CLOCK_SET) == [Event(EventCode.CLOCK_SET, 3600)]
    hours.live(5390)
    assert not hours.events(EventCode.ALARM_RANG)
    hours.live(20)
    assert hours.events(EventCode.ALARM_RANG)


def stager_that_says(stage: int) -> bytes:
    """Weights of the live stager with which every epoch that it can stage is this one of W, N1, N2, N3 and R."""
    weights = bytearray(b"EVL2" + bytes((FEATURES, 1, 0, 5)) + bytes(2 + 4 * FEATURES + FEATURES + 5))
    for i in range(5):
        weights += bytes(1 + FEATURES) + (8000 if i == stage else 0).to_bytes(4, "little") + b"\0"
    return bytes(weights)


def sleep(hours: Hours, s: int) -> None:
    """Beats at 60 bpm and a count of nothing every 30 s."""
    first = hours.ticks.ms // 1000 + 1
    for t_s in range(first, first + s):
        hours.queue.append((1000 * t_s, 0, 100, 1000))
        if t_s % 30 == 0:
            hours.queue.append((1000 * t_s, 2, 0, 0))
    hours.live(s)


@pytest.mark.parametrize(("stage", "rings_after_s", "reason"), [(4, 3600, Ring.STAGE), (3, 5400, Ring.LATEST)])
def test_the_live_stager_rings_in_the_window_without_a_hub(
    hours: Hours, tmp_path: Path, stage: int, rings_after_s: int, reason: Ring
):
    (tmp_path / "live.weights").write_bytes(stager_that_says(stage))
    hours.tell_time(UTC_S)
    hours.wear(1)
    hours.hold(2.5)
    hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400))
    sleep(hours, 5500)
    assert hours.events(EventCode.ALARM_RANG) == [Event(EventCode.ALARM_RANG, reason)]
    (at_ms,) = [f.header.time_ms for f in hours.frames() if isinstance(f.body, Event) and f.body.code == 22]
    assert rings_after_s <= at_ms / 1000 <= rings_after_s + 3
    assert not any(isinstance(body, Log) for body in hours.bodies())


def test_the_shipped_stager_rings_within_the_window(hours: Hours, tmp_path: Path):
    (tmp_path / "live.weights").write_bytes(shipped_student().weights)
    hours.tell_time(UTC_S)
    hours.wear(1)
    hours.hold(2.5)
    hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400))
    sleep(hours, 5410)
    (event,) = hours.events(EventCode.ALARM_RANG)
    assert event.arg in (Ring.STAGE, Ring.LATEST)
    assert not any(isinstance(body, Log) for body in hours.bodies()), "it was read and it ran"


@pytest.mark.parametrize("weights", [b"EVL2", b"nonsense", None])
def test_a_stager_that_fails_leaves_a_plain_alarm(hours: Hours, tmp_path: Path, weights: bytes | None):
    if weights:
        (tmp_path / "live.weights").write_bytes(weights)
    hours.tell_time(UTC_S)
    hours.say(CommandCode.ALARM, window(UTC_S + 3600, UTC_S + 5400))
    sleep(hours, 5410)
    assert hours.events(EventCode.ALARM_RANG) == [Event(EventCode.ALARM_RANG, Ring.LATEST)]
    (log,) = [body for body in hours.bodies() if isinstance(body, Log)]
    assert log.text.startswith("alarm without stager: ")


def test_a_motor_that_fails_costs_no_sample(hours: Hours, monkeypatch: pytest.MonkeyPatch):
    def broken(level: int) -> None:
        raise OSError(level)

    monkeypatch.setattr(hours.rig.board, "signal", broken)
    hours.tell_time(UTC_S)
    hours.say(CommandCode.ALARM, window(UTC_S, UTC_S + 100))
    hours.live(800)
    assert len(hours.events(EventCode.ALARM_RANG, EventCode.ALARM_STOPPED)) == 2
    hours.wear(1)
    assert hours.rig.spool.state.sampled == 1
