"""What one button says: presses, a hold, and a mood check-in without a phone. Integers only; it is told of edges and of
time passing, and answers with at most one thing understood at a time.

    one press                yes: agrees to what was proposed, stops an alarm
    two presses              a check-in begins. Then: as many presses as the valence (1 unpleasant to 9 pleasant) and a
                             hold; the value is played back; as many presses as the arousal (1 sleepy to 9 wide awake)
                             and a hold; it is played back. A hold within five seconds after that takes all of it back.
    five presses             cues off; again, on
    hold of two seconds      lights off; the next one: I rise

Twelve seconds without a press end a check-in, and nothing is kept. A double tap that an accelerometer finds may be fed
in as two presses. The grid is that of Russell, Weiss and Mendelsohn (1989), one item of two values, 1 to 9 each.
"""

NOTHING, YES, BEGUN, COUNTED, MOOD, TAKEN_BACK, GIVEN_UP, SWITCH, HELD = 0, 1, 2, 3, 4, 5, 6, 7, 8

BETWEEN_MS = 500  # presses further apart are not of one series
CONFIRM_MS = 700  # a press that long in a check-in is a hold
HOLD_MS = 2000
PATIENCE_MS = 12000
UNDO_MS = 5000
PLAYBACK_MS = 400  # of each pulse that plays a value back, during which nobody can answer yet
MOST = 9

_IDLE, _VALENCE, _AROUSAL, _UNDO = 0, 1, 2, 3
_WRAP = 0x3FFFFFFF  # of times: milliseconds modulo 2^30


class Button:
    """value: of what `edge` or `tick` answered: COUNTED its value to play back, MOOD valence << 4 | arousal."""

    def __init__(self):
        self.value = 0
        self._mode = _IDLE
        self._pressed = False
        self._told = False  # of this press
        self._taps = 0
        self._valence = 0
        self._at_ms = 0  # of the last edge
        self._patience_ms = 0  # since then, before what there is counts as all

    def busy(self):
        """True while something may still come of what was pressed: look often."""
        return self._pressed or self._taps > 0 or self._mode != _IDLE

    def edge(self, t_ms, pressed):
        """The button went down or up at t_ms. Call `tick(t_ms)` first."""
        if pressed == self._pressed:
            return NOTHING
        lasted_ms = t_ms - self._at_ms & _WRAP
        self._pressed = pressed
        self._at_ms = t_ms
        if pressed:
            self._told = False
            return NOTHING
        if self._told:
            return NOTHING
        return self._released(lasted_ms)

    def tick(self, t_ms):
        """It is t_ms now. Understands holds while they last, and silences."""
        passed_ms = t_ms - self._at_ms & _WRAP
        if self._pressed:
            if self._told or passed_ms < (HOLD_MS if self._mode == _IDLE else CONFIRM_MS):
                return NOTHING
            self._told = True
            return self._held(t_ms)
        if self._mode == _IDLE:
            if self._taps == 0 or passed_ms < BETWEEN_MS:
                return NOTHING
            return self._series_ended()
        if passed_ms < self._patience_ms:
            return NOTHING
        if self._mode == _UNDO:
            self._mode = _IDLE
            return MOOD
        self._mode = _IDLE
        self._taps = 0
        return GIVEN_UP

    def _released(self, lasted_ms):
        if lasted_ms >= (HOLD_MS if self._mode == _IDLE else CONFIRM_MS):
            return self._held(self._at_ms)
        if self._mode != _UNDO:
            self._taps = min(MOST, self._taps + 1)
        return NOTHING

    def _series_ended(self):
        taps = self._taps
        self._taps = 0
        if taps == 2:
            self._mode = _VALENCE
            self._patience_ms = PATIENCE_MS
            return BEGUN
        if taps == 5:
            return SWITCH
        return YES if taps == 1 else NOTHING

    def _held(self, t_ms):
        mode, taps = self._mode, self._taps
        self._taps = 0
        if mode == _IDLE:
            return HELD
        self._at_ms = t_ms
        self._mode = _IDLE
        if mode == _UNDO:
            return TAKEN_BACK
        if taps == 0:
            return GIVEN_UP
        self._patience_ms = PLAYBACK_MS * taps
        if mode == _VALENCE:
            self._mode = _AROUSAL
            self._valence = self.value = taps
            self._patience_ms += PATIENCE_MS
            return COUNTED
        self._mode = _UNDO
        self._patience_ms += UNDO_MS
        self.value = self._valence << 4 | taps
        return COUNTED
