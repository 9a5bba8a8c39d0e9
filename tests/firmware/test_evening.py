"""An evening, a night and a morning with one button: what is pressed, what is recorded, what light and motor answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from interpreters import HERE, Run, runner
from rig import Rig, Ticks

from evensong.staging.student import shipped_student
from evensong_firmware.ring import put16, put24
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Cursor
from evensong_firmware.stager.live import FEATURES
from evensong_wire import codec
from evensong_wire.frames import Check, CommandCode, EventCode, Plan, PlanBy, PowerState, Ring
from evensong_wire.models import Command, Ema, Event, FlightCheck, Frame, HubHello, Log, Reply, TimeReply, TimeRequest

UTC_S = 1_800_000_000


class Hours:
    """A rig whose sampler polls as on a board. Streams: 8 wear, 11 button."""

    def __init__(self, home: Path, ticks: Ticks) -> None:
        self.ticks = ticks
        self.rig = Rig(home)
        self.links: list[bool] = []
        self.queue: list[tuple[int, int, int, int]] = []
        self._replies = 0
        self.begin()

    def begin(self) -> None:
        rig = self.rig
        rig.board.sources = (self,)
        rig.conduct.links = (self,)
        self.sampler = Sampler(rig.board, rig.clock, rig.recorder, rig.config, rig.conduct, ())

    def rest(self, on: bool) -> None:
        """Of the radio."""
        self.links.append(on)

    def read_into(self, buf: bytearray, t_s: int, t_ms: int) -> int:
        if not self.queue or self.queue[0][0] > 1000 * t_s + t_ms:
            return 0
        at_ms, stream, a, b = self.queue.pop(0)
        put24(buf, 0, at_ms // 1000)
        put16(buf, 3, at_ms % 1000 | stream << 10)
        buf[5] = a
        put16(buf, 6, b)
        return 1

    def reset(self) -> None:
        """Device time starts again; nobody knows how long that took."""
        self.ticks.ms = 0
        self.rig.boot()
        self.begin()

    def live(self, s: float) -> None:
        end_ms = self.ticks.ms + round(1000 * s)
        while True:
            self.sampler.turn()
            step_ms = 50 if self.rig.conduct.busy else 2000
            if self.ticks.ms + step_ms > end_ms:
                break
            self.ticks.ms += step_ms
        self.ticks.ms = end_ms
        self.sampler.turn()

    def wear(self, state: int) -> None:
        self.queue.append((self.ticks.ms, 8, state, 0))
        self.live(0.1)

    def press(self, times: int = 1, ms: int = 120) -> None:
        for _ in range(times):
            self.queue.append((self.ticks.ms, 11, 1, 0))
            self.live(ms / 1000)
            self.queue.append((self.ticks.ms, 11, 0, 0))
            self.live(0.2)

    def hold(self, s: float) -> None:
        self.press(1, round(1000 * s))

    def say(self, code: CommandCode, arg: bytes = b"") -> Reply:
        """A command by a hub that is near."""
        self._replies += 1
        self.rig.say(HubHello(bytes(8), 0), Command(self._replies, code, arg))
        return [f.body for f in self.rig.hear() if isinstance(f.body, Reply)][-1]

    def tell_time(self, utc_s: int) -> None:
        self.rig.session.open()
        self.rig.say(HubHello(bytes(8), 0))
        token = [f.body.token for f in self.rig.hear() if isinstance(f.body, TimeRequest)][-1]
        self.rig.say(TimeReply(token, 1000 * utc_s, 20))

    def frames(self) -> list[Frame]:
        cursor, found = Cursor(), []
        while n := self.rig.spool.read(cursor):
            found.append(codec.decode(bytes(self.rig.spool.found[:n])))
        return found

    def bodies(self) -> list[object]:
        return [frame.body for frame in self.frames()]

    def events(self, *codes: EventCode) -> list[Event]:
        return [body for body in self.bodies() if isinstance(body, Event) and body.code in codes]

    def pulses(self) -> int:
        """Played since this was asked last."""
        number = sum(level > 0 for level in self.rig.board.signals)
        self.rig.board.signals.clear()
        return number


@pytest.fixture
def hours(ticks: Ticks, tmp_path: Path) -> Hours:
    return Hours(tmp_path, ticks)


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
