"""An evening, a night and a morning with one button: what is pressed, what is recorded, what light and motor answer."""

from __future__ import annotations

from hours import Hours
from interpreters import HERE, Run, runner

from evensong_wire.frames import Check, CommandCode, EventCode, Plan, PlanBy, PowerState
from evensong_wire.models import Ema, Event, FlightCheck

UTC_S = 1_800_000_000


def test_the_same_on_micropython(run_micropython: Run) -> None:
    script = HERE / "on_device" / "spend_an_evening.py"
    assert run_micropython(script).splitlines() == runner("cpython")(script).splitlines()


def check_in(hours: Hours, valence: int, arousal: int) -> None:
    hours.press(2)
    hours.live(1)
    for value in (valence, arousal):
        hours.press(value)
        hours.hold(1)
        hours.live(0.5 * value)


def test_a_check_in_is_counted_played_back_and_kept(hours: Hours):
    check_in(hours, 6, 3)
    hours.live(1)
    assert not any(isinstance(body, Ema) for body in hours.bodies()), "it can still be taken back"
    hours.live(10)
    assert [body for body in hours.bodies() if isinstance(body, Ema)] == [Ema(6, 3, prompted=False)]
    assert hours.pulses() == 1 + 6 + 3 + 1
    assert hours.rig.spool.state.sampled == 1
    assert hours.rig.conduct.hand is None


def test_a_check_in_taken_back_or_forgotten_leaves_nothing(hours: Hours):
    check_in(hours, 6, 3)
    hours.hold(1)
    hours.live(20)
    hours.press(2)
    hours.live(1)
    hours.press(4)
    hours.live(30)
    assert not any(isinstance(body, Ema) for body in hours.bodies())


def test_lights_off_and_rise_by_the_button(hours: Hours):
    hours.wear(1)
    hours.tell_time(UTC_S)
    hours.rig.board.battery_pct = 100
    hours.say(CommandCode.CONFIGURE, b'{"night_h": 7}')
    hours.hold(2.5)
    hours.live(60)
    marks = EventCode.LIGHTS_OFF, EventCode.FLIGHT_CHECK, EventCode.POWER, EventCode.PLAN, EventCode.RISE
    said = hours.events(*marks)
    assert [event.code for event in said] == [EventCode.LIGHTS_OFF, EventCode.FLIGHT_CHECK, EventCode.POWER]
    assert FlightCheck.of(said[1].arg) == FlightCheck(Check(0), Plan.FULL, 7, 33, 7, 100)
    assert said[2].arg == PowerState.NIGHT
    assert hours.pulses() == 1
    hours.live(7 * 3600)
    hours.hold(2.5)
    hours.live(5)
    assert [event.code for event in hours.events(*marks)[3:]] == [EventCode.RISE, EventCode.POWER]


def test_every_failed_check_is_told(hours: Hours):
    hours.wear(0)
    hours.hold(2.5)
    (event,) = hours.events(EventCode.FLIGHT_CHECK)
    check = FlightCheck.of(event.arg)
    assert check.failed == Check.BATTERY | Check.CLOCK | Check.SPOOL | Check.LINK | Check.SKIN
    assert (check.proposed, check.battery_pct) == (Plan.LEAN, 80), "the spool of this rig holds nine sectors"


def test_a_thinner_plan_is_agreed_by_a_press_and_ends_with_the_night(hours: Hours):
    hours.wear(1)
    hours.rig.board.battery_pct = 12
    hours.hold(2.5)
    hours.live(3)
    assert hours.pulses() == 3, "it asks"
    hours.press()
    hours.live(5)
    assert hours.events(EventCode.PLAN) == [Event(EventCode.PLAN, Plan.SPARE | PlanBy.BUTTON << 8)]
    assert hours.links == [True], "the radio rests"
    assert hours.rig.conduct.thin
    assert hours.say(CommandCode.LIVE, b"\1").status == 1
    hours.reset()
    hours.live(5)
    assert (hours.rig.conduct.plan, hours.links) == (Plan.SPARE, [True, True]), "a reset does not undo what was agreed"
    hours.hold(2.5)
    hours.live(5)
    assert hours.events(EventCode.PLAN)[1:] == [Event(EventCode.PLAN, Plan.FULL | PlanBy.NOBODY << 8)]
    assert hours.links == [True, True, False]
    assert hours.rig.conduct.thin is None


