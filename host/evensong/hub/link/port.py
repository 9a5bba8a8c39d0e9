"""A byte stream to one wearable, as `session` sees it; `ble` and `serial` are the two there are.

A port is used once. It is open when one gets it, and after `close` or `LinkLost` it never lives again.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from evensong.errors import Unavailable

CLOSE_LIMIT_S = 3.0  # the whole hub has 5 s to stop


class LinkLost(Unavailable):
    """The connection ended, from whichever side; the wearable keeps what was not acknowledged."""


class Port(Protocol):
    address: str  # what people and logs call the other end

    async def send(self, stream: bytes) -> None:
        """Write all of it, in pieces as the transport likes them. LinkLost if that cannot be."""

    async def receive(self) -> bytes:
        """Everything that has come since the last call, at least one byte. LinkLost once the link is gone and all
        that came before was taken."""

    async def close(self) -> None:
        """Idempotent, returns within `CLOSE_LIMIT_S`, raises nothing, is never called from the port's own callbacks."""


class Inbox:
    """Between a transport's callback and `receive`: what came, and whether more can come.

    The callbacks only ever put something in here, so none of them can wait for anything.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._lost: str | None = None
        self._news = asyncio.Event()

    def put(self, chunk: bytes | bytearray) -> None:
        self._held += chunk
        self._news.set()

    def lose(self, reason: str) -> None:
        """No more will come; the first reason counts."""
        self._lost = self._lost or reason
        self._news.set()

    @property
    def lost(self) -> str | None:
        return self._lost

    async def take(self) -> bytes:
        await self._news.wait()
        if not self._held:
            raise LinkLost(self._lost or "The link is gone.")
        taken = bytes(self._held)
        self._held.clear()
        if self._lost is None:
            self._news.clear()
        return taken
