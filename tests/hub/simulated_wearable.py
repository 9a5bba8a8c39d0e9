"""A wearable that speaks the real wire, without I/O: bytes in, bytes out. Its spool outlives reboots, a link does not.

It keeps the contract of docs/architecture.md ("Who speaks first"): nothing numbered before RESUME_FROM, spool order,
cumulative ACKs. It is not the firmware, which has tests of its own and is played by `virtual`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evensong_wire.codec import encode
from evensong_wire.frames import ResetCause
from evensong_wire.models import (
    KIND_OF,
    Ack,
    Body,
    Boot,
    Frame,
    Header,
    HeartRate,
    Hello,
    HubHello,
    ResumeFrom,
    TimeReply,
    TimeRequest,
    samples_in,
)
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
    replies: list[TimeReply] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    _stream: Stream = field(default_factory=Stream)
    _unnumbered: int = 0

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
        self._stream = Stream()
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
        return pack(encode(self._header(body, self._unnumbered), body))

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
        match frame.body:
            case HubHello():
                return self.hello()
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
        return b""

    def send(self) -> bytes | None:
        """The next frame, packed; None if there is nothing to send or nobody asked."""
        if self.cursor is None or self.cursor >= len(self.spool):
            return None
        raw = self.spool[self.cursor][2]
        self.cursor += 1
        return pack(raw)
