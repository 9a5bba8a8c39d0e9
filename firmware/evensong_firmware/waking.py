"""An alarm that is set: it has the night staged, rings, and stops. Loaded while there is one, with all that it needs to
ring; the stager comes with the night before the window, and what keeps it from working costs only that.
"""

import sys

from evensong_firmware import wire
from evensong_firmware.alarm import Alarm
from evensong_firmware.conduct import KEEP, NIGHT_LIMIT_S
from evensong_firmware.player import Player, wrapped_ms

RING_S = 600
STRONGER_EVERY_S = 20
STRONGEST = 3
WARNING = 2  # as in `recorder`


class Waking:
    """One of the `works` of a Conduct. earliest_s, latest_s: UTC."""

    def __init__(self, conduct, earliest_s, latest_s):
        self._conduct = conduct
        self._window = [earliest_s, latest_s]
        self._alarm = Alarm(earliest_s, latest_s)
        self._player = Player(conduct.board.signal)
        self._rang_s = -1  # device time at which it began to ring
        self._watch = None
        self._watches = True  # until that fails
        self.clock_set()

    def kept(self):
        """What must outlive a reset: the window. None when it is over."""
        return self._window

    def clock_set(self):
        self._alarm.place(self._conduct.clock.t_s, *self._conduct.clock.utc())

    def take(self, buf, i):
        """A sample for the stager. What goes wrong there costs the stager, not the alarm."""
        if self._watch is None:
            return
        try:
            stage = self._watch.take(buf, i, self._conduct.wear)
            if stage >= 0:
                self._alarm.staged(stage)
        except Exception as error:
            self._no_stager(error)

    def look(self, t_s):
        """Ring if it is time. True while it rings."""
        if self._rang_s >= 0:
            return self._ring_on(t_s)
        reason = self._alarm.due(t_s)
        if reason:
            self._rang_s = t_s
            self._conduct.recorder.event(wire.EVENT_ALARM_RANG, reason)
            return self._ring_on(t_s)
        if self._watch is not None:
            self._watch.look(self._conduct.night_ends_s >= 0)
        elif self._watches and self._alarm.wants_stager(t_s):
            self._begin_watch()
        return False

    def _begin_watch(self):
        """Without the stager's weights, or without a stager, the alarm is a plain one."""
        conduct = self._conduct
        try:
            from evensong_firmware.alarm_watch import EPOCH_S, Watch

            weights = _weights(conduct.board.home)
            since = -1
            if conduct.night_ends_s >= 0:
                since = max(0, NIGHT_LIMIT_S - conduct.night_ends_s + conduct.clock.t_s) // EPOCH_S
            self._watch = Watch(weights, since)
        except Exception as error:
            self._no_stager(error)

    def _no_stager(self, error):
        self._watches = False
        self._watch = None
        self._conduct.recorder.log(WARNING, "alarm without stager: %r" % error)

    def _ring_on(self, t_s):
        rung_s = t_s - self._rang_s
        player, clock = self._player, self._conduct.clock
        now_ms = wrapped_ms(clock.t_s, clock.t_ms)
        if rung_s > RING_S:
            self._stop(0)
            return False
        player.tick(now_ms)
        if not player.playing():
            player.play(now_ms, 3, min(STRONGEST, 1 + rung_s // STRONGER_EVERY_S), 300, 300)
        return True

    def pressed(self):
        """True if that stopped it."""
        if self._rang_s < 0:
            return False
        self._stop(1)
        return True

    def _stop(self, by):
        conduct = self._conduct
        self._player.stop()
        self._window = None
        conduct.works = [each for each in conduct.works if each is not self]
        conduct.recorder.event(wire.EVENT_ALARM_STOPPED, by)
        conduct.errand(KEEP)

    def restart(self, passed_s):
        """Device time begins again at 0; it was this late."""
        self._alarm.restart(passed_s)
        if self._rang_s >= 0:
            self._rang_s = 0


def _weights(home):
    """They come with the firmware, in its slot; where it runs from none, they lie beside the settings."""
    try:
        file = open(sys.path[0] + "/evensong_firmware/live.weights", "rb")
    except OSError:
        file = open(home + "/live.weights", "rb")
    with file:
        return file.read()
