"""An asyncio event loop on virtual time: time stands still while anything is ready, then jumps to the next deadline.

What the loop does is decided where it asks the operating system for events:
1. anything ready: run it, time stands still;
2. real I/O inside a fence is under way: wait for it in real time, virtual time stands still;
3. fences have ended: their owners go on, in the order in which the fences *began*, so nobody can see how long each
   really took;
4. else `_advance` to the next deadline - which `World` and `Child` replace by giving turns and handing them over.

Invariant: what runs, and in which order, depends on nothing but virtual time and the bytes that arrived. Escapes from
that: subprocesses, threads of one's own that call `call_soon_threadsafe`, code that reads the wall clock itself.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import os
import random
import selectors
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from evensong.errors import EvensongError

from .turn import NEVER_US

READY_ROUNDS_LIMIT = 1_000_000
FENCE_LIMIT_S = 10.0
EXECUTOR_LIMIT_S = 90.0

_T = TypeVar("_T")
_wall_s = time.perf_counter
_inside: contextvars.ContextVar[int] = contextvars.ContextVar("fence", default=0)


class Stuck(EvensongError):
    """Virtual time cannot go on: something spins, waits for ever, or kept its turn."""


class _Selector(selectors.DefaultSelector):
    """Asks the loop what to do where asyncio wants to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.quiet: Callable[[], list[Any]] = list

    def select(self, timeout: float | None = None) -> list[Any]:  # noqa: ARG002  the loop knows better
        return self.quiet()

    def really_select(self, timeout: float) -> list[Any]:
        return super().select(timeout)


class Fence:
    """See `VirtualLoop.real`. (A class, because an async generator cannot be used while a loop shuts down.)"""

    def __init__(self, loop: VirtualLoop, limit_s: float) -> None:
        self._loop = loop
        self._limit_s = limit_s

    async def __aenter__(self) -> None:
        self._number = self._loop.open_fence(self._limit_s)
        if self._number:
            self._token = _inside.set(self._number)

    async def __aexit__(self, *_: object) -> None:
        if self._number:
            _inside.reset(self._token)
            await self._loop.close_fence(self._number)


class VirtualLoop(asyncio.SelectorEventLoop):
    if TYPE_CHECKING:  # asyncio's own, which its type stubs keep to themselves
        _ready: deque[asyncio.Handle]
        _scheduled: list[asyncio.TimerHandle]
        _stopping: bool
        _clock_resolution: float

    def __init__(self) -> None:
        self.now_us = 0
        self.jumps = 0
        self._fences: dict[int, float] = {}  # number of the fence -> wall time past which it no longer holds
        self._ended: list[tuple[int, asyncio.Future[None]]] = []
        self._fence_count = 0
        self._ready_rounds = 0
        self._events = _Selector()
        self._events.quiet = self._quiet
        super().__init__(self._events)
        self._clock_resolution = 1e-7  # a deadline rounded up to its microsecond must always count as reached

    def time(self) -> float:
        """Virtual seconds."""
        return self.now_us / 1e6

    def _set_now(self, us: int) -> None:
        self.now_us = max(self.now_us, us)
        self._ready_rounds = 0

    def _next_deadline_us(self) -> int:
        if not self._scheduled:
            return NEVER_US
        first = self._scheduled[0]
        if first.cancelled():
            return self.now_us  # let asyncio drop it
        return math.ceil(first.when() * 1e6)  # rounded down the loop would wake too early, for ever

    def _quiet(self) -> list[Any]:
        if self._ready or self._stopping:
            self._ready_rounds += 1
            if self._ready_rounds > READY_ROUNDS_LIMIT:
                raise Stuck(f"A million rounds at virtual {self.time():.6f} s: something spins without ever sleeping.")
            # real sockets get a look now and then, lest code that never rests keeps them waiting for ever
            return self._events.really_select(0) if self._ready_rounds % 100 == 0 else []
        if self._fences:
            left_s = min(self._fences.values()) - _wall_s()
            if left_s > 0:
                return self._events.really_select(left_s)
            # past its limit a fence lets time go on, so that the owner's own timeout can end what hangs
        elif self._ended:
            for _, waiter in sorted(self._ended, key=lambda ended: ended[0]):
                if not waiter.done():
                    waiter.set_result(None)
            self._ended.clear()
            return []
        if ready := self._events.really_select(0):
            return ready
        until_us = self._next_deadline_us()
        if until_us <= self.now_us:
            return []
        self.jumps += 1
        self._advance(until_us)
        return []

    def _advance(self, until_us: int) -> None:
        """Let virtual time pass, at most to `until_us`."""
        if until_us >= NEVER_US:
            raise Stuck(f"Nothing will ever happen after virtual {self.time():.6f} s: everything waits for ever.")
        self._set_now(until_us)

    def real(self, limit_s: float = FENCE_LIMIT_S) -> Fence:
        """`async with loop.real():` real I/O inside, for which virtual time waits up to `limit_s` wall seconds.

        Nothing inside may wait for virtual time to pass. A fence within a fence is part of the outer one.
        """
        return Fence(self, limit_s)

    def open_fence(self, limit_s: float) -> int:
        """Returns its number; 0 within another one."""
        if _inside.get() in self._fences:
            return 0
        self._fence_count += 1
        self._fences[self._fence_count] = _wall_s() + limit_s
        return self._fence_count

    def close_fence(self, number: int) -> asyncio.Future[None]:
        """Done when its turn comes among the fences that ended."""
        del self._fences[number]
        waiter = self.create_future()
        self._ended.append((number, waiter))
        return waiter

    def run_in_executor(  # type: ignore[override]  # asyncio's generics, which differ between versions
        self, executor: Any, func: Callable[..., _T], *args: Any
    ) -> asyncio.Future[_T]:
        """As asyncio's, fenced: SQLite in a thread takes no virtual time."""

        async def fenced() -> _T:
            async with self.real(EXECUTOR_LIMIT_S):
                return await super(VirtualLoop, self).run_in_executor(executor, func, *args)

        return self.create_task(fenced())

    async def shutdown_default_executor(self, *_: Any, **__: Any) -> None:
        async with self.real(EXECUTOR_LIMIT_S):
            await super().shutdown_default_executor()


class VirtualClock:
    """`evensong.clock.Clock` on a virtual loop. utc_at_zero_ms: UTC at the loop's time 0."""

    def __init__(self, loop: VirtualLoop, utc_at_zero_ms: int) -> None:
        self._loop = loop
        self._utc_at_zero_ms = utc_at_zero_ms

    def utc_ms(self) -> int:
        return self._utc_at_zero_ms + self._loop.now_us // 1000

    def monotonic_s(self) -> float:
        return self._loop.time()

    def patch_process(self, seed: int) -> None:
        """For libraries of this process that read the clock or draw random numbers themselves: retries with jitter,
        identifiers. Call it before they are imported. Never in a process that has secrets to keep."""
        time.time = lambda: self.utc_ms() / 1000
        time.time_ns = lambda: self.utc_ms() * 1_000_000
        time.monotonic = self.monotonic_s
        random.seed(seed)
        drawn = random.Random(seed)  # noqa: S311  the same again is meant
        os.urandom = drawn.randbytes
        random._urandom = drawn.randbytes  # type: ignore[attr-defined]  # SystemRandom, and so `secrets`
