"""A real server - the Nexus - in a process of its own, in real time, on a free loopback port.

The listening socket is made here and inherited, so the port cannot be taken between choosing and listening, and the
server is reachable from the first instant: a request made before it is up waits in the socket's queue. TCP_NODELAY is
set on that socket, because uvicorn on an inherited one leaves Nagle on, which costs 40 ms a request.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from .loop import Stuck
from .world import last_line

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None)
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0


@contextlib.contextmanager
def serve(command: Callable[[int], Sequence[str]], folder: Path, port: int = 0) -> Iterator[str]:
    """Run a server that takes over a listening socket; yields its URL once it answers.

    command: from the socket's file descriptor to what to run in the folder; its output goes to `server.log` there.
    Raises `Stuck` if it ends or does not answer within 30 s.
    """
    log_path = folder / "server.log"
    with socket.create_server(("127.0.0.1", port), backlog=128) as listener, log_path.open("ab") as log:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        process = subprocess.Popen(
            command(listener.fileno()),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            preexec_fn=_end_with_parent,  # noqa: PLW1509  one system call, nothing that a thread could hold
        )
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            _await_answer(url, process, log_path)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def serve_nexus(store: Path, port: int = 0) -> Iterator[str]:
    """`evensong nexus run` on this store; its log lies beside the store."""
    command = [sys.executable, "-m", "evensong", "nexus", "run", "--store", str(store.resolve())]
    with serve(lambda fd: [*command, "--fd", str(fd)], store.parent, port) as url:
        yield url


def _end_with_parent() -> None:
    """A server has no turn to wait for, so it would outlive a parent that was killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _await_answer(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    """One request, which the kernel holds until the server accepts it; and an eye on the process meanwhile."""
    waited_s = 0.0
    while waited_s < START_LIMIT_S:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=1.0, trust_env=False)
            return
        waited_s += 1.0
        if process.poll() is not None:
            raise Stuck(f"The server ended while starting ({process.returncode}); it said: {last_line(log_path)}")
    raise Stuck(f"The server did not answer within {START_LIMIT_S:.0f} s; it said: {last_line(log_path)}")
