"""One device, one life: carries out what a `Conversation` says over a `Port`, until the link ends.

A session is used once; reconnecting lives in `radio` and `daemon`. Frames are journalled in batches, one durable
transaction for all that came within `BATCH_S`, and acknowledged after it - never before, and not one by one: a word to
the wearable costs it more than what an acknowledgement lets it forget, and a new connection begins with one.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from evensong.clock import Clock
from evensong.errors import Unavailable
from evensong.hub import requests
from evensong.hub.journal import Journal
from evensong.hub.trust import Trust, Untrusted
from evensong_wire.models import Challenge, Frame, Header, Reply

from .conversation import Answered, Challenged, Conversation, End, Greeted, Keep, Send, TimeAsked, Turned, Word
from .port import LinkLost, Port

TICK_S = 1e-6
BATCH_S = 0.25  # from the first frame of a batch to its transaction
BATCH_FRAMES = 512
ACK_AT_ONCE_S = 60.0  # in a connection's first minute; afterwards when it is worth a word:
ACK_FRAMES = 16
ACK_WITHIN_S = 1200.0
CLOCK_UNCERTAINTY_MS = 100  # of a hub kept by NTP, and of a reply on its way
CLOCK_SET_UTC_MS = 1_704_067_200_000  # 2024: a computer without a battery-backed clock starts decades earlier
PAIR_EVERY_S = 10.0  # a wearable asks every twenty minutes; one that asks all the time does not fill the journal
SEND_LIMIT_S = 20.0

_log = structlog.get_logger("evensong.hub.session")


class NotOurs(Unavailable):
    """The wearable is none of those that this hub serves."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a session tells its owner once it knows whom it talks to."""

    device_id: bytes
    name: str
    authenticated: bool


