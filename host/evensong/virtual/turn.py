"""A turn: one message each way between the world, which owns the time, and a child process that lives in it.

    world to child:  length, now          and `length` bytes for the child
    child to world:  length, idle until   and `length` bytes from the child

A child may send its bytes in several parts: all but the last have MORE_US as their time.

Both numbers are 64-bit little-endian, times are virtual microseconds. No virtual time passes within a turn, so
nothing is ever under way between two processes but inside one. `micropython/vclock.py` speaks the same on the
firmware's side.
"""

from __future__ import annotations

import socket
import struct

HEAD = struct.Struct("<QQ")
NEVER_US = 1 << 60  # "idle until something comes"; also small enough for a MicroPython small integer
MORE_US = NEVER_US + 1
FD_VARIABLE = "VCLOCK_FD"  # environment variable: the number of the inherited socket


def take(link: socket.socket, count: int) -> bytes:
    """Exactly `count` bytes. Raises ConnectionResetError when the other side is gone, BlockingIOError past the socket's
    receive timeout."""
    if count == 0:
        return b""
    taken = link.recv(count, socket.MSG_WAITALL)
    while len(taken) < count:  # a signal may cut MSG_WAITALL short
        more = link.recv(count - len(taken), socket.MSG_WAITALL)
        if not more:
            raise ConnectionResetError
        taken += more
    return taken
