"""The wearable's pulse: every two seconds (every second while somebody watches) it empties the sources into the
recorder, lets time pass there, and wakes the links. Between two turns the chip may sleep.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio

from evensong_firmware.conduct import BUSY_MS
from evensong_firmware.recorder import ERROR
from evensong_firmware.spool import SAMPLE

LIVE_POLL_MS = 1000
BURST = 16  # samples of one read


class Sampler:
    """links: each with `wake()`."""

    def __init__(self, board, clock, recorder, config, conduct, links):
        self._board = board
        self._clock = clock
        self._recorder = recorder
        self._config = config
        self._conduct = conduct
        self._links = links
        self._buf = bytearray(SAMPLE * BURST)
        self._status_s = clock.t_s
        self._failure = ""

    async def run(self):
        while True:
            self.turn()
            if self._conduct.busy:
                await asyncio.sleep_ms(BUSY_MS)
            elif not self._conduct.radio:
                self._board.nap()
                await asyncio.sleep_ms(0)
            else:
                await asyncio.sleep_ms(LIVE_POLL_MS if self._recorder.live else self._board.poll_ms)

    def turn(self):
        clock, recorder, buf = self._clock, self._recorder, self._buf
        clock.read()
        for source in self._board.sources:
            while True:
                n = source.read_into(buf, clock.t_s, clock.t_ms)
                if not n:
                    break
                for i in range(n):
                    if self._conduct.takes(buf, i * SAMPLE):
                        recorder.add(buf, i * SAMPLE)
        recorder.turn()
        self._conduct_turn()
        if not 0 <= clock.t_s - self._status_s < self._config.values["status_every_s"]:
            self._status_s = clock.t_s
            recorder.status()
        self._board.feed()
        for link in self._links:
            link.wake()

    def _conduct_turn(self):
        """By itself, because a function with more than some ten variables has them on the heap."""
        try:
            self._conduct.turn()
        except Exception as error:
            text = "conduct: %r" % error
            if text != self._failure:  # or it would fill the spool
                self._failure = text
                self._recorder.log(ERROR, text)
