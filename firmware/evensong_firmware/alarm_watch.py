"""Feeds the live stager with the samples that the recorder gets, for the alarm. Loaded the night before its window.

An epoch ends where the activity count of its 30 s says so; without counts, four seconds after it must have ended.
"""

from evensong_firmware.boards import ACTIVITY, BEAT, HEART_RATE
from evensong_firmware.ring import get16, get24
from evensong_firmware.stager.live import Live
from evensong_firmware.wire import WEAR_OFF

EPOCH_S = 30
BIN_S = 5
LATE_S = 4
LOST_S = 600  # a silence this long ends the epoch that was open, and no other


class Watch:
    """weights: of the live stager. since: epochs since lights-off, -1 if nobody said so."""

    def __init__(self, weights, since):
        self._live = Live(weights)
        if since >= 0:
            self._live.lights_off()
            self._live.bed.since = since
        self._night = since >= 0
        self._ends_s = -1  # device time at which the open epoch ends

    def look(self, night):
        """night: whether the wearer has said lights-off and not that they rose."""
        if night != self._night:
            self._night = night
            if night:
                self._live.lights_off()
            else:
                self._live.rise()

    def take(self, buf, i, wear):
        """The sample at buf[i]. Returns the stage of the epoch that it ends, or -1."""
        stream, t_s = buf[i + 4] >> 2, get24(buf, i)
        if stream > ACTIVITY:
            return -1
        if self._ends_s < 0 or t_s > self._ends_s + LOST_S:
            self._ends_s = t_s - t_s % EPOCH_S + EPOCH_S
        stage = -1
        if stream == ACTIVITY:
            if t_s >= self._ends_s - EPOCH_S // 2:  # else of an epoch that was closed without it
                stage = self._live.step(buf[i + 5] << 16 | get16(buf, i + 6), wear != WEAR_OFF)
                self._ends_s = t_s + EPOCH_S
            return stage
        while t_s >= self._ends_s + LATE_S:
            stage = self._live.step(-1, wear != WEAR_OFF)
            self._ends_s += EPOCH_S
        place = min(EPOCH_S // BIN_S - 1, max(0, (t_s - self._ends_s + EPOCH_S) // BIN_S))
        if stream == BEAT:
            self._live.rates.beat(place, get16(buf, i + 6), buf[i + 5])
        elif stream == HEART_RATE:
            self._live.rates.reading(place, get16(buf, i + 6))
        return stage
