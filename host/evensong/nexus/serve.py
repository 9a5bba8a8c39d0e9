"""Runs the Nexus on one listening socket of the loopback until SIGTERM or Ctrl-C.

The socket may be inherited, already listening. TCP_NODELAY is set on it and so on every connection it accepts:
otherwise Nagle's algorithm and the peer's delayed ACK hold every answer back for 40 ms.
"""

from __future__ import annotations

import errno
import ipaddress
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from evensong.errors import ConfigError, Unavailable
from evensong.nexus.app import create_app
from evensong.nexus.store import Store

STOP_WITHIN_S = 3  # for requests that are under way


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening socket, on any free port if it is 0. One sentence if the address is not ours to take."""
    if not _is_loopback(host):
        raise ConfigError(
            f"The Nexus has no accounts yet, so it only listens on this machine (127.0.0.1), not on {host}; "
            "from another machine, read it through a tunnel: ssh -L 8420:127.0.0.1:8420 THIS-MACHINE."
        )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            reason = "is taken, perhaps by a Nexus that runs already"
        elif error.errno == errno.EACCES:
            reason = "is reserved for the system"
        else:
            reason = f"cannot be opened ({error.strerror})"
        raise Unavailable(f"Port {port} of {host} {reason}; choose another with --port.") from None
    return listener


def inherit(fd: int) -> socket.socket:
    """The listening socket that a parent process left open as this file descriptor."""
    try:
        listener = socket.socket(fileno=fd)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        address = listener.getsockname()
    except OSError as error:
        raise ConfigError(f"File descriptor {fd} is no listening socket ({error.strerror}).") from None
    if not listening or listener.family != socket.AF_INET or not _is_loopback(address[0]):
        raise ConfigError(f"File descriptor {fd} is no socket that listens on this machine only (127.0.0.1).")
    return listener


def serve(store: Store, listener: socket.socket, started: Callable[[str], None]) -> None:
    """Answer until a signal; `started` is told the address once connections are taken. Closes the listener."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        create_app(store),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    # uvicorn raises the signal again once it has stopped; for a server that is a good end, so nothing is left to do.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    host, port = listener.getsockname()[:2]
    started(f"http://{host}:{port}/")
    uvicorn.Server(config).run(sockets=[listener])


def open_and_serve(path: Path, listener: socket.socket, started: Callable[[str], None]) -> None:
    with listener, Store.open(path) as store:
        serve(store, listener, started)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False
