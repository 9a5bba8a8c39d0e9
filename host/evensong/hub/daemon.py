"""The daemon: who runs beside whom, and how all of it stops.

One `asyncio.TaskGroup`: the owner of the Bluetooth adapter with a session for each wearable, a task for each serial
port, the stager, the uploader. They share the journal and two bells ("frames were journalled", "documents changed");
all other state is in the journal, so the hub may be killed at any instant.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator

import httpx
import structlog

from evensong.clock import Clock, SystemClock
from evensong.config import HubSettings
from evensong.errors import ConfigError, EvensongError

from .interruptible import STOP_SIGNALS
from .journal import Journal
from .keyring import Keyring
from .lock import locked
from .night import Stager
from .radio import Radio
from .trust import Trust
from .uploader import Uploader

_log = structlog.get_logger("evensong.hub")


async def run(
    settings: HubSettings, *, clock: Clock | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Run until SIGTERM, SIGINT or cancellation; it then stops in order, within 5 s.

    transport: of the requests to the Nexus, in place of sockets. EvensongError if the hub cannot go on: the settings
    name no link, the journal cannot be used.
    """
    if not settings.bluetooth and not settings.serial:
        raise ConfigError("There is nothing to listen to: `hub.bluetooth` is false and `hub.serial` is empty.")
    clock = clock or SystemClock()
    with locked(settings.journal), Journal.open(settings.journal) as journal, _stopped_by_signals():
        _log.info("started", hub=journal.hub_id.hex(), journal=str(settings.journal))
        try:
            await _run_all(settings, journal, clock, transport)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            _log.info("stopped")


async def _run_all(
    settings: HubSettings, journal: Journal, clock: Clock, transport: httpx.AsyncBaseTransport | None
) -> None:
    journalled, changed = asyncio.Event(), asyncio.Event()
    stager = Stager(journal, clock, settings.origin, changed.set)
    trust = Trust(Keyring(settings.keyring), unauthenticated=settings.unauthenticated)
    radio = Radio(journal, clock, _rng(settings), serves=settings.serves, trust=trust, journalled=journalled.set)
    async with asyncio.TaskGroup() as tasks:
        if settings.bluetooth:
            tasks.create_task(radio.bluetooth(), name="bluetooth")
        for path in settings.serial:
            tasks.create_task(radio.serial(path), name=f"serial {path}")
        tasks.create_task(stager.run(journalled), name="stager")
        if settings.nexus.url:
            tasks.create_task(Uploader(journal, settings.nexus, transport).run(changed), name="uploader")


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGINT cancel the task within, and its cancellation ends here. In threads signals are left alone."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            told = True
            task.cancel()

    watched = threading.current_thread() is threading.main_thread()
    for number in STOP_SIGNALS if watched else ():
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not told or task.uncancel() > 0:
            raise
    finally:
        for number in STOP_SIGNALS if watched else ():
            loop.remove_signal_handler(number)


def _rng(settings: HubSettings) -> random.Random:
    return random.Random(settings.seed)  # noqa: S311, it only spreads attempts in time


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell: a programming error before ours, which must not hide it."""
    leaves: list[BaseException] = []
    stack: list[BaseException] = [group]
    while stack:
        error = stack.pop()
        if isinstance(error, BaseExceptionGroup):
            stack += error.exceptions
        else:
            leaves.append(error)
    return next((e for e in leaves if not isinstance(e, EvensongError)), leaves[-1])
