"""The wire over a serial line: the same bytes as over BLE, without connections.

A hub that says HUB_HELLO begins anew; one that falls silent is not noticed, and needs not be: what is sent into the
void is not acknowledged, and comes again after the next RESUME_FROM.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio

CHUNK = 128


class UartLink:
    """line: a stream that asyncio can poll, such as `machine.UART` or a terminal's file."""

    def __init__(self, session, line):
        self._session = session
        self._stream = asyncio.StreamReader(line)
        self._flag = asyncio.Event()
        self._chunk = bytearray(CHUNK)
        self._view = memoryview(self._chunk)

    def rest(self, on):
        """A line costs nothing while nobody speaks."""

    def wake(self):
        """The session may have something to say."""
        self._flag.set()

    async def listen(self):
        while True:
            written = await self._stream.read(1)  # of more, a file waits until it has them all
            if not written:  # hung up at the other end
                await asyncio.sleep_ms(1000)
                continue
            self._session.receive(written)
            self._flag.set()

    async def talk(self):
        while True:
            await self._flag.wait()
            self._flag.clear()
            while True:
                n = self._session.fill(self._chunk, CHUNK)
                if not n:
                    break
                self._stream.write(self._view[:n])
                await self._stream.drain()
