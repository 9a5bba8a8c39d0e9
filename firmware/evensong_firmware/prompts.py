"""When to ask for a mood check-in: shortly after rising, and then once in each equal part of the next 14 hours, at a
random moment of it (signal-contingent sampling within blocks; Shiffman, Stone and Hufford 2008, Annual Review of
Clinical Psychology 4:1). No local time is needed, so it holds for shift work and after a flight.
"""

from evensong_firmware.wire import EVENT_PROMPT, POWER_DAY

AFTER_RISING_S = 600
DAY_S = 14 * 3600


class Prompts:
    """One of the `works` of a Conduct, made when its wearer rises. number: of prompts a day."""

    def __init__(self, conduct, number):
        self._conduct = conduct
        self._rose_s = conduct.clock.t_s
        self._number = number
        self._asked = 0
        self.next_s = self._rose_s + AFTER_RISING_S

    def look(self, t_s):
        """One that comes at a bad moment is not made up for."""
        if self._asked < self._number and t_s >= self.next_s:
            self._asked += 1
            part_s = DAY_S // self._number
            chance = self._conduct.board.entropy(1)[0]
            self.next_s = self._rose_s + self._asked * part_s + part_s * chance // 256
            if self._conduct.state == POWER_DAY and self._conduct.cues and self._conduct.hand is None:
                self._conduct.prompted_s = t_s
                self._conduct.recorder.event(EVENT_PROMPT, 1)
                self._conduct.touch().play(2, 1, 100)
        return False

    def take(self, buf, i):
        """Samples are nothing to it."""

    def pressed(self):
        return False

    def kept(self):
        """Nothing of it outlives a reset."""

    def clock_set(self):
        """It goes by device time."""

    def restart(self, passed_s):
        """Device time begins again at 0; it was this late."""
        self._rose_s -= passed_s
        self.next_s -= passed_s
