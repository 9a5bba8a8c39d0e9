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
        self._streams = {}

    def register(self, stream, events=POLLIN | POLLOUT):
        if hasattr(stream, "ioctl"):
            self._streams[id(stream)] = (stream, events)
        else:
            self._real_count += 1
            self._real.register(stream, events)

    def unregister(self, stream):
        if not self._streams.pop(id(stream), None):
            self._real_count -= 1
            self._real.unregister(stream)

    def modify(self, stream, events):
        if id(stream) in self._streams:
            self._streams[id(stream)] = (stream, events)
        else:
            self._real.modify(stream, events)

    def _ready(self):
        found = None
        if self._real_count:
            found = list(self._real.poll(0)) or None
        for stream, events in self._streams.values():
            ready = stream.ioctl(_READY, events)
            if ready:
                found = found or []
                found.append((stream, ready))
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
