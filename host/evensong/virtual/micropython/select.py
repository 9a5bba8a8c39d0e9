# `select` whose waits pass on the virtual clock. Streams written in Python (asyncio.ThreadSafeFlag) are asked
# directly: the port's own poll(0) sleeps a real millisecond for them. Real files and sockets are still asked of the
# real poll.
import uselect
import vclock
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT  # noqa: F401  callers want all four

_READY = 3  # MP_STREAM_POLL


class poll:
    def __init__(self):
        self._real = uselect.poll()
        self._real_count = 0
        self._streams = []  # (stream, events): looked through without allocating anything

    def _find(self, stream):
        for i in range(len(self._streams)):
            if self._streams[i][0] is stream:
                return i
        return -1

    def register(self, stream, events=POLLIN | POLLOUT):
        if not hasattr(stream, "ioctl"):
            self._real_count += 1
            self._real.register(stream, events)
        elif self._find(stream) < 0:
            self._streams.append((stream, events))
        else:
            self.modify(stream, events)

    def unregister(self, stream):
        i = self._find(stream)
        if i >= 0:
            del self._streams[i]
        else:
            self._real_count -= 1
            self._real.unregister(stream)

    def modify(self, stream, events):
        i = self._find(stream)
        if i >= 0:
            self._streams[i] = (stream, events)
        else:
            self._real.modify(stream, events)

    def _ready(self):
        found = None
        if self._real_count:
            found = list(self._real.poll(0)) or None
        for entry in self._streams:
            found = self._with(entry, found)
        return found

    def _with(self, entry, found):
        ready = entry[0].ioctl(_READY, entry[1])
        if ready:
            found = found or []
            found.append((entry[0], ready))
        return found

    def poll(self, timeout_ms=-1):
        if timeout_ms < 0:
            until_us = vclock.NEVER
        else:
            until_us = vclock.world_us(vclock.local_us() + timeout_ms * 1000)
        while True:
            found = self._ready()
            if found or vclock.now_us >= until_us:
                return found or ()
            vclock.hand_over(until_us)

    def ipoll(self, timeout_ms=-1, flags=0):
        return self.poll(timeout_ms)
