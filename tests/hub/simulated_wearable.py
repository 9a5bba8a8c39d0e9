"""A wearable that speaks the real wire, without I/O: bytes in, bytes out. Its spool outlives reboots, a link does not.

It keeps the contract of docs/architecture.md ("Who speaks first"): nothing numbered before RESUME_FROM, spool order,
cumulative ACKs. It is not the firmware, which has tests of its own and is played by `virtual`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evensong_wire.codec import encode, seal, unsealed
from evensong_wire.frames import CommandCode, Refused, ResetCause
from evensong_wire.models import (
    KIND_OF,
    Ack,
    Body,
    Boot,
    Challenge,
    Command,
    Frame,
    Header,
    HeartRate,
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
from evensong_wire.sealing import Direction, Secrets, context_of
from evensong_wire.stream import Stream, pack


@dataclass
class Wearable:
    device_id: bytes = bytes(range(8))
    incarnation: bytes = b"\x01\x02\x03\x04"
    boot_id: int = 0
    next_seq: int = 0
    time_ms: int = 0
    sampled: int = 0
    spool: list[tuple[int, int, bytes]] = field(default_factory=list)  # boot id, seq, frame
    made: list[bytes] = field(default_factory=list)  # every frame that the spool ever held
    dropped: set[tuple[int, int]] = field(default_factory=set)  # numbers used up for frames that found no room
    cursor: int | None = None  # into the spool; None: no RESUME_FROM yet
    key: bytes = b""  # without one it talks to anybody
    epoch: int = 1
    rotated: int = 0
    replies: list[TimeReply] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    obeys: tuple[int, bytes] = (0, b"")  # status and body of its replies
    acks: list[Ack] = field(default_factory=list)
    _stream: Stream = field(default_factory=Stream)
    _unnumbered: int = 0
    _hub_id: bytes = b""
    _challenges: int = 0
    _secrets: Secrets | None = None
    _in: Direction | None = None
    _out: Direction | None = None

    def __post_init__(self) -> None:
        self.reboot()

    # --- what happens to it ---

    def reboot(self) -> None:
        boot = Boot(ResetCause.POWER_ON, self.boot_id, self.time_ms, self.sampled, 0, 0xFFFF)
        self.boot_id += 1
        self.next_seq = self.sampled = self.time_ms = 0
        self.disconnect()
        self.record(boot)

    def erase(self, incarnation: bytes) -> None:
        self.incarnation, self.boot_id, self.spool = incarnation, 0, []
        self.reboot()

    def disconnect(self) -> None:
        self.cursor = None
        self._stream = Stream(self._unseal)
        self._secrets = self._in = self._out = None
        self._unnumbered = 0

    def record(self, body: Body, *, room: bool = True) -> None:
        self.sampled += samples_in(body)
        raw = encode(self._header(body, self.next_seq), body)
        if room:
            self.spool.append((self.boot_id, self.next_seq, raw))
            self.made.append(raw)
        else:
            self.dropped.add((self.boot_id, self.next_seq))
        self.next_seq += 1

    def heart_rate(self, n: int = 3, *, room: bool = True) -> None:
        """A frame with n readings, 5 s apart; time goes on by as much."""
        self.record(HeartRate(tuple(5000 * i for i in range(n)), tuple(960 + i for i in range(n))), room=room)
        self.time_ms += 5000 * n

    # --- what it says and hears ---

    def say(self, body: Body) -> bytes:
        self._unnumbered += 1
        return self._pack(encode(self._header(body, self._unnumbered), body))

    def _pack(self, raw: bytes) -> bytes:
        return pack(raw if self._out is None else seal(raw, self._out))

    def _unseal(self, raw: bytes) -> bytes | None:
        return None if self._in is None else unsealed(raw, self._in)[0] or None

    def _challenge(self) -> bytes:
        self._challenges += 1
        self.challenge = Challenge(self.device_id, self.epoch, False, self._challenges.to_bytes(16, "little"))
        return self.say(self.challenge)

    def _believe(self, proof: Proof) -> bytes:
        context = context_of(self.device_id, self._hub_id, self.epoch, 0)
        secrets = Secrets(self.key, self.challenge.challenge + proof.challenge, context)
        if secrets.proof() != proof.proof:
            return self.say(Refusal(Refused.PROOF))
        self._secrets, self._out, self._in = secrets, secrets.to_hub(), secrets.to_device()
        return self.hello()

    def _header(self, body: Body, seq: int) -> Header:
        return Header(KIND_OF[type(body)], self.incarnation, self.boot_id, seq, self.time_ms)

    def hello(self) -> bytes:
        first = self.spool[0][:2] if self.spool else (self.boot_id, self.next_seq)
        return self.say(
            Hello(self.device_id, 0, (0, 1, 0), 7, 3900, 80, *first, self.next_seq, 0, 0xFFFF, "simulated", "Sim")
        )

    def ask_time(self, token: int = 1) -> bytes:
        return self.say(TimeRequest(token))

    def hear(self, chunk: bytes) -> bytes:
        """What it answers at once: a HELLO. Frames come with `send`."""
        answer = b""
        for frame in self._stream.feed(chunk):
            answer += self._answer(frame)
        return answer

    def _answer(self, frame: Frame) -> bytes:
        if self._in is not None and not frame.sealed:
            return b""
        match frame.body:
            case HubHello(hub_id):
                self._hub_id = hub_id
                return self._challenge() if self.key else self.hello()
            case Proof() as proof if self.key and self._in is None:
                return self._believe(proof)
            case Command(_, CommandCode.ROTATE) if self._secrets:
                self.key, self.epoch = self._secrets.next_key(), self.epoch + 1
                self.rotated += 1
            case ResumeFrom(boot_id, seq):
                self.cursor = sum(at[:2] < (boot_id, seq) for at in self.spool)
            case Ack(boot_id, seq) as ack:
                self.acks.append(ack)
                sent = self.cursor or 0
                forgotten = sum(at[:2] <= (boot_id, seq) for at in self.spool[:sent])
                self.spool = self.spool[forgotten:]
                self.cursor = sent - forgotten if self.cursor is not None else None
            case TimeReply() as reply:
                self.replies.append(reply)
            case Command(token) as command:
                self.commands.append(command)
                return self.say(Reply(token, *self.obeys))
        return b""

    def send(self) -> bytes | None:
        """The next frame, packed; None if there is nothing to send or nobody asked."""
        if self.cursor is None or self.cursor >= len(self.spool):
            return None
        raw = self.spool[self.cursor][2]
        self.cursor += 1
        return self._pack(raw)
