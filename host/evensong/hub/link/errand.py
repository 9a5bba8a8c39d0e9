"""A short conversation with one wearable, for a command or two: what `evensong wearable` has with it.

What it is not: nothing is journalled and nothing acknowledged, so the wearable forgets nothing. It proves this
computer's key like a hub; letting a hub in by the label is left to the hub itself, which keeps the key that follows.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable

from evensong.clock import Clock
from evensong.errors import InputError, Unavailable
from evensong.hub.trust import Trust, Untrusted
from evensong_wire.frames import CommandCode
from evensong_wire.models import Frame, Hello, Reply

from .conversation import Answered, Challenged, Conversation, End, Greeted, Keep, Send, Turned, Word
from .port import LinkLost, Port

ANSWER_LIMIT_S = 20.0
DONE = 0
PIECE_BYTES = 180  # of a bundle in one command, which with seal and coding is one notification at an ATT MTU of 247
AHEAD = 3  # commands under way; a wearable keeps four replies
MOST_PARTS = 32
BEGIN, PIECE, INSTALL = b"\0", b"\1", b"\2"


class Errand:
    """port: open; `close` it afterwards. greeted: who answers, after `greet`."""

    def __init__(self, port: Port, trust: Trust, clock: Clock) -> None:
        self.frames: list[Frame] = []
        self._port = port
        self._trust = trust
        self._clock = clock
        self._talk = Conversation(secrets.token_bytes(8), clock.monotonic_s(), secrets.token_bytes)
        self._hello: Hello | None = None
        self._replies: dict[int, Reply] = {}

    async def greet(self) -> Hello:
        """Prove the key and hear who it is. Unavailable: nobody answers, or nobody is believed."""
        await self._carry_out(self._talk.tick(self._clock.monotonic_s()))
        while self._hello is None:
            await self._listen(self._talk.due_s - self._clock.monotonic_s())
        return self._hello

    async def ask(self, code: CommandCode, arg: bytes = b"") -> str:
        """Give a command; what was answered. InputError if it was refused."""
        return await self._answer(await self._say(code, arg))

    async def hear(self, seconds: float) -> list[Frame]:
        """The frames that the wearable still holds, as many as come before it is silent for so long."""
        await self._carry_out(self._talk.resume(None))
        before = -1
        while len(self.frames) > before:
            before = len(self.frames)
            await self._listen(seconds)
        return self.frames

    async def self_test(self) -> list[str]:
        """A line for each part of the wearable, beginning with 1 (well), 0 or -1 (not there)."""
        parts: list[str] = []
        while len(parts) < MOST_PARTS and (part := await self.ask(CommandCode.SELFTEST, bytes([len(parts)]))):
            parts.append(part)
        return parts

    async def update(self, bundle: bytes, progress: Callable[[float], None]) -> None:
        """Hand over an update, from where an earlier attempt ended, and have it put on trial. It starts with the next
        restart."""
        name = hashlib.sha256(bundle).digest()[:8]
        have = _number(await self.ask(CommandCode.UPDATE, BEGIN + name + len(bundle).to_bytes(3, "little")))
        while have < len(bundle):
            tokens = []
            for at in range(have, min(have + AHEAD * PIECE_BYTES, len(bundle)), PIECE_BYTES):
                piece = PIECE + at.to_bytes(3, "little") + bundle[at : at + PIECE_BYTES]
                tokens.append(await self._say(CommandCode.UPDATE, piece))
            before, have = have, [_number(await self._answer(token)) for token in tokens][-1]
            if have <= before:
                raise LinkLost("It takes no more of the update: try again.")
            progress(have / len(bundle))
        while await self.ask(CommandCode.UPDATE, INSTALL) != "ready":
            pass

    async def close(self) -> None:
        await self._port.close()

    async def _say(self, code: CommandCode, arg: bytes) -> int:
        token, send = self._talk.command(code, arg)
        await self._port.send(send.stream)
        return token

    async def _answer(self, token: int) -> str:
        deadline_s = self._clock.monotonic_s() + ANSWER_LIMIT_S
        while token not in self._replies:
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0:
                raise LinkLost(f"{self._port.address} does not answer.")
            await self._listen(left_s)
        reply = self._replies.pop(token)
        body = reply.body.decode("utf-8", "replace")
        if reply.status != DONE:
            raise InputError(f"The wearable refuses: {body or 'it does not know the command'}.")
        return body

    async def _listen(self, seconds: float) -> None:
        chunk = b""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                chunk = await self._port.receive()
        except TimeoutError:
            pass
        now_s = self._clock.monotonic_s()
        await self._carry_out(self._talk.feed(chunk, now_s) if chunk else self._talk.tick(now_s))

    async def _carry_out(self, words: list[Word]) -> None:
        for word in words:
            match word:
                case Send(stream):
                    await self._port.send(stream)
                case Challenged(challenge):
                    answer = self._trust.answer(challenge)
                    if answer.by_label:
                        raise Untrusted("The wearable waits for a hub to be let in: run `evensong hub run` first.")
                    await self._port.send(self._talk.prove(challenge, answer.key, by_label=False).stream)
                case Turned(device_id, reason):
                    raise self._trust.refused(device_id, reason)
                case Greeted(hello, _, challenge):
                    if challenge is None:
                        self._trust.check_open(hello.device_id)
                    self._hello = hello
                case Answered(reply):
                    self._replies[reply.token] = reply
                case Keep(frame):
                    self.frames.append(frame)
                case End(reason):
                    raise Unavailable(f"{self._port.address}: {reason}.")


def _number(said: str) -> int:
    """Of "have 4096"."""
    word = said.rpartition(" ")[2]
    if not word.isdecimal():
        raise LinkLost("It answers something else than how much it has.")
    return int(word)
