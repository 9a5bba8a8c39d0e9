"""What a hand does with the button, and what light and motor answer; docs/wearing.md says what they say. Cues too.

Made when the button goes down or something is to be played, and gone when all is said.
"""

from evensong_firmware import gesture, wire
from evensong_firmware.boards import MOOD
from evensong_firmware.conduct import AGREE, END_NIGHT, KEEP, LIGHTS_OFF
from evensong_firmware.player import Player, wrapped_ms
from evensong_firmware.ring import put16, put24

AGREE_S = 60  # after a proposal, in which one press agrees to it
ANSWER_S = 900  # after a prompt, in which a check-in counts as its answer
GENTLE, CLEAR = 1, 2


class Hand:
    """proposed: plan that one press agrees to."""

    def __init__(self, conduct):
        self._conduct = conduct
        self._player = Player(conduct.board.signal)
        self._button = None
        self.proposed = 0
        self._until_s = -1  # of the proposal

    def turn(self):
        """False when there is nothing left to wait for."""
        now_ms = wrapped_ms(self._conduct.clock.t_s, self._conduct.clock.t_ms)
        button = self._button
        if button is not None:
            self._understood(button, button.tick(now_ms))
        self._player.tick(now_ms)
        if self._conduct.keys.turn(self._conduct.clock.t_s):  # another hub may be let in now
            self.play(5, CLEAR, 400)
        waits = self._conduct.clock.t_s <= self._until_s or self._conduct.keys.pressed
        return waits or self._player.playing() or (button is not None and button.busy())

    def play(self, pulses, level=CLEAR, on_ms=150, off_ms=200):
        clock = self._conduct.clock
        self._player.play(wrapped_ms(clock.t_s, clock.t_ms), pulses, level, on_ms, off_ms)

    def propose(self, plan):
        self.proposed = plan
        self._until_s = self._conduct.clock.t_s + AGREE_S
        self.play(3)

    def edge(self, t_s, ms, pressed):
        """The button went down or up."""
        for each in self._conduct.works:
            if pressed and each.pressed():  # it stopped an alarm, and says nothing else
                return
        button = self._button
        if button is None:
            if not pressed:
                return
            button = self._button = gesture.Button()
        t_ms = wrapped_ms(t_s, ms)
        self._understood(button, button.tick(t_ms))
        self._understood(button, button.edge(t_ms, pressed))

    def _understood(self, button, what):
        conduct = self._conduct
        if what == gesture.BEGUN:
            self.play(1, GENTLE, 400)
        elif what == gesture.COUNTED:
            self.play(button.value & 15)
        elif what == gesture.MOOD:
            self._check_in(button.value)
            self.play(1, CLEAR, 400)
        elif what == gesture.TAKEN_BACK or what == gesture.GIVEN_UP:
            self.play(2, CLEAR, 400)
        elif what == gesture.YES:
            if conduct.clock.t_s <= self._until_s:
                self._until_s = -1
                conduct.errand(AGREE, self.proposed | wire.PLAN_BY_BUTTON << 8)
                self.play(1, CLEAR, 600)
        elif what == gesture.SWITCH:
            conduct.cues = not conduct.cues
            conduct.errand(KEEP)
            conduct.recorder.event(wire.EVENT_CUES, 1 if conduct.cues else 0)
            self.play(2 if conduct.cues else 1, CLEAR, 400)
        elif what == gesture.HELD:
            if conduct.night_ends_s >= 0:
                conduct.recorder.event(wire.EVENT_RISE, 0)
                conduct.errand(END_NIGHT)
                self.play(2, CLEAR, 600)
            else:
                conduct.errand(LIGHTS_OFF)

    def _check_in(self, value):
        conduct = self._conduct
        clock = conduct.clock
        sample = bytearray(8)
        put24(sample, 0, clock.t_s)
        put16(sample, 3, clock.t_ms | MOOD << 10)
        sample[5] = value
        sample[6] = 1 if clock.t_s - conduct.prompted_s <= ANSWER_S else 0
        conduct.prompted_s = -0x20000000
        conduct.recorder.add(sample, 0)
