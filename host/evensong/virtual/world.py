"""The loop that owns the time. Child processes get a turn when something is for them or when their deadline has come.

All children whose turn it is run at once; what they did is read in the order of their numbers. One that has its turn
alone gets the time until anything else is due with it (`turn.py`). Processes are started, killed and signalled at
virtual instants, when all of them are idle, so "at any instant" means between two turns.
`digest` covers every byte of every turn, each with its virtual microsecond, and every event: two runs of the same scene
have the same digest.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import require_linux
from .loop import Stuck, VirtualLoop
from .turn import END_US, FD_VARIABLE, HEAD, MORE_US, NEVER_US, take

TURN_LIMIT_S = 100
ALONE_US = 60_000_000  # at most, lest a turn take longer than that
ROUNDS_LIMIT = 100_000  # turns at one virtual instant
_T = TypeVar("_T")


class Sink(Protocol):
    """Who takes in the world what a child sends."""

    def frames_received(self, frames: bytes) -> None: ...

    def process_ended(self) -> None: ...


class Peer:
    """A child process as the world sees it."""

    def __init__(
        self, world: World, number: int, name: str, process: subprocess.Popen[bytes], link: socket.socket
    ) -> None:
        self.number = number
        self.name = name
        self.alive = True
        self.on_end: Callable[[], None] = lambda: None  # called after the sink was told
        self._world = world
        self._process = process
        self._link = link
        self._out = bytearray(HEAD.size)
        self._timer: asyncio.TimerHandle | None = None
        self._sink: Sink | None = None
        self._doomed = False

    def send(self, frames: bytes) -> None:
        """The child gets its turn, and these, before any more virtual time passes."""
        if self.alive:
            self._out += frames
            self._world.due[self.number] = self

    def kill(self) -> None:
        """SIGKILL, now."""
        if self.alive:
            self._process.kill()
            self._gone()

    def kill_unheard(self) -> None:
        """SIGKILL at the end of the next turn in which it has something to say, which nobody hears: as if it had died
        between writing to its disk and the word about it leaving."""
        self._doomed = True

    def terminate(self) -> None:
        """SIGTERM, now; the child sees it in the turn that it gets at once."""
        if self.alive:
            self._world.event("process", self.name, "gets SIGTERM")
            self._process.send_signal(signal.SIGTERM)
            self._world.due[self.number] = self

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def attach(self, sink: Sink) -> None:
        """Take the first turn, which every child ends before it does anything else."""
        self._sink = sink
        self.take_turn()

    def give_turn(self, alone_until_us: int) -> None:
        self._cancel_timer()
        HEAD.pack_into(self._out, 0, len(self._out) - HEAD.size, self._world.now_us, alone_until_us)
        self._world.record(self.number, self._out)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # take_turn sees that it died
            self._link.sendall(self._out)
        self._out = bytearray(HEAD.size)

    def take_turn(self) -> None:
        try:
            frames, until_us = bytearray(), MORE_US
            while until_us == MORE_US:
                length, until_us, now_us = HEAD.unpack(take(self._link, HEAD.size))
                frames += take(self._link, length)
        except ConnectionResetError:
            self._gone()
            return
        except BlockingIOError:
            kept = f"Process {self.name} kept its turn for {TURN_LIMIT_S} real seconds"
            raise Stuck(f"{kept} at virtual {self._world.time():.6f} s.") from None
        self._world.pass_to(now_us)
        self._world.record(self.number, HEAD.pack(len(frames), until_us, now_us) + frames)
        if frames and self._doomed:
            self.kill()
            return
        if until_us == END_US:
            self._gone()
            return
        if until_us < NEVER_US:
            self._timer = self._world.call_at(until_us / 1e6, self._wake)
        if frames and self._sink:
            self._sink.frames_received(bytes(frames))

    def _wake(self) -> None:
        self._timer = None
        self._world.due[self.number] = self

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _gone(self) -> None:
        self.end()
        self._world.event("process", self.name, "ended", self._process.returncode)
        if self._sink:
            self._sink.process_ended()
        self.on_end()

    def end(self) -> None:
        """Reap the process; a child that closed its link is ending or dead."""
        self.alive = False
        try:
            self._process.wait(TURN_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._link.close()
        self._cancel_timer()
        self._world.due.pop(self.number, None)
        self._world.peers.pop(self.number, None)


class World(VirtualLoop):
    """A turn is a switch between two processes and costs half as much on one CPU, so the world pins itself and its
    children to the one it is on while a scene runs."""

    def __init__(self) -> None:
        require_linux()
        super().__init__()
        self.due: dict[int, Peer] = {}
        self.peers: dict[int, Peer] = {}
        self.log: list[str] = []
        self.turns = 0
        self._count = 0
        self._rounds = (0, 0)  # virtual microsecond, turns given at it
        self._sha = hashlib.sha256()

    def pass_to(self, us: int) -> None:
        """A child that was alone says what time it has become."""
        self._set_now(us)

    def record(self, number: int, turn: bytes | bytearray) -> None:
        self._sha.update(b"%d %d %d " % (self.now_us, number, len(turn)))
        self._sha.update(turn)

    def event(self, *what: object) -> None:
        """Note something in the log and in the digest. what: nothing that differs between two runs."""
        line = f"{self.now_us} " + " ".join(map(str, what))
        self.log.append(line)
        self._sha.update(line.encode())

    def digest(self) -> str:
        """Of everything so far: 64 hex digits."""
        return self._sha.hexdigest()

    def spawn(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        sink: Callable[[Peer], Sink],
        pass_fds: Sequence[int] = (),
    ) -> Peer:
        """Start a process at this instant; its output is appended to the file. Raises `Stuck` if it dies before it took
        its first turn, with the last line it wrote. pass_fds: further files that it inherits."""
        ours, theirs = socket.socketpair()
        # not a Python timeout: that would make the socket non-blocking and MSG_WAITALL void
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", TURN_LIMIT_S, 0))
        with theirs, output.open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**environment, FD_VARIABLE: str(theirs.fileno())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno(), *pass_fds],
            )
        self._count += 1
        peer = self.peers[self._count] = Peer(self, self._count, name, process, ours)
        self.event("process", name, "started")
        peer.attach(sink(peer))
        if not peer.alive:
            raise Stuck(f"Process {name} ended before its first turn ({peer.returncode}); it said: {last_line(output)}")
        return peer

    def _advance(self, until_us: int) -> None:
        if not self.due:
            super()._advance(until_us)
            return
        batch = [self.due[number] for number in sorted(self.due)]
        self.due.clear()
        self._rounds = (self.now_us, self._rounds[1] + 1 if self._rounds[0] == self.now_us else 0)
        if self._rounds[1] > ROUNDS_LIMIT:
            names = ", ".join(peer.name for peer in batch)
            raise Stuck(f"{ROUNDS_LIMIT} turns at virtual {self.time():.6f} s: {names} never sleeps.")
        self.turns += len(batch)
        alone = len(batch) == 1 and not self._fences
        alone_until_us = min(until_us, self.now_us + ALONE_US) if alone else self.now_us
        for peer in batch:
            peer.give_turn(alone_until_us)
        for peer in batch:
            peer.take_turn()

    def run(self, scene: Coroutine[Any, Any, _T]) -> _T:
        """Play a scene to its end, then end every task and process it left behind. A world is run once."""
        asyncio.set_event_loop(self)
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {_current_cpu()} & cpus or cpus)
        try:
            return self.run_until_complete(scene)
        finally:
            self._ready_rounds = 0
            left = asyncio.all_tasks(self)
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            for peer in list(self.peers.values()):
                peer.kill()
            self.run_until_complete(self.shutdown_default_executor())
            asyncio.set_event_loop(None)
            self.close()
            os.sched_setaffinity(0, cpus)


def _current_cpu() -> int:
    """The CPU that the kernel runs us on: field 39 of proc(5)'s stat."""
    return int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[36])


def last_line(output: Path) -> str:
    lines = output.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
