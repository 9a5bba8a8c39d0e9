"""The wearable's pulse: every two seconds (every second while somebody watches) it empties the sources into the
recorder, lets time pass there, and wakes the links. Between two turns the chip may sleep.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio

from evensong_firmware.spool import SAMPLE

LIVE_POLL_MS = 1000
BURST = 16  # samples of one read


class Sampler:
    """links: each with `wake()`."""

    def __init__(self, board, clock, recorder, config, links):
        self._board = board
        self._clock = clock
        self._recorder = recorder
        self._config = config
        self._links = links
        self._buf = bytearray(SAMPLE * BURST)
        self._status_s = clock.t_s

    async def run(self):
        while True:
            self.turn()
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
                    recorder.add(buf, i * SAMPLE)
        recorder.turn()
        if not 0 <= clock.t_s - self._status_s < self._config.values["status_every_s"]:
            self._status_s = clock.t_s
            recorder.status()
        self._board.feed()
        for link in self._links:
            link.wake()
