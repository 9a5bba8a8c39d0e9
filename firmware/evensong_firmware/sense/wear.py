"""Is it worn? Perfusion, movement, temperature and the charger, with hysteresis; the states are the wire's.

A pulse is proof of wear. Where no light comes back it is off. Without a pulse for a minute it is off if nothing speaks
for a wrist: no movement, or a skin sensor that has cooled; a table gives back light too. Movement without a pulse is a
loose strap or a bag being carried: after five minutes nobody knows. On the charger it is not worn, and what comes after
is unknown until a pulse is seen.
"""

OFF, ON, UNKNOWN, CHARGING = 0, 1, 2, 3
NO_TEMP = -32768
_PULSE_S = 5  # seconds with a pulse until it is worn
_PAUSE_S = 12  # that these may be apart, as in bursts of ten seconds of which the first six tell no beats
_LOST_S = 60
_LOST_MOVING_S = 300
_MOVED_MG = 15
_WARM_CDEG = 2800  # skin under a strap is 30 to 35 degrees (Mendt et al. 2017); a room is not
_COOL_CDEG = 2600


class Wear:
    """state: one of the constants. Call `add` once a second in which it was looked."""

    def __init__(self):
        self.state = UNKNOWN
        self._pulse_s = 0
        self._without_s = 0
        self._still_s = 0

    def add(self, level, rise, vouched, motion_mg, temp_cdeg, charging):
        """True if the state has changed. level: mean light that comes back, 0 in the dark; rise: of a usual pulse
        within 120 ms, same unit; vouched: beats of this second that are vouched for; temp_cdeg: NO_TEMP if there is no
        sensor."""
        self._still_s = 0 if motion_mg > _MOVED_MG else self._still_s + (self._still_s < _LOST_S)
        # A pulse's steepest 120 ms are a quarter to a half of its height; 1/8000 of the light is a perfusion of 0.03 %.
        if vouched and level and rise * 8000 >= level:
            self._pulse_s += self._pulse_s < _PULSE_S
            self._without_s = 0
        else:
            self._without_s += self._without_s < _LOST_MOVING_S
            if self._without_s > _PAUSE_S:
                self._pulse_s = 0
        state = self._next(level, temp_cdeg, charging)
        if state == self.state:
            return False
        self.state = state
        return True

    def _next(self, level, temp_cdeg, charging):
        if charging:
            self._pulse_s = self._without_s = 0
            return CHARGING
        state = UNKNOWN if self.state == CHARGING else self.state
        if not level:
            self._pulse_s = 0
            self._without_s = _LOST_S
            return OFF
        if self._pulse_s >= _PULSE_S:
            return ON
        if self._without_s >= _LOST_S:
            cool = NO_TEMP < temp_cdeg < _COOL_CDEG
            warm = temp_cdeg > _WARM_CDEG
            if cool or (self._still_s >= _LOST_S and not warm):
                return OFF
            if self._without_s >= _LOST_MOVING_S and not (warm and state == ON):
                return OFF if state == OFF else UNKNOWN
        return state
