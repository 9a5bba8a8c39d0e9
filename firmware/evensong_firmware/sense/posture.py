"""Posture from gravity at the wrist: how steeply the forearm hangs, and how long it has kept still.

A hanging forearm is upright, whatever the legs do; one that rests level for five minutes without turning by more than
some degrees is taken for lying (the rule of sustained inactivity of van Hees et al. 2015, PLoS ONE 10: e0142533, which
finds sleep periods by it); what is between is sitting. A wrist cannot tell a forearm on a table from one in bed: that
distinction is a guess by its stillness, and nothing that needs to be right should rest on it.
"""

UNKNOWN, LYING, SITTING, UPRIGHT = 0, 1, 2, 3
_STEEP, _LESS_STEEP = 75, 60  # percent of gravity along the forearm: 49 and 37 degrees
_LEVEL, _LESS_LEVEL = 40, 50  # 24 and 30 degrees
_TURNED_MG = 90  # of an axis: about five degrees
_STILL_S = 300
_HOLD_S = 10  # a posture must last before it counts


class Posture:
    """state: one of the constants. Call `add` once a second."""

    def __init__(self):
        self.state = UNKNOWN
        self._rest = [0, 0, 0]  # where the still forearm was
        self._still_s = 0
        self._other = UNKNOWN
        self._other_s = 0

    def add(self, x_mg, y_mg, z_mg):
        """Mean acceleration of this second; x along the forearm. True if the posture has changed."""
        rest = self._rest
        far = abs(x_mg - rest[0]) > _TURNED_MG or abs(y_mg - rest[1]) > _TURNED_MG or abs(z_mg - rest[2]) > _TURNED_MG
        if far:
            rest[0] = x_mg
            rest[1] = y_mg
            rest[2] = z_mg
            self._still_s = 0
        elif self._still_s < _STILL_S:
            self._still_s += 1
        seen = self._seen(x_mg, y_mg, z_mg)
        if seen == self.state or seen == UNKNOWN:
            self._other_s = 0
            return False
        self._other_s = self._other_s + 1 if seen == self._other else 1
        self._other = seen
        if self._other_s < _HOLD_S:
            return False
        self.state = seen
        self._other_s = 0
        return True

    def _seen(self, x, y, z):
        square = x * x + y * y + z * z
        if not 640000 < square < 1440000:  # 0.8 to 1.2 g: else it is movement, not gravity
            return UNKNOWN
        along = x * x // (square // 10000)  # squared share, in 1/10000
        steep = _LESS_STEEP if self.state == UPRIGHT else _STEEP
        if along > steep * steep:
            return UPRIGHT
        level = _LESS_LEVEL if self.state == LYING else _LEVEL
        if along < level * level and (self._still_s >= _STILL_S or self.state == LYING):
            return LYING
        return SITTING
