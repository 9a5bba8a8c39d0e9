"""The loop of a CPython process that takes its time from a `World`: where it would wait, it hands over its turn.

Real I/O inside a fence is done while the child keeps its turn, so it takes no virtual time. The process ends when the
world is gone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from .loop import VirtualLoop
from .turn import FD_VARIABLE, HEAD, take


class Child(VirtualLoop):
    """on_frames: called with the bytes that came with a turn; it must not run anything itself, but schedule it."""

    def __init__(self) -> None:
        super().__init__()
        self._link = socket.socket(fileno=int(os.environ[FD_VARIABLE]))
        self._out = bytearray(HEAD.size)
        self.on_frames: Callable[[bytes], None] = lambda _: None
        self._hand_over(0)  # the first turn brings the time

    def send(self, frames: bytes) -> None:
        """Leaves with the end of this turn."""
        self._out += frames

    def _hand_over(self, until_us: int) -> None:
        HEAD.pack_into(self._out, 0, len(self._out) - HEAD.size, until_us, self.now_us)
        try:
            self._link.sendall(self._out)
            self._out = bytearray(HEAD.size)
            length, now_us, _ = HEAD.unpack(take(self._link, HEAD.size))
            frames = take(self._link, length)
        except (ConnectionResetError, BrokenPipeError):
            os._exit(0)  # the world is gone, as after a power cut: nothing to be closed in order
        self._set_now(now_us)
        if frames:
            self.on_frames(frames)

    def _advance(self, until_us: int) -> None:
        self._hand_over(until_us)
