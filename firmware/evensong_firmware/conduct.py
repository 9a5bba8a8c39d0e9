"""What the wearable does beside recording: its power state and plan, its button, its alarm, cues and prompts.

This much is loaded all night. What is rarely needed is loaded for the occasion and forgotten afterwards (`evening`,
`orders`, `powering`), or stays while it is in use (`hand`, `waking`, `prompts`, `thin`). Nothing here keeps the
recorder from recording: what fails in a turn costs that turn, and is told of.
"""

import sys

import evensong_firmware
from evensong_firmware import wire
from evensong_firmware.boards import BUTTON, EVENT, WEAR
from evensong_firmware.power.states import ALL, radio_is_on, state_of
from evensong_firmware.ring import get16, get24

BUSY_MS = 50  # between turns while somebody presses or something plays
NIGHT_LIMIT_S = 16 * 3600  # after which a night that nobody ended is over
WAITING_BYTES = 16384  # in the spool; more is worth a transfer
NEVER_S = -0x20000000
_OCCASIONAL = ("evening", "orders", "powering", "hand", "gesture")

# Errands: the number, and what its argument is. The first ones are run by `evening`, the last one by `orders`, the
# others by `powering`.
RECALL = 0
KEEP = 1
NOTED = 2  # LIGHTS_OFF or RISE, which came with the samples
LIGHTS_OFF = 3
END_NIGHT = 4
AGREE = 5  # plan | by << 8
ENTER = 6  # power state
SWITCH_RADIO = 7
RESTARTED = 8  # how late it was by device time
CLOCK_SET = 9  # by how many seconds the clock was behind
MEASURE = 10
OBEY = 11  # (code, arg) of a command; answers (status, body) of the reply


class Conduct:
    """links: each with `rest(on)`, set by `app`. plan: of the wire's Plan. wear: of its Wear. measured: of `states`.
    night_ends_s: device time at which a night that nobody ended is over, -1 outside of nights. heard_s: device time at
    which a hub last said something, told_s: at which one last told the time; NEVER_S: not in this boot. hand: what is
    pressed or played just now. works: what goes by the clock, each with `look(t_s)`, True while it wants turns in quick
    succession, and what else `waking` and `prompts` have in common. busy: turns are wanted in quick succession.
    """

    def __init__(self, board, clock, recorder, config, keys):
        self.board = board
        self.clock = clock
        self.recorder = recorder
        self.config = config
        self.keys = keys
        self.links = ()
        self.works = []
        self.hand = self.thin = None
        self.plan = 0
        self.night_ends_s = -1
        self.wear = wire.WEAR_UNKNOWN
        self.state = wire.POWER_DAY
        self.measured = ALL
        self.radio = self.cues = True
        self.heard_s = self.told_s = self.prompted_s = NEVER_S
        self.since_s = self._seen_s = clock.t_s
        self.busy = False
        self.errand(RECALL)

    def errand(self, what, arg=0):
        """Have something done by a module that is loaded for it and forgotten afterwards. what: see above."""
        if what <= AGREE:
            from evensong_firmware import evening as room
        elif what == OBEY:
            from evensong_firmware import orders as room
        else:
            from evensong_firmware import powering as room
        answer = room.run(self, what, arg)
        for name in _OCCASIONAL:
            if sys.modules.pop("evensong_firmware." + name, None):
                delattr(evensong_firmware, name)
        return answer

    def touch(self):
        """The `hand`, for a press or a cue."""
        if self.hand is None:
            from evensong_firmware.hand import Hand

            self.hand = Hand(self)
        return self.hand

    def takes(self, buf, i):
        """Take note of the sample at buf[i]. False if it is not to be recorded."""
        stream = buf[i + 4] >> 2
        if stream == BUTTON:
            self.keys.edge(get24(buf, i), buf[i + 5] == 1)
            self.touch().edge(get24(buf, i), get16(buf, i + 3) & 1023, buf[i + 5] == 1)
            return False
        if stream == WEAR:
            self.wear = buf[i + 5]
        elif stream == EVENT and wire.EVENT_LIGHTS_OFF <= buf[i + 5] <= wire.EVENT_RISE:
            self.errand(NOTED, buf[i + 5])
        for each in self.works:
            each.take(buf, i)
        return self.thin is None or self.thin.takes(buf, i)

    def turn(self):
        """After each poll of the sources, when the clock was read."""
        t_s = self.clock.t_s
        if t_s < self._seen_s:
            self.errand(RESTARTED, self._seen_s)
        self._seen_s = t_s
        busy = False
        for each in self.works:
            busy |= each.look(t_s)
        if self.hand is not None:
            if self.hand.turn():
                busy = True
            else:
                self.hand = None
        self.busy = busy
        wear = wire.WEAR_CHARGING if self.board.charging() else self.wear
        waiting = self.recorder.spool.used_bytes() > WAITING_BYTES
        if -1 < self.night_ends_s < t_s:
            self.errand(END_NIGHT)
        state = state_of(wear, self.night_ends_s >= 0, waiting, t_s - self.heard_s)
        if state != self.state:
            self.errand(ENTER, state)
        if radio_is_on(state, self.plan, t_s - self.since_s) != self.radio:
            self.errand(SWITCH_RADIO)
        if self.thin is not None:
            self.thin.look(self.board, t_s)

    def told(self, step_s):
        """A hub told the time; step_s: by how much the clock was behind."""
        self.told_s = self.clock.t_s
        if self.works or not -2 <= step_s <= 2:
            self.errand(CLOCK_SET, step_s)
