"""Who holds the links: one task owns the Bluetooth adapter, one task each serial port; each link is a session in turn.

What it is not: it knows no frames. Invariants: nothing scans while something connects; an address has at most one
session; waiting between attempts is bounded, has jitter from a seeded generator, and is visible in the journal.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from evensong.clock import Clock
from evensong.errors import Unavailable

from .journal import Journal
from .link import ble
from .link.port import LinkLost, Port
from .link.serial import NoSerialPort, SerialPort
from .link.session import Greeting, NotOurs, Session
from .trust import Trust, Untrusted

SCAN_S = 10.0
SHORTEST_REST_S = 1.0
LONGEST_REST_S = 60.0
STRANGER_REST_S = 3600.0  # until a wearable that this hub does not serve is asked again who it is
LOOK_ROUND_S = 120.0  # between scans while every known wearable is connected
PROVEN_S = 60.0  # a link that lived this long was a good one

NOT_AUTHENTICATED = ", NOT AUTHENTICATED: anybody could have sent this"
_log = structlog.get_logger("evensong.hub.radio")


class LinkState(StrEnum):
    SEARCHING = "searching"  # Bluetooth as a whole: scanning, or about to
    CONNECTING = "connecting"
    GREETING = "greeting"  # connected, and it has not said who it is
    CONNECTED = "connected"
    RESTING = "resting"  # until the next attempt
    UNAVAILABLE = "unavailable"  # a person has to do something; tried again all the same


@dataclass(slots=True)
class Link:
    """state: what `hub status` shows. failures: in a row. rests_until_s: monotonic. device_id: None until it greets."""

    address: str
    state: LinkState = LinkState.RESTING
    failures: int = 0
    rests_until_s: float = 0.0
    device_id: bytes | None = None
    detail: str = ""
    keys_then: int | None = None  # what the keyring was when it had no key for this wearable


class Radio:
    """serves: whether this hub serves a device id. trust: whom it believes. journalled: called after frames became
    durable."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        rng: random.Random,
        *,
        serves: Callable[[bytes], bool],
        trust: Trust,
        journalled: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rng = rng
        self._serves = serves
        self._trust = trust
        self._journalled = journalled
        self._links: dict[str, Link] = {}
        self._news = asyncio.Event()  # a session ended: look again

    async def bluetooth(self) -> None:
        """Scan, connect, hand over to a session, scan again; for ever."""
        adapter = self._link("bluetooth")
        rests = 0
        async with asyncio.TaskGroup() as sessions:
            while True:
                self._news.clear()
                try:
                    self._show(adapter, LinkState.SEARCHING)
                    found = await ble.find(SCAN_S, self._may_connect)
                    port = await self._connect(found) if found else None
                except ble.NoBluetooth as error:
                    self._show(adapter, LinkState.UNAVAILABLE, error.message)
                    await asyncio.sleep(self._jittered(error.retry_s or LONGEST_REST_S))
                    continue
                except LinkLost as error:  # the service's own trouble, not one wearable's
                    self._show(adapter, LinkState.RESTING, error.message)
                    port = None
                if port is not None:
                    rests = 0
                    link = self._link(port.address)
                    sessions.create_task(self._one_life(link, port), name=f"session {port.address}")
                    continue
                rests += 1
                if await self._news_within(self._pause_s(rests)):
                    rests = 0

    async def serial(self, path: str) -> None:
        """Open, talk, rest, again; for ever."""
        link = self._link(path)
        while True:
            try:
                port = SerialPort.open(path)
            except NoSerialPort as error:
                self._failed(link, error)
            else:
                await self._one_life(link, port)
            await asyncio.sleep(max(0.0, link.rests_until_s - self._clock.monotonic_s()))

    def _may_connect(self, address: str) -> bool:
        link = self._links.get(address)
        if link is None:
            return True
        rested = link.rests_until_s <= self._clock.monotonic_s()
        keys_are_new = link.keys_then is not None and link.keys_then != self._trust.keyring.mark()
        return link.state is LinkState.RESTING and (rested or keys_are_new)

    async def _connect(self, found: ble.Found) -> Port | None:
        link = self._link(found.address)
        self._show(link, LinkState.CONNECTING, f"{found.name}, {found.rssi_dbm} dBm")
        try:
            return await ble.BlePort.connect(found)
        except LinkLost as error:
            self._failed(link, error)
            return None

    async def _one_life(self, link: Link, port: Port) -> None:
        """One session, and what follows from its end. Raises only what the whole hub cannot go on with."""
        began_s = self._clock.monotonic_s()

        def greeted(greeting: Greeting) -> None:
            link.device_id = greeting.device_id
            self._show(link, LinkState.CONNECTED, greeting.name + ("" if greeting.authenticated else NOT_AUTHENTICATED))

        self._show(link, LinkState.GREETING)
        session = Session(
            port,
            self._journal,
            self._clock,
            serves=self._serves,
            trust=self._trust,
            greeted=greeted,
            journalled=self._journalled,
        )
        try:
            reason = await session.run()
        except Unavailable as error:
            self._failed(link, error)
        else:
            if link.state is LinkState.CONNECTED and self._clock.monotonic_s() - began_s >= PROVEN_S:
                link.failures = 0
            self._failed(link, LinkLost(reason))
        self._news.set()

    def _failed(self, link: Link, error: Unavailable) -> None:
        rest_s = _backoff_s(link.failures)
        link.keys_then = None
        if isinstance(error, NotOurs):
            rest_s = STRANGER_REST_S
        elif isinstance(error, Untrusted):
            rest_s = error.retry_s or LONGEST_REST_S
            link.keys_then = self._trust.keyring.mark() if error.unknown else None
        elif error.retry_s is not None:
            rest_s = max(rest_s, error.retry_s)
        link.failures += 1
        link.rests_until_s = self._clock.monotonic_s() + self._jittered(rest_s)
        self._show(link, LinkState.RESTING, error.message)

    def _pause_s(self, rests: int) -> float:
        """Seconds until the next scan: short while a wearable that was here is away."""
        away = any(link.state is LinkState.RESTING for link in self._links.values() if link.device_id is not None)
        if away or not any(link.state is LinkState.CONNECTED for link in self._links.values()):
            return self._jittered(_backoff_s(rests))
        return self._jittered(LOOK_ROUND_S)

    async def _news_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _jittered(self, seconds: float) -> float:
        return seconds * self._rng.uniform(1.0, 1.25)

    def _link(self, address: str) -> Link:
        return self._links.setdefault(address, Link(address))

    def _show(self, link: Link, state: LinkState, detail: str = "") -> None:
        """Log and journal a change of state; a repeated one is neither."""
        if (link.state, link.detail) == (state, detail):
            return
        link.state, link.detail = state, detail
        say = _log.warning if state is LinkState.UNAVAILABLE else _log.info
        say(
            str(state),
            link=link.address,
            device=link.device_id.hex() if link.device_id else None,
            detail=detail or None,
        )
        with suppress(Unavailable):  # a full disk: the log has said it
            self._journal.note_link(
                link.address,
                str(state),
                self._clock.utc_ms(),
                device_id=link.device_id,
                failures=link.failures,
                detail=detail,
            )


def _backoff_s(failures: int) -> float:
    """Doubles with every failure, up to the longest rest."""
    return min(LONGEST_REST_S, SHORTEST_REST_S * 2.0 ** min(failures, 10))
