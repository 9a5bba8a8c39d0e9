"""An evening with a weak battery, a full spool, a wrong clock and no hub: checked, thinned, agreed, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from evensong.errors import InputError
from evensong.nexus.store import Store
from evensong.recordings.framing import Source, write_samples
from evensong.recordings.repairs import Repairs
from evensong.recordings.synth import synthesize
from evensong.ui.night import NightView
from evensong.virtual.conditions import Conditions, parse
from evensong.virtual.replay import NEXUS_STORE, ReplayResult, replay
from evensong.virtual.tape import BATTERY, BEAT, BUTTON, EVENT, Tape
from evensong_wire.frames import EventCode


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "short.evr"
    samples, _ = synthesize(seed=3, hours=1.0)
    write_samples(path, samples, Source("synthetic", "3", None, synthetic=True), Repairs())
    return path


def test_conditions_are_read_and_refused_in_one_sentence():
    assert parse("") is None
    assert parse("battery:12,spool:95,clock:-3600,hub:away") == Conditions(12, 95, -3600, hub_away=True)
    for text in ("battery", "battery:101", "spool:-1", "clock:x", "hub:near", "rain:1", "battery:1,battery:2"):
        with pytest.raises(InputError):
            parse(text)


def test_the_button_says_what_the_recording_said():
    off = (100_000, EVENT, EventCode.LIGHTS_OFF.value, 0)
    tape = Conditions(battery_pct=12).on_tape(Tape([(1_000, BEAT, 100, 900), off, (9_000_000, BEAT, 100, 900)]))
    assert (0, BATTERY, 12, 0) in tape.records
    assert off not in tape.records
    pressed = [(t_ms, a) for t_ms, kind, a, _ in tape.records if kind == BUTTON]
    assert pressed[:2] == [(98_000, 1), (100_500, 0)], "held for two seconds at lights-off"
    assert len(pressed) == 6, "agreed to, and held at the end for want of a rise"
    assert tape.samples == 2


def whole(result: ReplayResult) -> bool:
    figures = result.figures()
    return len({figures[step] for step in ("sampled", "stored", "transferred", "staged", "forwarded")}) == 1


def test_a_night_that_would_not_complete_gets_a_thinner_plan(recording: Path, tmp_path: Path) -> None:
    result = replay(recording, under="battery:12,spool:95,clock:-3600,hub:away", folder=tmp_path / "night")
    figures = result.figures()
    assert figures["flight_check"] == {
        "failed": ["battery", "clock", "spool", "link"],
        "battery_pct": 12,
        "battery_h": [0, 4],
        "wanted_h": 8,
        "proposed": "SPARE",
    }
    assert (figures["plan"], figures["agreed_by"], figures["clock_steps_s"]) == ("SPARE", "button", [3600])
    with Store.open(tmp_path / "night" / NEXUS_STORE) as store:
        (night,) = store.nights(limit=9)
    plan = night.document.thinner_plan
    assert plan is not None
    assert (plan.plan, plan.agreed_by) == ("spare", "button")
    assert "the spare plan was in force" in NightView.of(night.document, "hub").plan
    assert whole(result), "what the plan took arrived, though the spool was nearly full and no hub came all night"
    assert result.on_tape / 4 < figures["sampled"] < result.on_tape / 2, "beats gave way to the heart's rate"


def test_a_hub_that_is_near_mends_spool_and_clock(recording: Path) -> None:
    result = replay(recording, under="battery:100,spool:95,clock:-3600")
    figures = result.figures()
    assert figures["flight_check"]["failed"] == []
    assert (figures["plan"], figures["agreed_by"], figures["clock_steps_s"]) == ("FULL", None, [3600])
    assert figures["sampled"] == result.on_tape
    assert whole(result)
