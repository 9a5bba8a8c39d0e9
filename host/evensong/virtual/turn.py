"""A turn: one message each way between the world, which owns the time, and a child process that lives in it.

    world to child:  length, now, alone until   and `length` bytes for the child
    child to world:  length, idle until, now    and `length` bytes from the child

A child may send its bytes in several parts: all but the last have MORE_US as the time until which it is idle.

The numbers are 64-bit little-endian, times are virtual microseconds. "Alone until" is a lease: before that time the
world has nothing to do, so a child that has said nothing in this turn may sleep and wake by itself as long as it wakes
earlier, and says at the turn's end what time it has become. Otherwise no virtual time passes within a turn, so nothing
is ever under way between two processes but inside one. A child that ends within a lease says so, with END_US.
`micropython/vclock.py` speaks the same on the firmware's side.
"""

from __future__ import annotations

import socket
import struct

HEAD = struct.Struct("<QQQ")
NEVER_US = 1 << 60  # "idle until something comes"; also small enough for a MicroPython small integer
MORE_US = NEVER_US + 1
END_US = NEVER_US + 2
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
