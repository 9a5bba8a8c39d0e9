"""Changes of a power state, of the radio, of device time. Errands of a `Conduct`, as those of `evening`."""

from evensong_firmware import wire
from evensong_firmware.conduct import CLOCK_SET, END_NIGHT, ENTER, RESTARTED, SWITCH_RADIO
from evensong_firmware.power import states


def _enter(conduct, state):
    """Into another power state."""
    conduct.state = state
    conduct.since_s = conduct.clock.t_s
    conduct.recorder.event(wire.EVENT_POWER, state)
    if state == wire.POWER_CHARGING and conduct.night_ends_s >= 0:
        conduct.errand(END_NIGHT)
    _measure(conduct)


def _measure(conduct):
    what = states.measured(conduct.state, conduct.plan)
    if what == conduct.measured:
        return
    conduct.measured = what
    conduct.board.dark(False)
    conduct.board.rest(what == states.MOVEMENT)
    conduct.thin = None
    if what == states.BURSTS:
        from evensong_firmware.thin import Thin

        conduct.thin = Thin()


def _switch_radio(conduct, _):
    conduct.radio = not conduct.radio
    for link in conduct.links:
        link.rest(not conduct.radio)


def _restarted(conduct, passed_s):
    """Device time began again at 0; it was this late."""
    conduct.since_s -= passed_s
    if conduct.night_ends_s >= 0:
        conduct.night_ends_s = max(0, conduct.night_ends_s - passed_s)
    conduct.heard_s = conduct.told_s = -0x20000000
    for each in conduct.works:
        each.restart(passed_s)


def _clock_set(conduct, step_s):
    if not -2 <= step_s <= 2:
        conduct.recorder.event(wire.EVENT_CLOCK_SET, max(-0x3FFFFFFF, min(0x3FFFFFFF, step_s)))
    for each in conduct.works:
        each.clock_set()


def run(conduct, what, arg):
    if what == ENTER:
        _enter(conduct, arg)
    elif what == SWITCH_RADIO:
        _switch_radio(conduct, arg)
    elif what == CLOCK_SET:
        _clock_set(conduct, arg)
    elif what == RESTARTED:
        _restarted(conduct, arg)
    else:
        _measure(conduct)
