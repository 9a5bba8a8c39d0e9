"""Is the wearer in bed, and since when? By the button, else by rest: the hub's two states, looked at forwards only.

At rest or up, and each change costs twenty still epochs: see `evensong.staging.rest`, whose evidence this is, with the
heart measured against what it did so far. What remains of the likeliest path is the difference of the two states.
"""

from evensong_firmware.stager.arithmetic import clip, log2
from evensong_firmware.stager.movement import MOVED

ONE = 64
CHANGE = 20 * ONE
NEAR_Q6 = 15 << 6  # bpm above the low end that are never fast
STEP_Q6 = 5 << 6
LONGEST = 16 * 120  # epochs that a night lasts at most


class Bed:
    """since: epochs since lights-off, as told or as it looks; -1 if the wearer is up."""

    def __init__(self):
        self.since = 0
        self._told = False
        self._lead = 0  # evidence by which rest leads
        self._rested = 0  # epochs since up led by all it can

    def lights_off(self):
        """Said again while in bed it changes nothing."""
        if not self._told:
            self._told = True
            self.since = -1

    def rise(self):
        self._told = False
        self._lead = -CHANGE
        self.since = -1

    def step(self, count_q8, worn, heart):
        """An epoch ends. heart: has taken it in already."""
        self._lead = clip(self._lead, CHANGE)
        self._rested = 0 if self._lead == -CHANGE else min(self._rested + 1, LONGEST)
        self._lead += self._evidence(count_q8, worn, heart)
        if self._told:
            self.since += 1
            self._told = self.since < LONGEST
        else:
            self.since = self._rested if self._lead > 0 else -1

    def _evidence(self, count_q8, worn, heart):
        if not worn:
            return -3 * ONE
        slowness = 0
        if heart.known:
            border = heart.low_q6 + max((heart.high_q6 - heart.low_q6) * 2 // 5, NEAR_Q6)
            slowness = clip((border - heart.mean_q6) * ONE // STEP_Q6, ONE)
        if count_q8 < 0:
            return slowness
        moved = log2(count_q8 + 256) - (8 << 10) > MOVED
        return (-3 * ONE if moved else ONE) + min(slowness, 0)
