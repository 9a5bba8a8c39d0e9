"""An alarm that is set: it rings, and stops. Loaded while there is one, with all that ringing needs."""

from evensong_firmware import wire
from evensong_firmware.alarm import Alarm
from evensong_firmware.conduct import KEEP
from evensong_firmware.player import Player, wrapped_ms

RING_S = 600
STRONGER_EVERY_S = 20
STRONGEST = 3


class Waking:
    """One of the `works` of a Conduct. earliest_s, latest_s: UTC."""

    def __init__(self, conduct, earliest_s, latest_s):
        self._conduct = conduct
        self._window = [earliest_s, latest_s]
        self._alarm = Alarm(earliest_s, latest_s)
        self._player = Player(conduct.board.signal)
        self._rang_s = -1  # device time at which it began to ring
        self.clock_set()

    def kept(self):
        """What must outlive a reset: the window. None when it is over."""
        return self._window

    def clock_set(self):
        self._alarm.place(self._conduct.clock.t_s, *self._conduct.clock.utc())

    def take(self, buf, i):
        """Samples are nothing to it."""

    def look(self, t_s):
        """Ring if it is time. True while it rings."""
        if self._rang_s >= 0:
            return self._ring_on(t_s)
        reason = self._alarm.due(t_s)
        if reason:
            self._rang_s = t_s
            self._conduct.recorder.event(wire.EVENT_ALARM_RANG, reason)
            return self._ring_on(t_s)
        return False

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
