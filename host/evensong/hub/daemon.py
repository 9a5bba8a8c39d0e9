"""The daemon: who runs beside whom, and how all of it stops.

One `asyncio.TaskGroup`: the owner of the Bluetooth adapter with a session for each wearable, a task for each serial
port, the stager, the uploader. They share the journal and two bells ("frames were journalled", "documents changed");
all other state is in the journal, so the hub may be killed at any instant.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import structlog

from evensong.clock import Clock, SystemClock
from evensong.config import HubSettings
from evensong.errors import ConfigError, EvensongError, Unavailable

from .journal import Journal
from .radio import Radio

_log = structlog.get_logger("evensong.hub")


async def run(
    settings: HubSettings, *, clock: Clock | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Run until cancelled. transport: of the requests to the Nexus, in place of sockets.

    EvensongError if the hub cannot go on: the settings name no link, the journal cannot be used.
    """
    if not settings.bluetooth and not settings.serial:
        raise ConfigError("There is nothing to listen to: `hub.bluetooth` is false and `hub.serial` is empty.")
    clock = clock or SystemClock()
    with locked(settings.journal), Journal.open(settings.journal) as journal:
        journalled, changed = asyncio.Event(), asyncio.Event()
        radio = Radio(journal, clock, _rng(settings), serves=settings.serves, journalled=journalled.set)
        _log.info("started", hub=journal.hub_id.hex(), journal=str(settings.journal))
        try:
            async with asyncio.TaskGroup() as tasks:
                if settings.bluetooth:
                    tasks.create_task(radio.bluetooth(), name="bluetooth")
                for path in settings.serial:
                    tasks.create_task(radio.serial(path), name=f"serial {path}")
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            _log.info("stopped")


def _rng(settings: HubSettings) -> random.Random:
    return random.Random(settings.seed)  # noqa: S311, it only spreads attempts in time


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell: ours before those that are programming errors' consequences."""
    leaves: list[BaseException] = []
    stack: list[BaseException] = [group]
    while stack:
        error = stack.pop()
        if isinstance(error, BaseExceptionGroup):
            stack += error.exceptions
        else:
            leaves.append(error)
    return next((e for e in leaves if not isinstance(e, EvensongError)), leaves[-1])


@contextlib.contextmanager
def locked(journal: Path) -> Iterator[None]:
    """Keep a second hub off this journal. Unavailable if one runs already."""
    path = lock_path(journal)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    except OSError as error:
        raise ConfigError(f"The journal's folder {path.parent} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"A hub runs on {journal} already: stop it, or give this one another journal.") from None
        yield


def is_running(journal: Path) -> bool:
    """Whether a hub holds this journal now."""
    try:
        with lock_path(journal).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def lock_path(journal: Path) -> Path:
    return journal.with_name(journal.name + ".lock")


def main(settings: HubSettings) -> None:
    """Run in this process until SIGTERM or SIGINT; both stop it in order, within 5 s."""

    async def until_told() -> None:
        task = asyncio.create_task(run(settings))
        loop = asyncio.get_running_loop()
        told = False

        def stop() -> None:
            nonlocal told
            told = True
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            await task
        except asyncio.CancelledError:
            if not told:
                raise

    asyncio.run(until_told())