def test_without_an_answer_the_night_is_full(hours: Hours):
    hours.rig.board.battery_pct = 12
    hours.hold(2.5)
    hours.live(70)
    hours.press()
    hours.live(5)
    assert hours.events(EventCode.PLAN) == []
    assert hours.links == []


def test_by_command(hours: Hours):
    hours.rig.board.battery_pct = 12
    assert hours.say(CommandCode.FLIGHT_CHECK).status == 0
    (event,) = hours.events(EventCode.FLIGHT_CHECK)
    assert FlightCheck.of(event.arg).proposed == Plan.SPARE
    assert hours.say(CommandCode.PLAN, bytes([7])).status == 1
    assert hours.say(CommandCode.PLAN, bytes([Plan.LEAN])).status == 0
    assert hours.events(EventCode.PLAN) == [Event(EventCode.PLAN, Plan.LEAN | PlanBy.COMMAND << 8)]


def test_radio_in_windows(hours: Hours):
    hours.wear(1)
    hours.hold(2.5)
    hours.say(CommandCode.PLAN, bytes([Plan.LEAN]))
    hours.live(3600)
    assert hours.links == [True, False, True, False]
    hours.live(119)
    assert hours.links[4:] == []
    hours.live(10)
    assert hours.links[4:] == [True]


def test_off_the_wrist_and_on_the_charger(hours: Hours):
    hours.wear(0)
    assert hours.rig.board.resting
    hours.live(3800)
    assert hours.links == [True]
    hours.live(1700)
    assert hours.links == [True, False]
    hours.wear(1)
    hours.hold(2.5)
    assert not hours.rig.board.resting
    hours.rig.board.on_charger = True
    hours.live(4)
    states = [event.arg for event in hours.events(EventCode.POWER)]
    assert states == [PowerState.OFF_WRIST, PowerState.DAY, PowerState.NIGHT, PowerState.CHARGING]
    assert hours.rig.conduct.night_ends_s == -1


def test_the_wearers_switch_beats_every_cue(hours: Hours):
    assert hours.say(CommandCode.CUE, bytes([2, 3])).status == 0
    hours.live(5)
    assert hours.pulses() == 3
    hours.press(5)
    hours.live(5)
    hours.pulses()
    for _ in range(2):
        refused = hours.say(CommandCode.CUE, bytes([2, 3]))
        assert (refused.status, refused.body) == (1, b"the wearer switched cues off")
        assert hours.say(CommandCode.CONFIGURE, b'{"cues": 1}').status == 1
        hours.reset()
    assert hours.pulses() == 0
    hours.press(5)
    hours.live(5)
    assert hours.say(CommandCode.CUE, bytes([1, 1])).status == 0
    args = [event.arg for event in hours.events(EventCode.CUE, EventCode.CUES)]
    assert args == [0x302, 0, 0x300, 0x300, 1, 0x101]
    for arg in (b"", b"\0\1", b"\4\1", b"\1\6", b"\1\1\1"):
        assert hours.say(CommandCode.CUE, arg).status == 1


def test_it_asks_how_one_feels_after_rising_only_if_that_is_wanted(hours: Hours):
    hours.say(CommandCode.CONFIGURE, b'{"prompts": 2}')
    hours.wear(1)
    for _ in range(2):
        hours.hold(2.5)
        hours.live(60)
    hours.live(600)
    assert hours.events(EventCode.PROMPT) == [Event(EventCode.PROMPT, 1)]
    check_in(hours, 5, 5)
    hours.live(10)
    hours.live(14 * 3600)
    assert len(hours.events(EventCode.PROMPT)) == 2
    check_in(hours, 5, 5)
    hours.live(10)
    asked = [body.prompted for body in hours.bodies() if isinstance(body, Ema)]
    assert asked == [True, False], "the second one came too late to be an answer"
