"""An httpx transport whose requests take no virtual time: connect, send and the whole answer happen inside a fence."""

from __future__ import annotations

import asyncio

import httpx

from .loop import FENCE_LIMIT_S, VirtualLoop


class FencedTransport(httpx.AsyncHTTPTransport):
    """limit_s: wall seconds after which virtual time goes on, so that the client's own timeout can end the request."""

    def __init__(self, limit_s: float = FENCE_LIMIT_S) -> None:
        super().__init__()
        self._limit_s = limit_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with loop.real(self._limit_s):
            response = await super().handle_async_request(request)
            content = await response.aread()
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(response.status_code, headers=headers, content=content, extensions=response.extensions)
