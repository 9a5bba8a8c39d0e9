"""Device time passes the wrap of the ticks; UTC is carried over boots with what is not known of it."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import pytest
from rig import Rig, Ticks

from evensong_firmware import clock as clock_module
from evensong_firmware.clock import Clock, between_ms
from evensong_wire.models import Boot, HubHello, ResumeFrom

NOON = 1_700_000_000
UNKNOWN_S = 0xFFFF


def test_ticks_wrap(ticks: Ticks):
    ticks.ms = (1 << 30) - 1500
    clock = Clock()
    for _ in range(30):
        ticks.ms += 86_400_001
        clock.read()
    assert (clock.t_s, clock.t_ms) == (30 * 86400, 30)


def test_utc_drifts_in_uncertainty(ticks: Ticks):
    clock = Clock()
    assert clock.utc() == (0, UNKNOWN_S)
    clock.set_utc(NOON, 2)
    ticks.ms += 86_400_000
    clock.read()
    assert clock.utc() == (NOON + 86400, 2 + 9)
    clock.restart()
    ticks.ms += 1_000
    clock.read()
    assert (clock.t_s, clock.utc()[0]) == (1, NOON + 86401)


def test_times_apart():
    assert between_ms(10, 900, 12, 100) == 1200
    assert between_ms(12, 100, 10, 900) == -1200
    assert between_ms(0, 0, 1 << 24, 0) == 1 << 29


def boots(rig: Rig) -> list[Boot]:
    rig.say(HubHello(bytes(8), 0), ResumeFrom(0, 0))
    return [frame.body for frame in rig.hear() if isinstance(frame.body, Boot)]


@pytest.mark.parametrize(
    ("rtc_s", "carried"),
    [(None, (NOON + 100, UNKNOWN_S)), (NOON + 160, (NOON + 160, 4)), (NOON - 5, (NOON + 100, UNKNOWN_S))],
)
def test_utc_is_carried_over_a_boot(ticks: Ticks, tmp_path: Path, rtc_s: int | None, carried: tuple[int, int]):
    """By the last checkpoint, as the earliest that it can be; or by a clock that ran through the reset."""
    rig = Rig(tmp_path)
    ticks.ms += 10_000
    rig.clock.read()
    rig.clock.set_utc(NOON, 3)
    rig.spool.state.set_utc(NOON, rig.clock.t_s, 3)
    ticks.ms += 100_000
    rig.clock.read()
    rig.recorder.turn()
    rig.board.rtc = rtc_s
    rig.boot()
    last = boots(rig)[-1]
    assert (last.utc_s, last.utc_uncertainty_s) == carried
    assert last.previous_time_ms == 110_000
    rig.boot()
    assert boots(rig)[-1].utc_s == carried[0], "and on over boots that saw no hub"


@pytest.mark.parametrize(("year", "epoch_s"), [(1970, 0), (2000, 946_684_800)])
def test_both_epochs(ticks: Ticks, monkeypatch: pytest.MonkeyPatch, year: int, epoch_s: int):
    monkeypatch.setattr(time, "gmtime", lambda _: (year, 1, 1, 0, 0, 0, 0, 1))
    reloaded = importlib.reload(clock_module)
    assert epoch_s == reloaded.EPOCH_S
    monkeypatch.undo()
    importlib.reload(clock_module)
