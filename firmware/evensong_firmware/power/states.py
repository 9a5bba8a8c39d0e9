"""In which of five states a wearable is, and what it does in each: sensors in bursts, radio in windows, light sleep.

    CHARGING   on the charger: nothing is measured, the radio is on
    OFF_WRIST  only movement is watched, so that it is noticed when it is put on; after an hour the radio rests too
    TRANSFER   a hub takes what waits: the radio stays on until it is done
    NIGHT      from lights-off to rising, as its plan says
    DAY        worn otherwise: like a night with the plan FULL

Light sleep is used only while the radio is off, because MicroPython's BLE does not outlive it on an ESP32 (micropython
issue 6396). States and plans have the numbers of the wire's PowerState and Plan.
"""

from evensong_firmware.wire import (
    PLAN_FULL,
    PLAN_LEAN,
    POWER_CHARGING,
    POWER_DAY,
    POWER_NIGHT,
    POWER_OFF_WRIST,
    POWER_TRANSFER,
    WEAR_CHARGING,
    WEAR_OFF,
)

WINDOW_S = 120  # the radio is on so long ...
EVERY_S = 1800  # ... in every stretch of this length, where it is on in windows
RESTS_AFTER_S = 3600  # off the wrist
LINGERS_S = 10  # a hub that was heard so long ago may still be taking frames

MOVEMENT, BURSTS, ALL = 0, 1, 2  # what is measured
BURST_S, BURST_EVERY_S = 10, 30


def state_of(wear, night, waiting, heard_s):
    """wear: of the wire's Wear. night: between lights-off and rising. waiting: True if more frames wait than one
    minute makes. heard_s: seconds since a hub said something.
    """
    if wear == WEAR_CHARGING:
        return POWER_CHARGING
    if waiting and heard_s <= LINGERS_S:
        return POWER_TRANSFER
    if wear == WEAR_OFF:
        return POWER_OFF_WRIST
    return POWER_NIGHT if night else POWER_DAY


def radio_is_on(state, plan, since_s):
    """since_s: seconds in this state; at every change of state a window begins."""
    if state == POWER_OFF_WRIST:
        return since_s < RESTS_AFTER_S or since_s % EVERY_S < WINDOW_S
    if state != POWER_NIGHT or plan == PLAN_FULL:
        return True
    return plan == PLAN_LEAN and since_s % EVERY_S < WINDOW_S


def measured(state, plan):
    """MOVEMENT, BURSTS (the heart for 10 s of every 30) or ALL."""
    if state == POWER_CHARGING or state == POWER_OFF_WRIST:
        return MOVEMENT
    return ALL if plan == PLAN_FULL else BURSTS
