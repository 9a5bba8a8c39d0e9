"""A smart alarm: inside a window it rings at the first epoch in which its wearer is likely not to sleep deeply, and at
the latest when the window ends, whatever has failed.

The rule is a heuristic: sleep inertia is worst after waking from deep sleep (Tassi and Muzet, Sleep Medicine Reviews
2000, 4:341), so two successive epochs that the live stager calls wake, light or REM are taken for a good moment. An
epoch that it does not decide rings nothing. No stager, no heart rate, no hub: then it is a plain alarm for the window's
end. That is the safety property, and the one thing that a failure of anything else must not touch: whether it is time
is decided here from device time alone, by comparing two small integers.

UTC places the window on device time when it is set, and again whenever the clock learns better, by `place`; while the
alarm is set, what is learnt moves its end only earlier, so a clock that jumps back can make it early, never late. After
a reset that left the clock unsure, the known time is the earliest that it can be: then it rings as soon as the window
has begun for certain.
"""

from evensong_firmware.wire import RING_LATEST, RING_STAGE, RING_UNSURE_CLOCK

WAKE, LIGHT, DEEP, REM, UNDECIDED = 0, 1, 2, 3, 4  # what an epoch was staged as
EPOCHS = 2
NIGHT_S = 10 * 3600  # with only 40 minutes before it, the stager calls half of the deep epochs something else
SURE_S = 120  # a clock that may be further off is unsure
LEAST_S, MOST_S = -0x20000000, 0x20000000


class Alarm:
    """earliest_utc_s, latest_utc_s: the window. t_s, utc_s, uncertainty_s: now, by device time and UTC."""

    def __init__(self, earliest_utc_s, latest_utc_s):
        self._earliest_utc_s = earliest_utc_s
        self._latest_utc_s = latest_utc_s
        self.opens_s = MOST_S  # device time
        self.ends_s = MOST_S
        self._reason = RING_LATEST
        self._good = 0

    def place(self, t_s, utc_s, uncertainty_s):
        """Put the window on device time by what is known of UTC now. A clock that knows nothing cannot say that the
        window is still to come: then it is time."""
        if not utc_s:
            self.opens_s = self.ends_s = t_s
            self._reason = RING_UNSURE_CLOCK
            return
        opens_in_s = min(MOST_S, max(LEAST_S, self._earliest_utc_s - utc_s))
        ends_in_s = min(MOST_S, max(LEAST_S, self._latest_utc_s - utc_s))
        reason = RING_LATEST
        if uncertainty_s > SURE_S:
            ends_in_s = min(ends_in_s, max(0, opens_in_s))
            reason = RING_UNSURE_CLOCK
        self.opens_s = t_s + opens_in_s
        if t_s + ends_in_s < self.ends_s or self._reason == RING_UNSURE_CLOCK:
            self.ends_s = t_s + ends_in_s
            self._reason = reason

    def restart(self, passed_s):
        """Device time begins again at 0; it was this late."""
        self.opens_s -= passed_s
        self.ends_s -= passed_s

    def wants_stager(self, t_s):
        """True while it is worth its memory: in the window, and for as long before it as a night lasts."""
        return t_s >= self.opens_s - NIGHT_S

    def staged(self, stage):
        """An epoch has been staged."""
        self._good = self._good + 1 if stage in (WAKE, LIGHT, REM) else 0

    def due(self, t_s):
        """Why to ring now, of the wire's Ring; 0 if it is not time."""
        if t_s >= self.ends_s:
            return self._reason
        if t_s >= self.opens_s and self._good >= EPOCHS:
            return RING_STAGE
        return 0
