"""A chip on the bus as a board's source: found, started, emptied, and when it fails, told of and started again.

What goes wrong is an event, SENSOR_FAULT, at the last sample that was good; when the chip measures again another one
says so, at the first moment that is good. Between them lies a gap, and the hub's ledger shows it. Whatever fails is
tried again every two seconds, all night; every six if it keeps failing, lest the spool fill up with its story.
"""
# Driver and dating are there once the chip was started, and nothing here is called before.
# pyright: reportOptionalMemberAccess=false, reportAttributeAccessIssue=false

import errno

from evensong_firmware.boards import EVENT
from evensong_firmware.clock import between_ms
from evensong_firmware.ring import put16, put24
from evensong_firmware.sources.dating import Dating
from evensong_firmware.wire import (
    EVENT_SENSOR_FAULT,
    FAULT_ABSENT,
    FAULT_BUS,
    FAULT_LATE,
    FAULT_NO_ANSWER,
    FAULT_NONE,
    FAULT_OVERFLOW,
    FAULT_RESET,
    FAULT_WRONG_CHIP,
)

RETRY_MS = 2000
SLOW_RETRY_MS = 6000
_RELAPSE_MS = 20000  # failing again so soon after a start is no new fault
SAMPLE = 8
_ROOM = 24  # samples until the sampler comes by
_DEAF_MS = 100
_SPARE = 4  # of these, so that a fault can always be told


class Sensor:
    """sensor: of the wire's Sensor. find: of `drivers.find`. samples: where a burst goes.

    A subclass says `begin` (start the chip) and `take(samples, n)` (n samples, of one burst).

    due: the chip asked to be emptied. deaf: it did not, though it should have; look without being asked.
    """

    def __init__(self, bus, sensor, find, samples):
        self.due = self.deaf = False
        self.driver = None
        self.dating = None
        self._bus = bus
        self._sensor = sensor
        self._find = find
        self._samples = samples
        self._out = bytearray(SAMPLE * _ROOM)
        self._n = self._taken = 0
        self._fault = -1  # never started
        self.resting = False
        self._retry_ms = RETRY_MS
        self._seen_s, self._seen_ms = -10, 0  # device time of the last attempt
        self._start_s, self._start_ms = -100, 0  # and of the last start

    # --- for the board ---

    def read_into(self, buf, t_s, t_ms):
        self.empty(t_s, t_ms)
        n = min(self._n - self._taken, len(buf) // SAMPLE)
        at = self._taken * SAMPLE
        for i in range(n * SAMPLE):
            buf[i] = self._out[at + i]
        self._taken += n
        if self._taken == self._n:
            self._taken = self._n = 0
        return n

    def restart(self, t_s, t_ms):  # noqa: ARG002
        self._seen_s -= t_s
        self._start_s -= t_s
        if self.dating:
            self.dating.gap()
            self.dating.t_s = self.dating.t_ms = 0

    def rest(self, on):
        """True: as little current as possible, nothing is measured; `due` then says that something moved."""
        if on == self.resting:
            return
        self.resting = on
        self.due = False
        try:
            if on and self._fault == 0:
                self.driver.rest()
        except OSError:
            pass  # if it is still ill when it is wanted again, that will be told
        self._fault = -1

    def pause(self, ms):
        """Start again after so long."""
        self._fault = -1
        self._retry_ms = ms

    # --- at work ---

    def empty(self, t_s, t_ms):
        """Take what the chip holds, if it asked or should have."""
        if self._n > _ROOM - _SPARE or self.resting:
            return
        late_ms = between_ms(self._seen_s, self._seen_ms, t_s, t_ms)
        if self._fault:
            if late_ms < self._retry_ms:
                return
        elif not self.due and late_ms < (_DEAF_MS if self.deaf else self.driver.OVERDUE_MS):
            return
        asked = self.due
        self.due = False
        self._seen_s = t_s
        self._seen_ms = t_ms
        try:
            if self._fault:
                self._start(t_s, t_ms)
            else:
                self._drain(asked, t_s, t_ms)
        except OSError as error:
            self._failed(error, t_s, t_ms)

    def _failed(self, error, t_s, t_ms):
        if error.errno == errno.ENODEV:
            self._fail(FAULT_NO_ANSWER, 0, t_s, t_ms)
            return
        self._fail(FAULT_BUS, 0, t_s, t_ms)
        try:
            self._bus.free()
        except OSError:
            pass  # the next attempt comes

    def _drain(self, asked, t_s, t_ms):
        driver, dating = self.driver, self.dating
        n = driver.waiting()
        if n < 0:
            self._again(FAULT_RESET, t_s, t_ms)
            return
        late = driver.ASKS and not (asked or self.deaf) and n > driver.BURST + 2
        if asked or late:
            self.deaf = late
        if driver.lost:
            self._again(FAULT_LATE if late else FAULT_OVERFLOW, t_s, t_ms)
            return
        if late:  # and nothing is lost
            self._tell(FAULT_LATE, 0, dating.t_s, dating.t_ms)
            self._tell(FAULT_NONE, 0, dating.t_s, dating.t_ms)
        if asked or not driver.ASKS or self.deaf:
            dating.look(n, t_s, t_ms)
        while n >= driver.BURST:
            driver.read(self._samples)
            self.take(self._samples, driver.BURST)
            dating.forward(driver.BURST)
            n -= driver.BURST

    def _again(self, fault, t_s, t_ms):
        """Something is lost already, and the chip can be started at once, unless it was a moment ago."""
        self._fail(fault, 0, t_s, t_ms)
        if self._retry_ms == RETRY_MS:
            self._start(t_s, t_ms)

    def _start(self, t_s, t_ms):
        self.driver, other = self._find(self._bus)
        if self.driver is None:
            self._fail(FAULT_ABSENT if other < 0 else FAULT_WRONG_CHIP, max(0, other), t_s, t_ms)
            return
        if self.dating is None:
            self.dating = Dating(self.driver.RATE_HZ)
        self.dating.gap()
        self.begin()
        if self._fault > 0:
            self._tell(FAULT_NONE, 0, t_s, t_ms)
        self._fault = 0
        self._retry_ms = RETRY_MS
        self._start_s = t_s
        self._start_ms = t_ms

    def _fail(self, fault, detail, t_s, t_ms):
        """Tell of a fault once, as of the last good sample."""
        if self._fault > 0:
            return
        if self._fault == 0:
            t_s, t_ms = self.dating.t_s, self.dating.t_ms
        self._fault = fault
        relapse = between_ms(self._start_s, self._start_ms, t_s, t_ms) < _RELAPSE_MS
        self._retry_ms = SLOW_RETRY_MS if relapse else RETRY_MS
        self._tell(fault, detail, t_s, t_ms)

    def _tell(self, fault, detail, t_s, t_ms):
        self.emit(t_s, t_ms, EVENT, EVENT_SENSOR_FAULT, self._sensor << 12 | fault << 8 | detail)

    def emit(self, t_s, t_ms, stream, a, b):
        """A sample for the recorder."""
        if self._n == _ROOM:
            return
        at = self._n * SAMPLE
        self._n += 1
        put24(self._out, at, t_s)
        put16(self._out, at + 3, t_ms | stream << 10)
        self._out[at + 5] = a
        put16(self._out, at + 6, b)
