"""Samples of a thinner plan: the heart's rate from ten seconds of every thirty instead of each beat. Movement stays.

What it passes over was never taken, so the ledger does not miss it; a PLAN event says from when to when.
"""

from evensong_firmware.boards import BEAT, HEART_RATE
from evensong_firmware.power.states import BURST_EVERY_S, BURST_S
from evensong_firmware.ring import get16, get24, put16

LATE_S = 2  # a burst is emptied out of the sensor by the poll after it
LEAST_BEATS = 4
VOUCHED = 50  # quality
LOWEST_Q4, HIGHEST_Q4 = 20 * 16, 300 * 16


class Thin:
    def __init__(self):
        self._dark = False
        self._beats = 0
        self._ms = 0  # their intervals, summed
        self._stretch = -1  # the one that they are of
        self._told = -1  # stretch of 30 s whose rate has been told

    def look(self, board, t_s):
        """Let the optical sensor rest between bursts."""
        dark = t_s % BURST_EVERY_S >= BURST_S + LATE_S
        if dark != self._dark:
            self._dark = dark
            board.dark(dark)

    def takes(self, buf, i):
        """True if the sample at buf[i] is to be recorded; a beat may have become a heart rate then."""
        stream = buf[i + 4] >> 2
        if stream > HEART_RATE:
            return True
        t_s = get24(buf, i)
        stretch = t_s // BURST_EVERY_S
        if stream == HEART_RATE:
            if stretch == self._told:
                return False
            self._told = stretch
            return True
        if stream != BEAT:
            return True
        if stretch != self._stretch:
            self._stretch = stretch
            self._beats = self._ms = 0
        if t_s % BURST_EVERY_S < BURST_S:
            if buf[i + 5] >= VOUCHED:
                self._beats += 1
                self._ms += get16(buf, i + 6)
            return False
        beats, ms = self._beats, self._ms
        self._beats = self._ms = 0
        if stretch == self._told or beats < LEAST_BEATS:
            return False
        hr_q4 = (960000 * beats + ms // 2) // ms
        if not LOWEST_Q4 <= hr_q4 <= HIGHEST_Q4:
            return False
        self._told = stretch
        put16(buf, i + 3, get16(buf, i + 3) & 1023 | HEART_RATE << 10)
        buf[i + 5] = 0
        put16(buf, i + 6, hr_q4)
        return True
