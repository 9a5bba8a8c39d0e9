"""The flight check before lights-out: would this night complete, and if not, with which thinner plan?

Battery and spool decide about the plan. Clock, link and skin contact do not, because no plan mends them; they are told
of, since the wearer can.
"""

from evensong_firmware.power.energy import fits, lasts_h
from evensong_firmware.wire import (
    CHECK_BATTERY,
    CHECK_CLOCK,
    CHECK_LINK,
    CHECK_SKIN,
    CHECK_SPOOL,
    PLAN_FULL,
    PLAN_LEAN,
    PLAN_SPARE,
)

CLOCK_LIMIT_S = 60
LINK_LIMIT_S = 1500  # a wearable asks the hub for the time every twenty minutes
BATTERY_UNKNOWN_PCT = 127


class FlightCheck:
    """board: its name. failed: bits of the wire's Check. proposed: of its Plan. low_h, high_h: the battery with the
    plan FULL.
    """

    def __init__(self, board, capacity_mah, battery_pct, night_h):
        self._board = board
        self._capacity_mah = capacity_mah
        self._battery_pct = battery_pct
        self._night_h = night_h
        self.failed = 0
        self.proposed = PLAN_FULL
        self.low_h, self.high_h = self._lasts_h(PLAN_FULL)

    def _lasts_h(self, plan):
        if self._battery_pct > 100:  # unknown: no news is no failure, and no promise
            return 0, 63
        return lasts_h(self._board, plan, self._capacity_mah, self._battery_pct)

    def look(self, free_bytes, heard_s, clock_s, worn):
        """free_bytes: of the spool. heard_s: since a hub said something. clock_s: uncertainty of UTC, if a hub told it
        in this boot, else more than the limit. worn: True, False, or None if nothing measures it."""
        linked = heard_s <= LINK_LIMIT_S
        failed = 0
        if not linked:
            failed |= CHECK_LINK
        if clock_s > CLOCK_LIMIT_S:
            failed |= CHECK_CLOCK
        if worn is False:
            failed |= CHECK_SKIN
        if not self._battery_suffices(PLAN_FULL):
            failed |= CHECK_BATTERY
        if not linked and not fits(PLAN_FULL, free_bytes, self._night_h):
            failed |= CHECK_SPOOL
        self.failed = failed
        self.proposed = PLAN_FULL
        if failed & (CHECK_BATTERY | CHECK_SPOOL):
            lean = self._battery_suffices(PLAN_LEAN) and (linked or fits(PLAN_LEAN, free_bytes, self._night_h))
            self.proposed = PLAN_LEAN if lean else PLAN_SPARE

    def _battery_suffices(self, plan):
        if self._battery_pct > 100:
            return True
        return self._lasts_h(plan)[0] >= self._night_h

    def arg(self):
        """As the argument of a FLIGHT_CHECK event, below 2^30."""
        pct = min(self._battery_pct, BATTERY_UNKNOWN_PCT)
        low = self.failed | self.proposed << 5 | self.low_h << 7 | self.high_h << 13 | self._night_h << 19
        return low | pct << 23
