"""The simulated wearable at the other end of a real pseudo-terminal, in a thread."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulated_wearable import Wearable


class PtyWearable:
    """path: what a hub opens. Touch `wearable` only with `with line.lock:`."""

    def __init__(self, wearable: Wearable) -> None:
        self.wearable = wearable
        self.lock = threading.Lock()
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave  # held open, or the master would see an end when the hub closes its side
        self._wake, self._waker = os.pipe()
        self._stopped = False
        self._happened = threading.Condition(self.lock)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            out = bytearray()
            with self.lock:
                if self._wake in ready:
                    os.read(self._wake, 1000)
                if self._master in ready:
                    out += self.wearable.hear(os.read(self._master, 4096))
                while (frame := self.wearable.send()) is not None:
                    out += frame
                self._happened.notify_all()
            while out:
                del out[: os.write(self._master, out[:512])]

    def poke(self) -> None:
        """There may be something new to send."""
        os.write(self._waker, b"x")

    def wait_for(self, condition: Callable[[Wearable], bool], seconds: float = 20.0) -> None:
        with self.lock:
            assert self._happened.wait_for(lambda: condition(self.wearable), seconds), "it did not happen"

    def close(self) -> None:
        self._stopped = True
        self.poke()
        self._thread.join(5)
        for fd in (self._master, self._slave, self._wake, self._waker):
            os.close(fd)


@contextmanager
def on_a_pty(wearable: Wearable) -> Iterator[PtyWearable]:
    line = PtyWearable(wearable)
    try:
        yield line
    finally:
        line.close()
