"""What hub and wearable say to each other over one connection: bytes in, words out, without I/O.

What it is not: it neither stores nor waits. `session` carries out what it says and tells it the time; a test can do
the same.

Invariants: nothing a peer sends raises; a frame is `Keep` only under the identity that the peer said hello with;
`wanted` only grows, and only over frames that were handed out as `Keep` or over numbers that the peer, asked again,
does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from evensong.hub.journal import Position, Tail
from evensong_wire.channel import Channel
from evensong_wire.codec import encode
from evensong_wire.frames import MINOR, CommandCode, Refused
from evensong_wire.models import (
    KIND_OF,
    Ack,
    Body,
    Boot,
    Challenge,
    Command,
    Frame,
    Header,
    Hello,
    HubHello,
    Proof,
    Refusal,
    Reply,
    ResumeFrom,
    TimeReply,
    TimeRequest,
    samples_in,
)
from evensong_wire.stream import Stream, pack

HELLO_EVERY_S = 5.0
HELLO_TRIES = 3
REWIND_LIMIT_S = 30.0  # within which an asked-for number, or the first one after it, has to come
ASK_TRIES = 4
MOST_CHALLENGES = 2 * HELLO_TRIES
MOST_LIVES = 8  # of a wearable over one connection: each makes a row in the journal
IDLE_LIMIT_S = 25 * 60.0  # a wearable asks for the time every twenty minutes: longer silence is a dead link


@dataclass(frozen=True, slots=True)
class Send:
    stream: bytes


@dataclass(frozen=True, slots=True)
class Challenged:
    """The peer wants to see a key: `prove` it, or end the connection."""

    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Turned:
    """The peer does not believe the proof."""

    device_id: bytes
    reason: Refused | int


@dataclass(frozen=True, slots=True)
class Greeted:
    """The peer said who it is; `resume` has to be called before any numbered frame is taken. challenge: the one that
    was answered and that it proved itself with; None: anybody could have said this."""

    hello: Hello
    header: Header
    challenge: Challenge | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """Journal this frame, then `acknowledge`."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """Answer with `time_reply` at once."""

    header: Header
    token: int


@dataclass(frozen=True, slots=True)
class Answered:
    reply: Reply


@dataclass(frozen=True, slots=True)
class End:
    """There is no point in going on with this connection."""

    reason: str


Word = Send | Challenged | Turned | Greeted | Keep | TimeAsked | Answered | End

MAX_NAME = 80
NOWHERE = Position(0, 0)


class Conversation:
    """hub_id: 8 bytes. now_s: monotonic seconds. entropy: n -> n random bytes.

    Counters: hostile - whole frames that had no business here (another identity, before the hello, a hub's words, not
    sealed where all is sealed, sealed by somebody else, sent before);
    in_flight - frames passed over between asking again and the answer, all of which come again.
    """

    def __init__(self, hub_id: bytes, now_s: float, entropy: Callable[[int], bytes]) -> None:
        self.in_flight = 0
        self.next_key = b""
        self.peer: Greeted | None = None
        self._hub_id = hub_id
        self._channel = Channel(hub_id, entropy)
        self._stream = Stream(self._channel.unseal)
        self._foreign = 0
        self._challenges = 0
        self._answered: tuple[Challenge, Send] | None = None
        self._seq = 0
        self._hellos = 0
        self._lives = 0
        self._heard_s = now_s
        self._deadline_s = now_s  # of the hello, or of an answer to asking again
        self._streaming = False
        self._wanted = NOWHERE
        self._samples = 0  # kept ones of the boot that `_wanted` is in
        self._acked = NOWHERE
        self._asked = 0  # times in a row for `_wanted`
        self._furthest = NOWHERE
        self._damage_when_asked = 0
        self._damage_when_kept = 0

    @property
    def hostile(self) -> int:
        return self._foreign + self._stream.refused

    @property
    def damaged(self) -> int:
        """Stretches of bytes that were no frame."""
        stream = self._stream
        return stream.bad_cobs + stream.bad_crc + stream.oversize + stream.unparsable

    @property
    def wanted(self) -> Position:
        """The first number not yet kept nor given up."""
        return self._wanted

    @property
    def due_s(self) -> float:
        """When `tick` wants to be called, if nothing comes before."""
        waiting = self.peer is None or self._asked
        return min(self._deadline_s, self._heard_s + IDLE_LIMIT_S) if waiting else self._heard_s + IDLE_LIMIT_S

    def tick(self, now_s: float) -> list[Word]:
        """Time has passed. Called first of all, it opens the conversation."""
        if now_s >= self._heard_s + IDLE_LIMIT_S:
            return [End(f"connected, but silent for {IDLE_LIMIT_S / 60:.0f} minutes")]
        if self.peer is None and now_s >= self._deadline_s:
            if self._hellos == HELLO_TRIES:
                return [End(self._why_silent())]
            self._hellos += 1
            self._deadline_s = now_s + HELLO_EVERY_S
            return [self._say(HubHello(self._hub_id, MINOR))]
        if self._asked and now_s >= self._deadline_s:
            if self._asked == ASK_TRIES:
                return [End("asked again and again, it does not go back to a missing frame")]
            return [self._ask(now_s)]
        return []

    def _why_silent(self) -> str:
        if self._channel.replayed:
            return "not authenticated: frames came that had been sent before, as if somebody played a recording"
        if self._channel.forged:
            return "not authenticated: what comes is sealed with another key than this hub's, or was changed on the way"
        return "it does not answer a hello: no Evensong wearable, or its firmware hangs"

    def feed(self, chunk: bytes, now_s: float) -> list[Word]:
        words: list[Word] = []
        for frame in self._stream.feed(chunk):
            self._heard_s = now_s
            words += self._hear(frame, now_s)
            if words and isinstance(words[-1], End):
                break
        return words

    def _hear(self, frame: Frame, now_s: float) -> list[Word]:
        header, body = frame.header, frame.body
        if isinstance(body, Challenge):
            return self._challenged(body)
        if isinstance(body, Refusal) and self._answered and self.peer is None:
            return [Turned(self._answered[0].device_id, body.reason)]
        if self._channel.proven and not frame.sealed:
            self._foreign += 1
            return []
        if isinstance(body, Hello):
            return self._greeted(Greeted(body, header, self._answered[0] if self._answered else None))
        if self.peer is None or header.incarnation != self.peer.header.incarnation:
            self._foreign += 1
            return []
        if header.numbered:
            return self._numbered(frame, now_s)
        if header.boot_id != self.peer.header.boot_id:
            self._foreign += 1
            return []
        match body:
            case TimeRequest(token):
                return [TimeAsked(header, token)]
            case Reply():
                return [Answered(body)]
            case HubHello() | Ack() | TimeReply() | ResumeFrom() | Command() | Proof():
                self._foreign += 1
        return []  # a word of a newer minor version

    def _challenged(self, challenge: Challenge) -> list[Word]:
        if self.peer is not None:  # one connection, one proof
            self._foreign += 1
            return []
        self._challenges += 1
        if self._challenges > MOST_CHALLENGES:
            return [End(f"{self._why_silent()}; it asks for a proof again and again")]
        if self._answered and self._answered[0] == challenge:  # the answer to a hello that was repeated
            return [self._answered[1]]
        return [Challenged(challenge)]

    def prove(self, challenge: Challenge, key: bytes, *, by_label: bool) -> Send:
        """The answer to a challenge; `next_key` is known from then on."""
        proof, self.next_key = self._channel.prove(challenge, key, by_label=by_label)
        header = Header(KIND_OF[Proof], bytes(4), 0, self._seq & 0xFFFFFF, 0)
        self._seq += 1
        self._answered = challenge, Send(pack(encode(header, proof)))
        return self._answered[1]

    def rotate(self) -> Send:
        """Let the peer change to `next_key`, which is kept already."""
        return self._say(Command(self._seq & 0xFFFF, CommandCode.ROTATE, b""))

    def _greeted(self, peer: Greeted) -> list[Word]:
        if self.peer is not None:
            if self.peer.hello.device_id != peer.hello.device_id or self.peer.challenge != peer.challenge:
                return [End("another wearable answers on the same line")]
            if (
                self.peer.header.boot_id == peer.header.boot_id
                and self.peer.header.incarnation == peer.header.incarnation
            ):
                return []  # the answer to a hello that was repeated
        self._lives += 1
        if self._lives > MOST_LIVES:
            return [End("it says hello as another boot again and again")]
        hello = replace(peer.hello, name=_printable(peer.hello.name), board=_printable(peer.hello.board))
        # a line that stays open over a reboot begins anew
        self.peer = peer = Greeted(hello, peer.header, peer.challenge)
        self._streaming = False
        self._asked = 0
        return [peer]

    def resume(self, tail: Tail | None) -> list[Word]:
        """tail: where the journal of the greeted timeline ends. From now on numbered frames are taken."""
        assert self.peer is not None
        hello = self.peer.hello
        self._wanted = Position(hello.first_boot_id, hello.first_seq)
        self._samples = 0
        if tail is not None:
            after = Position(tail.last.boot_id, tail.last.seq + 1)
            if after >= self._wanted or self._wanted.boot_id == after.boot_id:
                self._samples = tail.samples
            self._wanted = max(self._wanted, after)
        self._streaming = True
        self._acked = self._wanted
        self._damage_when_kept = self.damaged
        words: list[Word] = [self._say(ResumeFrom(self._wanted.boot_id, self._wanted.seq))]
        if tail is not None:  # an earlier ACK may have been lost
            words.append(self._say(Ack(tail.last.boot_id, tail.last.seq)))
        return words

    def _numbered(self, frame: Frame, now_s: float) -> list[Word]:
        at = Position(frame.header.boot_id, frame.header.seq)
        assert self.peer is not None
        if not self._streaming or at.boot_id > self.peer.header.boot_id:
            self._foreign += 1
            return []
        if at < self._wanted:
            return [Keep(frame)]  # a duplicate, or something that was given up; the journal knows
        if at == self._wanted or self._follows(frame, at):
            return [self._keep(frame, at)]
        if not self._asked:
            self._furthest = at
            return [self._ask(now_s)]
        if at > self._furthest:  # sent before the peer read that it should go back
            self._furthest = at
            self.in_flight += 1
            return []
        if self.damaged > self._damage_when_asked and self._asked < ASK_TRIES:
            return [self._ask(now_s)]  # it may have been damaged on the way again
        return [self._keep(frame, at)]  # asked, it went back, and this is the first that it has: a gap

    def _follows(self, frame: Frame, at: Position) -> bool:
        """True if this begins a boot right behind `_wanted`, and nothing says that the end of that one is missing."""
        if at.seq or at.boot_id <= self._wanted.boot_id or self.damaged > self._damage_when_kept:
            return False
        boot = frame.body
        return (
            isinstance(boot, Boot)
            and boot.previous_boot_id == self._wanted.boot_id
            and boot.previous_sampled <= self._samples
        )

    def _keep(self, frame: Frame, at: Position) -> Keep:
        if at.boot_id != self._wanted.boot_id:
            self._samples = 0
        self._samples += samples_in(frame.body)
        self._wanted = Position(at.boot_id, at.seq + 1)
        self._asked = 0
        self._damage_when_kept = self.damaged
        return Keep(frame)

    def _ask(self, now_s: float) -> Send:
        self._asked += 1
        self._deadline_s = now_s + REWIND_LIMIT_S
        self._damage_when_asked = self.damaged
        return self._say(ResumeFrom(self._wanted.boot_id, self._wanted.seq))

    def acknowledge(self) -> list[Word]:
        """All that was handed out as `Keep` is durable. Nothing is said if nothing new was."""
        if self._wanted == self._acked or self._wanted.seq == 0:
            return []
        self._acked = self._wanted
        return [self._say(Ack(self._wanted.boot_id, self._wanted.seq - 1))]

    def command(self, code: int, arg: bytes) -> tuple[int, Send]:
        """Tell the peer to do something. Returns the token that its reply will have."""
        token = self._seq & 0xFFFF
        return token, self._say(Command(token, code, arg))

    def time_reply(self, token: int, utc_ms: int, uncertainty_ms: int) -> Send:
        return self._say(TimeReply(token, utc_ms, uncertainty_ms))

    def _say(self, body: Body) -> Send:
        incarnation, boot_id = bytes(4), 0
        if self.peer is not None:
            incarnation, boot_id = self.peer.header.incarnation, self.peer.header.boot_id
        header = Header(KIND_OF[type(body)], incarnation, boot_id, self._seq & 0xFFFFFF, 0)
        self._seq += 1
        return Send(self._channel.pack(encode(header, body)))


def _printable(text: str) -> str:
    """What a peer calls itself, without what would move a terminal's cursor."""
    return "".join(each for each in text if each.isprintable())[:MAX_NAME]
