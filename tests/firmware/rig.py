"""A wearable without radio, on CPython: a session whose other end is the test, with the wire's own codec."""

from __future__ import annotations

from pathlib import Path

from nor import Nor

from evensong_firmware.clock import Clock
from evensong_firmware.conduct import Conduct
from evensong_firmware.config import Config
from evensong_firmware.keys import Keys
from evensong_firmware.link import Session
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.ring import put16, put24
from evensong_firmware.spool import Spool
from evensong_wire import codec
from evensong_wire.models import KIND_OF, Body, Frame, Header
from evensong_wire.stream import Stream, pack


class Ticks:
    """MicroPython's `time.ticks_ms`, which a test moves."""

    def __init__(self) -> None:
        self.ms = 0

    def ticks_ms(self) -> int:
        return self.ms % (1 << 30)

    @staticmethod
    def ticks_diff(a: int, b: int) -> int:
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)


class Board:
    name = "bench"
    poll_ms = 2000
    home: str
    capabilities = 7
    device_id = bytes(range(8))
    sources = ()

    def __init__(self) -> None:
        self.rtc: int | None = None
        self.battery_pct = 80
        self.signals: list[int] = []  # levels of light and motor
        self.on_charger = self.resting = self.in_the_dark = False
        self.drawn = 0

    def reset_cause(self) -> int:
        return 0

    def rtc_s(self) -> int | None:
        return self.rtc

    def keep_utc(self, s: int) -> None: ...

    def entropy(self, n: int) -> bytes:
        return bytes((i + self.drawn) & 255 for i in range(1, n + 1))

    def battery(self) -> tuple[int, int]:
        return 3900, self.battery_pct

    def temp_cdeg(self) -> int:
        return -32768

    def charging(self) -> bool:
        return self.on_charger

    def signal(self, level: int) -> None:
        self.signals.append(level)

    def rest(self, on: bool) -> None:
        self.resting = on

    def dark(self, on: bool) -> None:
        self.in_the_dark = on

    def feed(self) -> None: ...


def word(body: Body, seq: int = 0) -> bytes:
    """A hub's frame as it goes onto the transport."""
    return pack(codec.encode(Header(KIND_OF[type(body)], bytes(4), 0, seq, 0), body))


class Rig:
    """Needs the `ticks` fixture. sectors: of its flash. It has no key and talks openly, unless `home` has a key
    file."""

    def __init__(self, home: Path, sectors: int = 12) -> None:
        settings = home / "evensong.json"
        if not settings.exists():
            settings.write_text('{"open": 1}')
        self.nor = Nor(sectors)
        self.home = home
        self.board = Board()
        self.board.home = str(home)
        self.boot()

    def boot(self) -> None:
        self.clock = Clock()
        self.spool = Spool(self.nor, self.board.entropy, stream_of)
        self.recorder = Recorder(self.spool, self.clock, self.board)
        self.recorder.start()
        self.config = Config(str(self.home))
        self.keys = Keys(str(self.home))
        self.conduct = Conduct(self.board, self.clock, self.recorder, self.config, self.keys)
        self.session = Session(self.recorder, self.clock, self.board, self.config, self.conduct)
        self.stream = Stream()

    def sample(self, t_ms: int, stream: int, a: int, b: int) -> bool:
        buf = bytearray(8)
        put24(buf, 0, t_ms // 1000)
        put16(buf, 3, t_ms % 1000 | stream << 10)
        buf[5] = a
        put16(buf, 6, b)
        return bool(self.recorder.add(buf, 0))

    def beats(self, n: int, from_ms: int = 0, ibi_ms: int = 1000) -> None:
        for i in range(n):
            assert self.sample(from_ms + (i + 1) * ibi_ms, 0, 100, ibi_ms)

    def say(self, *bodies: Body) -> None:
        for body in bodies:
            self.session.receive(word(body))

    def hear(self, mtu: int = 247, most: int = 10_000) -> list[Frame]:
        """What the device sends now, in chunks of MTU - 3, until it is silent."""
        chunk = bytearray(mtu)
        frames: list[Frame] = []
        for _ in range(most):
            n = self.session.fill(chunk, mtu - 3)
            assert n <= mtu - 3
            if not n:
                break
            frames += self.stream.feed(chunk[:n])
        return frames
