# `time` on the virtual clock: ticks start at VCLOCK_TICKS0 and wrap at 2**30 as on the ESP32; the real-time clock
# starts at the epoch, as after a power loss, and the epoch is that of VCLOCK_EPOCH_YEAR: 1970, or 2000 as on the
# ESP32. Importing it also gives asyncio a task queue that never looks at the real clock; the one in C does.
import os
import sys

import mpy_tasks
import utime
import vclock

_WRAP = 1 << 30
_TICKS0_MS = int(os.getenv("VCLOCK_TICKS0") or 0)
_EPOCH_S = 946684800 if os.getenv("VCLOCK_EPOCH_YEAR") == "2000" else 0


def ticks_ms():
    return (vclock.local_ms() + _TICKS0_MS) % _WRAP


def ticks_us():
    return (vclock.local_us() + _TICKS0_MS * 1000) % _WRAP


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) % _WRAP


def ticks_diff(a, b):
    return (a - b + _WRAP // 2) % _WRAP - _WRAP // 2


def time():
    return vclock.local_us() // 1_000_000


def time_ns():
    return vclock.local_us() * 1000


def gmtime(s=None):
    return utime.gmtime((time() if s is None else s) + _EPOCH_S)


localtime = gmtime


def mktime(t):
    return utime.mktime(t) - _EPOCH_S


def sleep_us(us):
    vclock.wait_until(vclock.local_us() + max(0, us))


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(s):
    sleep_us(int(s * 1_000_000))


mpy_tasks.ticks_ms, mpy_tasks.ticks_diff = ticks_ms, ticks_diff
sys.modules["_asyncio"] = mpy_tasks
