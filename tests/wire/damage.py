"""A hostile line for the stream fuzz: it splits what is sent into chunks, drops, doubles and flips some of them, and
knows which frames must come out on the other side.

The oracle looks at the bytes that arrived, not at what was done to them: a run of bytes between two zeros that equals
the inside of a packed frame is that frame, whole and in order, however it came about. It asks for exactly these frames,
in this order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from evensong_wire.cut import FrameWriter
from evensong_wire.frames import EventCode, ResetCause
from evensong_wire.models import Activity, Body, Boot, Ema, Event, HeartRate, Ibi, Log, Status
from evensong_wire.stream import pack


def some_frames(rng: random.Random, number: int) -> list[bytes]:
    """Frames of many kinds and sizes, each different from every other by its number."""
    writer = FrameWriter(rng.randbytes(4), 1)
    raws: list[bytes] = []
    while len(raws) < number:
        raws += writer.write(rng.randrange(1 << 24) * 1000, _body(rng))
    return raws[:number]


def _body(rng: random.Random) -> Body:
    match rng.randrange(8):
        case 0:
            return Boot(rng.choice(list(ResetCause)), 1, rng.randrange(10**9), 5, rng.randrange(1 << 32), 9)
        case 1:
            times = tuple(range(0, 5000 * rng.randrange(1, 60), 5000))
            return HeartRate(times, tuple(rng.randrange(600, 1800) for _ in times))
        case 2:
            ibi_ms = tuple(rng.randrange(600, 1200) for _ in range(rng.randrange(1, 200)))
            return Ibi(tuple(sum(ibi_ms[: i + 1]) for i in range(len(ibi_ms))), ibi_ms, (100,) * len(ibi_ms))
        case 3:
            return Activity(tuple(rng.randrange(1 << 16) for _ in range(rng.randrange(1, 70))))
        case 4:
            return Status(3900, rng.randrange(101), None, rng.randrange(2000), None, 0, 0, 0)
        case 5:
            return Ema(rng.randrange(1, 10), rng.randrange(1, 10), prompted=True)
        case 6:
            return Event(EventCode.BUTTON, rng.randrange(-9, 9))
    return Log(1, "".join(rng.choices("ab\0 ", k=rng.randrange(200))))


def damaged(rng: random.Random, line: bytes, chunks: int) -> Iterator[bytes]:
    """`line`, cut into about `chunks` chunks of very different sizes, some dropped, doubled, flipped or delayed."""
    longest = max(2, 2 * len(line) // chunks)
    held: bytes | None = None
    at = 0
    while at < len(line):
        size = rng.randrange(1, longest)
        chunk = line[at : at + size]
        at += size
        fate = rng.randrange(100)
        if fate < 4:
            continue
        if fate < 8:
            yield chunk
        elif fate < 12:
            position = rng.randrange(len(chunk))
            flipped = chunk[position] ^ 1 << rng.randrange(8)
            chunk = chunk[:position] + bytes([flipped]) + chunk[position + 1 :]
        elif fate < 14 and held is None:
            held = chunk
            continue
        yield chunk
        if held is not None:
            yield held
            held = None
    if held is not None:
        yield held


class Oracle:
    """Told the chunks that arrived, says which frames must come out of each."""

    def __init__(self, raws: list[bytes]) -> None:
        self._sent = {pack(raw)[1:-1]: raw for raw in raws}
        self._rest = b""  # since the last zero byte

    def expect(self, chunk: bytes) -> list[bytes]:
        *pieces, rest = (self._rest + chunk).split(b"\0")
        self._rest = rest[-1000:]  # longer than any frame: no longer equal to one
        return [self._sent[piece] for piece in pieces if piece in self._sent]
