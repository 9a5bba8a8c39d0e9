"""What a night is about: it begins and ends, its plan, the flight check before it, and what must outlive a reset.

Errands of a `Conduct`, which loads this when one is to be run and forgets it afterwards. What outlives a reset is in a
file of its own beside the settings, which no hub can write with a CONFIGURE command.
"""

import json
import os

from evensong_firmware import wire
from evensong_firmware.conduct import MEASURE, NIGHT_LIMIT_S

# --- what outlives a reset: [plan, night, cues, alarm's earliest and latest UTC] ---


def _file(conduct):
    return conduct.board.home + "/evening.json"


def _recall(conduct, _):
    """At the start of a boot. A file that cannot be read counts as none."""
    try:
        with open(_file(conduct)) as file:
            plan, night, cues, earliest_s, latest_s = json.load(file)
            conduct.plan, conduct.cues = plan % 3, bool(cues)
            if night:
                conduct.night_ends_s = NIGHT_LIMIT_S
            if latest_s:
                set_alarm(conduct, earliest_s, latest_s)
            conduct.errand(MEASURE)
    except (OSError, ValueError, TypeError):
        pass


def keep(conduct, _=0):
    """Returns False if it will not outlive a reset."""
    alarm = [0, 0]
    for each in conduct.works:
        alarm = each.kept() or alarm
    path = _file(conduct)
    try:
        with open(path + ".new", "w") as file:
            json.dump([conduct.plan, conduct.night_ends_s >= 0, conduct.cues] + alarm, file)
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True


# --- nights and plans ---


def _noted(conduct, code):
    """LIGHTS_OFF or RISE came with the samples."""
    if code == wire.EVENT_LIGHTS_OFF:
        _begin_night(conduct)
    else:
        _end_night(conduct)


def _begin_night(conduct):
    conduct.night_ends_s = conduct.clock.t_s + NIGHT_LIMIT_S
    keep(conduct)


def _end_night(conduct, _=0):
    conduct.night_ends_s = -1
    if conduct.plan == wire.PLAN_FULL:
        keep(conduct)
    else:
        _agree(conduct, wire.PLAN_FULL | wire.PLAN_BY_NOBODY << 8)
    number = conduct.config.values["prompts"]
    if number:
        from evensong_firmware.prompts import Prompts

        conduct.works = [each for each in conduct.works if each.kept()]
        conduct.works.append(Prompts(conduct, number))


def _lights_off(conduct, _):
    """The wearer said so with the button."""
    conduct.recorder.event(wire.EVENT_LIGHTS_OFF, 0)
    _begin_night(conduct)
    check = fly(conduct)
    hand = conduct.touch()
    if check.proposed:
        hand.propose(check.proposed)
    elif check.failed:
        hand.play(5, 1, 80, 120)
    else:
        hand.play(1, 1, 600)


def fly(conduct):
    """The flight check, recorded."""
    from evensong_firmware.power.flight import FlightCheck

    values, clock, board = conduct.config.values, conduct.clock, conduct.board
    check = FlightCheck(board.name, values["battery_mah"], board.battery()[1], values["night_h"])
    uncertainty_s = clock.utc()[1] if conduct.told_s >= 0 else wire.UNCERTAINTY_UNKNOWN_S
    worn = None if conduct.wear == wire.WEAR_UNKNOWN else conduct.wear == wire.WEAR_ON
    check.look(conduct.recorder.spool.free_bytes(), clock.t_s - conduct.heard_s, uncertainty_s, worn)
    conduct.recorder.event(wire.EVENT_FLIGHT_CHECK, check.arg())
    return check


def _agree(conduct, decision):
    plan = decision & 255
    if plan != conduct.plan:
        conduct.plan = plan
        conduct.recorder.event(wire.EVENT_PLAN, decision)
        if plan != wire.PLAN_FULL:
            conduct.recorder.live = False
        conduct.errand(MEASURE)
    keep(conduct)


def set_alarm(conduct, earliest_s, latest_s):
    """UTC; 0 and 0: none."""
    conduct.works = [each for each in conduct.works if not each.kept()]
    if latest_s:
        from evensong_firmware.waking import Waking

        conduct.works.insert(0, Waking(conduct, earliest_s, latest_s))


_ERRANDS = (_recall, keep, _noted, _lights_off, _end_night, _agree)  # in the order of their numbers in `conduct`


def run(conduct, what, arg):
    return _ERRANDS[what](conduct, arg)
