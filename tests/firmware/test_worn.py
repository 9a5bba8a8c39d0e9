"""Whether it is worn, out of what the other sources see between two polls."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evensong_firmware.sources.worn import Worn
from evensong_wire.frames import Wear


class Wrist:
    """Sources that a test turns by hand; `live` gives the states that are told."""

    def __init__(self) -> None:
        self.pulse = SimpleNamespace(
            dark=False, looked=False, seen=0, vouched=0, level=100_000, swing=lambda: 300, motion_mg=lambda: 3
        )
        self.skin = SimpleNamespace(cdeg=-32768)
        self.charging = False
        self._worn = Worn(self.pulse, self.skin, lambda: self.charging)
        self._s = 0

    def live(self, seconds: int, beats: int = 0, lit: bool = True) -> list[Wear]:
        states = []
        for _ in range(seconds // 2):
            self._s += 2
            if lit:
                self.pulse.seen += 200
                self.pulse.vouched += 2 * beats
            buf = bytearray(8)
            while self._worn.read_into(buf, self._s, 0):
                assert buf[4] >> 2 == 8
                states.append(Wear(buf[5]))
        return states


def test_put_on_charged_and_put_on_again() -> None:
    wrist = Wrist()
    assert wrist.live(20, beats=1) == [Wear.ON]
    wrist.charging = True
    assert wrist.live(20, lit=False) == [Wear.CHARGING], "though nothing is measured on the charger"
    wrist.charging = False
    assert wrist.live(10, lit=False) == [Wear.UNKNOWN]
    assert wrist.live(20, beats=1) == [Wear.ON]


def test_in_the_dark_it_is_off_at_once() -> None:
    wrist = Wrist()
    wrist.live(20, beats=1)
    wrist.pulse.dark = True
    assert wrist.live(4, lit=False) == [Wear.OFF]
    wrist.pulse.dark = False
    assert wrist.live(30, beats=1) == [Wear.ON]


def test_while_nothing_is_measured_nothing_is_learnt() -> None:
    wrist = Wrist()
    wrist.live(20, beats=1)
    assert wrist.live(3600, lit=False) == []


@pytest.mark.parametrize(("cdeg", "states"), [(-32768, [Wear.OFF]), (3300, []), (2400, [Wear.OFF])])
def test_without_a_pulse_the_skin_may_speak_for_a_wrist(cdeg: int, states: list[Wear]) -> None:
    wrist = Wrist()
    wrist.live(20, beats=1)
    wrist.skin.cdeg = cdeg
    assert wrist.live(200) == states
    assert wrist.pulse.looked == bool(states), "and then the light may go out"


def test_bursts_of_a_thinner_plan_are_enough() -> None:
    """Ten seconds of every thirty, and of these the last four tell beats."""
    wrist = Wrist()
    states = []
    for _ in range(10):
        states += wrist.live(6) + wrist.live(4, beats=1) + wrist.live(20, lit=False)
    assert states == [Wear.ON]
