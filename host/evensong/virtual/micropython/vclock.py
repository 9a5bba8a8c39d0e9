# The firmware's end of the virtual clock, on MicroPython's unix port and on CPython (see ../turn.py for the message).
# Between two hand-overs no virtual time passes. Device time runs at 1 + VCLOCK_PPM / 1e6 of the world's.
import os
import struct
import sys
from array import array

NEVER = 1 << 60
MORE = NEVER + 1  # the turn is not over
END = NEVER + 2  # and there will be no other
SPIN = 2000  # clock reads without a hand-over that count as one millisecond of busy waiting
RATE = 1_000_000 + int(os.getenv("VCLOCK_PPM") or 0)

_link = open(int(os.getenv("VCLOCK_FD")), "r+b", 0)
# Of arrays' kinds with 64 bits only "l" reads small numbers without allocating, but it may have 32.
WORD = "l" if sys.maxsize > 1 << 32 else "q"
_head = array(WORD, [0, 0, 0])
_out = bytearray(512)
_view = memoryview(_out)
_used = 24  # the first 24 bytes are the head's
_spin = 0
_alone_us = 0  # before this time there is nothing that the world would do
_ms = -1  # device time of now_us; -1: to be worked out
now_us = 0  # the world's time
take = None  # gets the bytes that came with a turn
edge_us = NEVER  # when a pin changes next, and who wants to know: both are `machine`'s
on_edge = None


def put(frame):
    # These bytes leave with the end of this turn, or before, in parts.
    global _alone_us, _used
    _alone_us = 0
    size = len(frame)
    if _used + size > len(_out):
        _leave(MORE)
    if 24 + size > len(_out):
        struct.pack_into("<QQQ", _out, 0, size, MORE, now_us)
        _link.write(_view[:24])
        _link.write(frame)
        return
    _out[_used : _used + size] = frame
    _used += size


def _leave(until_us):
    global _used
    struct.pack_into("<QQQ", _out, 0, _used - 24, until_us, now_us)
    _link.write(_view[:_used])
    _used = 24


def read(link, buffer, size):
    n = link.readinto(buffer) or 0
    while 0 < n < size:  # raw files of CPython may return less than was asked for
        rest = bytearray(size - n)
        more = link.readinto(rest) or 0
        if not more:
            break
        memoryview(buffer).cast("B")[n : n + more] = rest[:more]
        n += more
    if n < size:
        sys.exit()  # the world is gone


def hand_over(until_us):
    # "Idle until this world time, or until something comes": blocks until the world says what time it is.
    global now_us, _alone_us, _ms, _spin
    if until_us > edge_us:
        until_us = edge_us
    _spin = 0
    _ms = -1
    if now_us < until_us < _alone_us:
        now_us = until_us
    else:
        _leave(until_us)
        read(_link, _head, 24)
        now_us = _head[1]
        _alone_us = _head[2]
        if _head[0]:
            frames = bytearray(_head[0])
            read(_link, frames, _head[0])
            take(frames)
    if now_us >= edge_us:
        on_edge()


def device_us():
    # device time since power-on
    return (now_us - _boot_us) * RATE // 1_000_000


def local_us():
    # the same for code that reads the clock: reading it over and over without a sleep takes time
    global _spin
    _spin += 1
    if _spin > SPIN:
        hand_over(now_us + 1000)
    return device_us()


def local_ms():
    # likewise; kept, because on 32 bits microseconds soon allocate
    global _ms, _spin
    _spin += 1
    if _ms < 0 or _spin > SPIN:
        _ms = local_us() // 1000
    return _ms


def world_us(device_us):
    # world time at which the device clock shows this
    return _boot_us - (-device_us * 1_000_000 // RATE)


def wait_until(device_us):
    until_us = world_us(device_us)
    while now_us < until_us:
        hand_over(until_us)


def _end():
    # the process is about to end, at this time
    try:
        _leave(END)
    except OSError:
        pass  # because the world is gone


hand_over(0)  # the first hand-over brings the time of power-on
_boot_us = now_us
if hasattr(sys, "atexit"):  # MicroPython's
    sys.atexit(_end)
else:
    import atexit

    atexit.register(_end)
