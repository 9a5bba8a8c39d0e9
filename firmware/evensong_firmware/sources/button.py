"""The button's edges, with its bouncing taken out."""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false

import time

from evensong_firmware.boards import BUTTON
from evensong_firmware.ring import put16, put24

_ROOM = 8
_BOUNCE_MS = 20


class Button:
    """pin: 0 while pressed. Edges wait, with their ticks, until the sampler comes by; beyond eight they are lost."""

    def __init__(self, pin):
        self._ticks = [0] * _ROOM
        self._n = 0
        self._pressed = self._told = False
        pin.irq(self._edge, pin.IRQ_FALLING | pin.IRQ_RISING)

    def _edge(self, pin):
        pressed = pin.value() == 0
        now = time.ticks_ms()
        if pressed == self._pressed or self._n == _ROOM:
            return
        if self._n and time.ticks_diff(now, self._ticks[self._n - 1]) < _BOUNCE_MS:
            self._n -= 1  # it was no press, or no release
        else:
            self._ticks[self._n] = now
            self._n += 1
        self._pressed = pressed

    def read_into(self, buf, t_s, t_ms):
        n = min(self._n, len(buf) // 8)
        now = time.ticks_ms()
        for i in range(n):
            ms = t_ms - time.ticks_diff(now, self._ticks[i])
            self._told = not self._told
            put24(buf, 8 * i, max(0, t_s + ms // 1000))
            put16(buf, 8 * i + 3, ms % 1000 | BUTTON << 10)
            buf[8 * i + 5] = self._told
            put16(buf, 8 * i + 6, 0)
        for i in range(n, self._n):
            self._ticks[i - n] = self._ticks[i]
        self._n -= n
        return n

    def restart(self, t_s, t_ms):
        """Nothing here counts from a boot's start."""
