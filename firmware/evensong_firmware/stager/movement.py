"""What the wrist has done until now, whatever the scale of its accelerometer.

Half of a sensor's gain is taken out, by the running mean of its counts; all of it would take out how restless the night
is, too. A wearable of another scale is then wrong by the root of its gain in the first hour, and by little later.
"""

from evensong_firmware.stager.arithmetic import averaged, log2, root
from evensong_firmware.stager.heart import unusual

FEATURES = 14
TYPICAL_Q8 = 4 << 8  # near the mean of the nights that this was built on
TRUST = 60  # epochs of which it is thought to be the mean at first
MOST_EPOCHS = 1200  # epochs that the running mean is worth at most
SPEEDS = (1, 3, 4, 6, 7)  # of averages: 2^k epochs, from a minute to an hour
MOVED, MOVED_MUCH = 2955, 4400  # log2(1 + count) in Q10: 6.4 and 18.7
LONG = 120  # epochs
MOST_Q8 = 1 << 19  # a count of 2,048 is no wrist's


class Movement:
    """known: whether the last epoch has a count. silent: epochs since one had, at most `LONG`."""

    def __init__(self):
        self.known = False
        self.silent = LONG
        self._number = 0
        self._mean = TYPICAL_Q8 << 6
        self._average = [0] * len(SPEEDS)  # Q16
        self._since = self._since_much = LONG
        self._most = 0
        self._before = [0] * 6  # logarithms, newest first
        self._usual = [0] * 3
        self._deviation = [0] * 3

    def step(self, count_q8, out, at):
        """Take in the count of an epoch, -1 for none, and put `FEATURES` integers, Q10, into out[at:], if `known`."""
        self.known = count_q8 >= 0
        self._since = min(self._since + 1, LONG)
        self._since_much = min(self._since_much + 1, LONG)
        if not self.known:
            self.silent = min(self.silent + 1, LONG)
            return
        self.silent = 0
        self._number += 1
        log = self._scaled(count_q8)
        if log > MOVED:
            self._since = 0
        if log > MOVED_MUCH:
            self._since_much = 0
        self._most = max(log, self._most - (self._most >> 4))
        out[at] = log
        for i in range(5):
            self._average[i] = averaged(self._average[i], log << 6, self._number, SPEEDS[i])
            out[at + 1 + i] = self._average[i] >> 6
        before = self._before
        out[at + 6] = self._most
        out[at + 7] = before[5]
        out[at + 8] = before[2]
        out[at + 9] = log2(1 + self._since)
        out[at + 10] = log2(1 + self._since_much)
        out[at + 11] = unusual(self._usual, self._deviation, 0, log, self._number)
        out[at + 12] = unusual(self._usual, self._deviation, 1, self._average[1] >> 6, self._number)
        out[at + 13] = unusual(self._usual, self._deviation, 2, self._average[2] >> 6, self._number)
        for i in range(5, 0, -1):
            before[i] = before[i - 1]
        before[0] = log

    def _scaled(self, count_q8):
        """log2(1 + count), Q10, the count scaled half-way to the typical mean."""
        count_q8 = min(count_q8, MOST_Q8)
        worth = min(self._number + TRUST, MOST_EPOCHS)
        self._mean += ((count_q8 << 6) - self._mean) // worth
        mean_q8 = max(self._mean >> 6, 26)
        gain_q8 = root((TYPICAL_Q8 << 16) // mean_q8)
        return log2((count_q8 * gain_q8 >> 8) + 256) - (8 << 10)