class Session:
    """serves: whether this hub serves a device id. trust: whom it believes. greeted,
    journalled: called when it happened; they do not block."""

    def __init__(
        self,
        port: Port,
        journal: Journal,
        clock: Clock,
        *,
        serves: Callable[[bytes], bool],
        trust: Trust,
        greeted: Callable[[Greeting], None],
        journalled: Callable[[], None],
    ) -> None:
        self._port = port
        self._journal = journal
        self._clock = clock
        self._serves = serves
        self._trust = trust
        self._on_greeted = greeted
        self._on_journalled = journalled
        self._batch: list[Frame] = []
        self._batch_due_s: float | None = None
        self._owed = 0  # frames that are journalled and not acknowledged
        self._ack_due_s: float | None = None
        self._ack_at_once_until_s = clock.monotonic_s() + ACK_AT_ONCE_S
        self._talk = Conversation(journal.hub_id, clock.monotonic_s(), secrets.token_bytes)
        self._counted = (0, 0)
        self._paired_s: float | None = None
        self._by_label = False
        self._look_s: float | None = None  # when to look for requests, once it is known whom we talk to
        self._asked: dict[int, int] = {}  # token -> request

    async def run(self) -> str:
        """Talk until the link ends; the reason is returned. Unavailable or another EvensongError if the hub itself
        cannot go on. The port is closed in any case, and what had come by then is journalled."""
        try:
            await self._carry_out(self._talk.tick(self._clock.monotonic_s()))
            while True:
                words = await self._listen()
                if (reason := await self._carry_out(words)) is not None:
                    return reason
        except LinkLost as lost:
            return lost.message
        finally:
            try:
                self._commit()  # unacknowledged, it would only come again
            finally:
                await self._port.close()

    async def _listen(self) -> list[Word]:
        dues = (self._batch_due_s, self._ack_due_s, self._look_s, self._talk.due_s)
        due_s = min(due for due in dues if due is not None)
        chunk = b""
        with contextlib.suppress(TimeoutError):
            # A clock that counts microseconds never gets to what is less than one away.
            async with asyncio.timeout(max(0.0, due_s - self._clock.monotonic_s()) + TICK_S):
                chunk = await self._port.receive()
        now_s = self._clock.monotonic_s()
        return self._talk.feed(chunk, now_s) if chunk else self._talk.tick(now_s)

    async def _carry_out(self, words: list[Word]) -> str | None:
        """The reason to end, if there is one."""
        for word in words:
            match word:
                case Keep(frame):
                    if not self._batch:
                        self._batch_due_s = self._clock.monotonic_s() + BATCH_S
                    self._batch.append(frame)
                case Send(stream):
                    await self._send(stream)
                case TimeAsked(header, token):
                    await self._tell_time(header, token)
                case Challenged(challenge):
                    await self._prove(challenge)
                case Turned(device_id, reason):
                    raise self._trust.refused(device_id, reason)
                case Greeted():
                    self._commit()
                    await self._greet(word)
                case Answered(reply):
                    self._note(reply)
                case End(reason):
                    return reason
        await self._acknowledge()
        await self._pass_on()
        return None

    async def _acknowledge(self) -> None:
        """Make durable what is due, and say so when that is due."""
        now_s = self._clock.monotonic_s()
        overdue = self._batch_due_s is not None and now_s >= self._batch_due_s
        if overdue or len(self._batch) >= BATCH_FRAMES:
            self._owed += len(self._batch)
            if self._ack_due_s is None:
                self._ack_due_s = now_s + (0 if now_s < self._ack_at_once_until_s else ACK_WITHIN_S)
            self._commit()
        if self._ack_due_s is not None and (self._owed >= ACK_FRAMES or now_s >= self._ack_due_s):
            self._owed, self._ack_due_s = 0, None
            for word in self._talk.acknowledge():
                assert isinstance(word, Send)
                await self._send(word.stream)

    def _note(self, reply: Reply) -> None:
        _log.info("reply", device=self._device_id.hex(), status=reply.status)
        if (row := self._asked.pop(reply.token, None)) is not None:
            requests.answered(self._journal, row, reply)

    async def _pass_on(self) -> None:
        """What a person wants of this wearable, if it is time to look."""
        if self._look_s is None or self._clock.monotonic_s() < self._look_s:
            return
        self._look_s = self._clock.monotonic_s() + requests.LOOK_S
        request = requests.take(self._journal, self._device_id, self._clock.utc_ms())
        if request is not None:
            token, send = self._talk.command(request.code, request.arg)
            self._asked[token] = request.row
            await self._send(send.stream)

    @property
    def _device_id(self) -> bytes:
        assert self._talk.peer is not None
        return self._talk.peer.hello.device_id

    async def _prove(self, challenge: Challenge) -> None:
        self._check_served(challenge.device_id, "A wearable")
        answer = self._trust.answer(challenge)
        send = self._talk.prove(challenge, answer.key, by_label=answer.by_label)
        if answer.by_label:  # before it can have the new key, so must we
            self._trust.keyring.prepare(challenge.device_id, _after(challenge.key_epoch), self._talk.next_key)
        await self._send(send.stream)
        self._by_label = answer.by_label

    def _check_served(self, device_id: bytes, name: str) -> None:
        if not self._serves(device_id):
            who = f"{name} ({device_id.hex()})"
            raise NotOurs(f"{who} is not among `hub.devices`: add it there if this hub should serve it.")

    async def _greet(self, peer: Greeted) -> None:
        self._check_served(peer.hello.device_id, peer.hello.name or "A wearable")
        rotates = self._authenticate(peer)
        tail = self._journal.greet(peer.hello, peer.header, self._clock.utc_ms())
        self._on_greeted(Greeting(peer.hello.device_id, peer.hello.name, peer.challenge is not None))
        words = self._talk.resume(tail)
        if rotates:
            words.append(self._talk.rotate())  # made last, sent last: sealed frames are numbered
        for word in words:
            assert isinstance(word, Send)
            await self._send(word.stream)
        self._look_s = self._clock.monotonic_s()

    def _authenticate(self, peer: Greeted) -> bool:
        """Believe the peer or raise Untrusted. True if a change of keys is due, and prepared."""
        device_id, keyring, utc_ms = peer.hello.device_id, self._trust.keyring, self._clock.utc_ms()
        if peer.challenge is None:
            self._trust.check_open(device_id)
            return False
        if device_id != peer.challenge.device_id:
            raise Untrusted(f"Wearable {peer.challenge.device_id.hex()} says that it is {device_id.hex()}.")
        epoch = peer.challenge.key_epoch
        if self._by_label:
            keyring.proved(device_id, _after(epoch), utc_ms)
            return False
        keyring.proved(device_id, epoch, utc_ms)
        if not keyring.rotation_due(device_id, epoch, utc_ms):
            return False
        keyring.prepare(device_id, _after(epoch), self._talk.next_key)
        return True

    async def _tell_time(self, header: Header, token: int) -> None:
        utc_ms, now_s = self._clock.utc_ms(), self._clock.monotonic_s()
        if utc_ms < CLOCK_SET_UTC_MS:
            return  # this computer does not know the time yet, and says nothing rather than that
        await self._send(self._talk.time_reply(token, utc_ms, CLOCK_UNCERTAINTY_MS).stream)
        if self._paired_s is None or now_s - self._paired_s >= PAIR_EVERY_S:
            self._journal.note_pair(self._device_id, header, utc_ms, CLOCK_UNCERTAINTY_MS)
            self._paired_s = now_s

    async def _send(self, stream: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._port.send(stream)
        except TimeoutError:
            raise LinkLost(f"{self._port.address} took nothing for {SEND_LIMIT_S:.0f} s.") from None

    def _commit(self) -> None:
        """Make the batch durable. Whatever goes wrong is raised, and then nothing is acknowledged."""
        batch, self._batch, self._batch_due_s = self._batch, [], None
        if self._talk.peer is None:
            return
        counted = (self._talk.damaged, self._talk.hostile)
        damaged, hostile = (now - before for now, before in zip(counted, self._counted, strict=True))
        if not (batch or damaged or hostile):
            return
        with self._journal.transaction():
            if batch:
                appended = self._journal.append(self._device_id, batch, self._clock.utc_ms())
            self._journal.count(self._device_id, damaged=damaged, hostile=hostile)
        self._counted = counted
        if batch and appended.new:
            self._on_journalled()


def _after(epoch: int) -> int:
    """The epoch that follows, two bytes of it; 0 is none."""
    return epoch % 65535 + 1
