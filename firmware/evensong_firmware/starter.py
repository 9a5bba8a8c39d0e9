"""What the board starts; `evensong flash` puts it there as main.py. It picks a slot and runs the firmware in it.

`slot` names the firmware that runs, a or b. While an update is on trial, `trial` names its slot and how many starts it
has left: each start takes one before anything of the update runs, so that an update which hangs, crashes or is cut off
from power is out of starts some time, and the other slot runs again. Only the firmware itself can end its trial, when
it has been well for a while (`slots.confirm`). No update ever writes this file; whatever the files hold, a slot is run.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import os
import sys


def read(path):
    try:
        with open(path) as file:
            return file.read(2)
    except (OSError, ValueError):
        return ""


def choose():
    """The slot to run now."""
    slot, trial = read("slot")[:1], read("trial")
    if slot not in ("a", "b"):
        slot = "a"
    if len(trial) == 2 and trial[0] in "ab" and trial[0] != slot:
        if trial[1] in "123":
            with open("trial.new", "w") as file:
                file.write(trial[0] + "012"["123".index(trial[1])])
            os.rename("trial.new", "trial")  # littlefs and POSIX replace in one step
            return trial[0]
        os.rename("trial", "failed")  # it is out of starts; what it was, `evensong wearable list` tells
    return slot


def run(slot):
    sys.path.insert(0, slot)
    try:
        import evensong_firmware.main  # noqa: F401 - it runs
    except Exception as error:
        sys.print_exception(error)
    try:  # a firmware never returns: what is left is to start again
        from machine import reset
    except ImportError:  # not on a chip
        raise SystemExit
    import time

    time.sleep(3)  # `evensong flash` can interrupt here, whatever the firmware is worth
    reset()


if __name__ == "__main__":
    run(choose())
