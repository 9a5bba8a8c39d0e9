"""What a hub commands. An errand of a `Conduct`, as those of `evening`."""

from evensong_firmware import wire
from evensong_firmware.conduct import AGREE
from evensong_firmware.evening import fly, keep, set_alarm

DONE, REFUSED, UNKNOWN = 0, 1, 2  # as in `link`
STRONGEST = 3


def run(conduct, _, command):
    """(status, body) of the reply to a command."""
    code, arg = command
    conduct.clock.read()
    if code == wire.COMMAND_CUE:
        return _cue(conduct, arg)
    if code == wire.COMMAND_ALARM:
        return _alarm(conduct, arg)
    if code == wire.COMMAND_FLIGHT_CHECK:
        fly(conduct)
        return DONE, ""
    if code == wire.COMMAND_PLAN:
        if len(arg) != 1 or arg[0] > wire.PLAN_SPARE:
            return REFUSED, "there is no such plan"
        conduct.errand(AGREE, arg[0] | wire.PLAN_BY_COMMAND << 8)
        return DONE, ""
    return UNKNOWN, "unknown command"


def _cue(conduct, arg):
    if len(arg) != 2 or not 1 <= arg[0] <= STRONGEST or not 1 <= arg[1] <= 5:
        return REFUSED, "a cue has a strength of 1 to 3 and 1 to 5 pulses"
    if not conduct.cues:
        conduct.recorder.event(wire.EVENT_CUE, arg[1] << 8)
        return REFUSED, "the wearer switched cues off"
    if conduct.busy:
        return REFUSED, "the wearable is busy with its wearer"
    conduct.recorder.event(wire.EVENT_CUE, arg[0] | arg[1] << 8)
    conduct.touch().play(arg[1], arg[0], 200, 400)
    return DONE, ""


def _alarm(conduct, arg):
    utc_s, uncertainty_s = conduct.clock.utc()
    earliest_s = latest_s = 0
    if arg:
        if len(arg) != 8:
            return REFUSED, "an alarm has two times"
        earliest_s = arg[0] | arg[1] << 8 | arg[2] << 16 | arg[3] << 24
        latest_s = arg[4] | arg[5] << 8 | arg[6] << 16 | arg[7] << 24
        if not utc_s or uncertainty_s > 60:
            return REFUSED, "the wearable does not know the time yet"
        if not earliest_s <= latest_s or not 60 <= latest_s - utc_s <= 172800:
            return REFUSED, "an alarm's window ends after it begins, between a minute and two days from now"
    set_alarm(conduct, earliest_s, latest_s)
    conduct.recorder.event(wire.EVENT_ALARM_SET, latest_s - utc_s if arg else 0)
    return (DONE, "") if keep(conduct) else (DONE, "it will not outlive a reset: the flash cannot be written")
