"""How long a battery lasts, as an interval, and how much flash a night takes. Integers below 2^30.

The lower end takes everything at its worst: the gauge reads `GAUGE_PCT` too much, an aged cell gives `WORST_PCT` of its
capacity, the current is the highest that `currents` states. The upper end takes the opposite. It is a model from data
sheets, no measurement: docs/power.md has its inputs, their sources and their errors.
"""

from evensong_firmware.power.currents import CURRENT_UA

GAUGE_PCT = 5  # of a state of charge that is read from the voltage; from memory of fuel gauges' data sheets
WORST_PCT = 80  # of the rated capacity: an aged cell, and a regulator that gives up before the cell does
MOST_H = 63
NIGHT_BYTES = (8000, 2000, 2000)  # an hour, by plan; measured with `evensong replay` on the demo's night, rounded up


def chip_of(board):
    """The chip, as in `CURRENT_UA`, of a board of this name; the virtual board draws as an ESP32-S3 would."""
    if "c3" in board:
        return "esp32c3"
    return "esp32s3" if "s3" in board or board == "virtual" else "esp32"


def lasts_h(board, plan, capacity_mah, battery_pct):
    """(least, most) whole hours, each at most `MOST_H`. board: its name. capacity_mah: at most 10000."""
    low_ua, high_ua = CURRENT_UA[chip_of(board)][plan]
    least = capacity_mah * WORST_PCT // 100 * max(0, battery_pct - GAUGE_PCT) * 10 // high_ua
    most = capacity_mah * min(100, battery_pct + GAUGE_PCT) * 10 // low_ua
    return min(MOST_H, least), min(MOST_H, most)


def fits(plan, free_bytes, hours):
    """True if a night of so many hours finds room in the spool though no hub takes anything."""
    return NIGHT_BYTES[plan] * hours <= free_bytes
