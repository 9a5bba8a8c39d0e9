"""A wearable's hours on CPython: a rig that is worn, pressed, told the time and listened to."""

from __future__ import annotations

from pathlib import Path

from rig import Rig, Ticks

from evensong_firmware.ring import put16, put24
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Cursor
from evensong_wire import codec
from evensong_wire.frames import CommandCode, EventCode
from evensong_wire.models import Command, Event, Frame, HubHello, Reply, TimeReply, TimeRequest


class Hours:
    """A rig whose sampler polls as on a board. Streams: 8 wear, 11 button."""

    def __init__(self, home: Path, ticks: Ticks) -> None:
        self.ticks = ticks
        self.rig = Rig(home)
        self.links: list[bool] = []
        self.queue: list[tuple[int, int, int, int]] = []
        self._replies = 0
        self.begin()

    def begin(self) -> None:
        rig = self.rig
        rig.board.sources = (self,)
        rig.conduct.links = (self,)
        self.sampler = Sampler(rig.board, rig.clock, rig.recorder, rig.config, rig.conduct, ())

    def rest(self, on: bool) -> None:
        """Of the radio."""
        self.links.append(on)

    def read_into(self, buf: bytearray, t_s: int, t_ms: int) -> int:
        if not self.queue or self.queue[0][0] > 1000 * t_s + t_ms:
            return 0
        at_ms, stream, a, b = self.queue.pop(0)
        put24(buf, 0, at_ms // 1000)
        put16(buf, 3, at_ms % 1000 | stream << 10)
        buf[5] = a
        put16(buf, 6, b)
        return 1

    def reset(self) -> None:
        """Device time starts again; nobody knows how long that took."""
        self.ticks.ms = 0
        self.rig.boot()
        self.begin()

    def live(self, s: float) -> None:
        end_ms = self.ticks.ms + round(1000 * s)
        while True:
            self.sampler.turn()
            step_ms = 50 if self.rig.conduct.busy else 2000
            if self.ticks.ms + step_ms > end_ms:
                break
            self.ticks.ms += step_ms
        self.ticks.ms = end_ms
        self.sampler.turn()

    def wear(self, state: int) -> None:
        self.queue.append((self.ticks.ms, 8, state, 0))
        self.live(0.1)

    def press(self, times: int = 1, ms: int = 120) -> None:
        for _ in range(times):
            self.queue.append((self.ticks.ms, 11, 1, 0))
            self.live(ms / 1000)
            self.queue.append((self.ticks.ms, 11, 0, 0))
            self.live(0.2)

    def hold(self, s: float) -> None:
        self.press(1, round(1000 * s))

    def say(self, code: CommandCode, arg: bytes = b"") -> Reply:
        """A command by a hub that is near."""
        self._replies += 1
        self.rig.say(HubHello(bytes(8), 0), Command(self._replies, code, arg))
        return [f.body for f in self.rig.hear() if isinstance(f.body, Reply)][-1]

    def tell_time(self, utc_s: int) -> None:
        self.rig.session.open()
        self.rig.say(HubHello(bytes(8), 0))
        token = [f.body.token for f in self.rig.hear() if isinstance(f.body, TimeRequest)][-1]
        self.rig.say(TimeReply(token, 1000 * utc_s, 20))

    def frames(self) -> list[Frame]:
        cursor, found = Cursor(), []
        while n := self.rig.spool.read(cursor):
            found.append(codec.decode(bytes(self.rig.spool.found[:n])))
        return found

    def bodies(self) -> list[object]:
        return [frame.body for frame in self.frames()]

    def events(self, *codes: EventCode) -> list[Event]:
        return [body for body in self.bodies() if isinstance(body, Event) and body.code in codes]

    def pulses(self) -> int:
        """Played since this was asked last."""
        number = sum(level > 0 for level in self.rig.board.signals)
        self.rig.board.signals.clear()
        return number
