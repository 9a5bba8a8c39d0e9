"""What runs here, and the end of an update's trial. Loaded only when it is asked for; see `starter`."""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio
import os
import sys

from evensong_firmware import supervisor
from evensong_firmware.update import is_there, numbers, put, text_of

WELL_S = 60  # without a task that stopped: then an update has proven itself
AWAY_MS = 1500  # for the answer to leave before a restart


async def prove():
    """Ends the trial of the firmware that runs, if nothing goes wrong for a minute."""
    before = supervisor.stopped
    await asyncio.sleep_ms(WELL_S * 1000)
    if supervisor.stopped == before:
        confirm(sys.path[0])


def confirm(slot):
    """This slot is the one that starts from now on, and nothing below its minimum comes after it. Each step may be the
    last before the power fails: then the next start finds `trial` again and repeats them."""
    if slot not in ("a", "b") or text_of("trial", "")[:1] != slot:
        return
    if text_of("slot", "") != slot:
        put("slot", slot.encode())
    minimum = fact(slot, "minimum")
    if minimum and numbers(minimum) > numbers(text_of("floor", "0.0.0")):
        put("floor", minimum.encode())
    if is_there("failed"):
        os.remove("failed")
    os.remove("trial")


def fact(slot, name):
    """A fact of the slot's manifest, empty if it has none."""
    try:
        with open(slot + "/manifest", "rb") as manifest:
            for line in manifest:
                words = line.decode().split()
                if words and words[0] == name:
                    return words[1]
    except (OSError, ValueError, IndexError):
        pass
    return ""


def told():
    """For `evensong wearable list`: slot and version that run, whether on trial, and what failed since."""
    slot = sys.path[0]
    state = "trial" if text_of("trial", "")[:1] == slot else "confirmed"
    failed = text_of("failed", "")[:1]
    return "%s %s %s%s" % (slot or "-", fact(slot, "version") or "-", state, " failed " + failed if failed else "")


async def restart(board):
    await asyncio.sleep_ms(AWAY_MS)
    board.reset()
