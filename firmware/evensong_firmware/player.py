"""Plays pulses on light and motor, one pattern at a time; a new one takes the place of the old. Integers only."""

_WRAP = 0x3FFFFFFF  # of times: milliseconds modulo 2^30


def wrapped_ms(t_s, t_ms):
    """Device time in milliseconds that wrap, after 12 days, and stay small."""
    return t_s % 1048576 * 1000 + t_ms


class Player:
    """signal: of the board."""

    def __init__(self, signal):
        self._signal = signal
        self._left = 0  # pulses that are not over
        self._level = self._on_ms = self._off_ms = 0
        self._lit = False
        self._since_ms = 0

    def play(self, t_ms, pulses, level, on_ms, off_ms):
        self._left = pulses
        self._level = level
        self._on_ms = on_ms
        self._off_ms = off_ms
        self._switch(t_ms, True)

    def playing(self):
        return self._left > 0

    def stop(self):
        self._left = 0
        if self._lit:
            self._switch(self._since_ms, False)

    def tick(self, t_ms):
        passed_ms = t_ms - self._since_ms & _WRAP
        if self._lit and passed_ms >= self._on_ms:
            self._left -= 1
            self._switch(t_ms, False)
        elif self._left and not self._lit and passed_ms >= self._off_ms:
            self._switch(t_ms, True)

    def _switch(self, t_ms, lit):
        self._lit = lit
        self._since_ms = t_ms
        try:
            self._signal(self._level if lit else 0)
        except Exception:  # a broken motor must not keep the rest from going on
            pass
