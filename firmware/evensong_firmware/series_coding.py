# COPIED from protocol/evensong_wire/series_coding.py by evensong_wire.emit; change it there.
"""How readings, counts and raw samples become the bytes of a frame: varints, written without allocation.

This very file is copied into the firmware, like `ibi_coding`; `codec` is the inverse. A varint holds seven bits a
byte, the lowest first, the top bit set if more follow. Zigzag maps 0, -1, 1, -2 to 0, 1, 2, 3. Every integer stays
below 2^30.

All writers work alike: put() answers False, and changes nothing, if the value does not fit into buffer[start:limit] or
the frame holds 255 already; `count` is how many it holds, finish() returns the offset behind the last byte, reset()
begins a new frame.
"""

MAX_COUNT = 255
MAX_VARINT = (1 << 30) - 1
MAX_CHANGE = (1 << 29) - 1
MISSING = -1  # an epoch without a count


def zigzag(value: int) -> int:
    if not -MAX_CHANGE <= value <= MAX_CHANGE:
        raise ValueError("change out of range")
    return 2 * value if value >= 0 else -2 * value - 1


def varint_bytes(value: int) -> int:
    if not 0 <= value <= MAX_VARINT:
        raise ValueError("value out of range")
    size = 1
    while value > 127:
        value >>= 7
        size += 1
    return size


def write_varint(buffer: bytearray, at: int, value: int) -> int:
    """Returns the offset behind it."""
    while value > 127:
        buffer[at] = value & 127 | 128
        value >>= 7
        at += 1
    buffer[at] = value
    return at + 1


class _Writer:
    def __init__(self, buffer: bytearray, start: int, limit: int) -> None:
        self._buffer = buffer
        self._start = start
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        self.count = 0
        self._at = self._start

    def finish(self) -> int:
        return self._at

    def _fits(self, size: int) -> bool:
        return self.count < MAX_COUNT and self._at + size <= self._limit

    def _write(self, value: int) -> None:
        self._at = write_varint(self._buffer, self._at, value)


class HeartRateWriter(_Writer):
    """Readings in 1/16 bpm, each dt_ms after the one before (the first one's is not written)."""

    def reset(self) -> None:
        self.count = 0
        self._at = self._start
        self._last = 0

    def put(self, dt_ms: int, hr_q4: int) -> bool:
        change = zigzag(hr_q4 - self._last)
        size = varint_bytes(change) + (varint_bytes(dt_ms) if self.count else 0)
        if not self._fits(size):
            return False
        if self.count:
            self._write(dt_ms)
        self._write(change)
        self._last = hr_q4
        self.count += 1
        return True


class ActivityWriter(_Writer):
    """Counts of consecutive epochs in 1/256, or MISSING."""

    def put(self, count_q8: int) -> bool:
        if not self._fits(varint_bytes(count_q8 + 1)):
            return False
        self._write(count_q8 + 1)
        self.count += 1
        return True


class PpgWriter(_Writer):
    """Samples at a fixed rate."""

    def reset(self) -> None:
        self.count = 0
        self._at = self._start
        self._last = 0

    def put(self, sample: int) -> bool:
        change = zigzag(sample - self._last)
        if not self._fits(varint_bytes(change)):
            return False
        self._write(change)
        self._last = sample
        self.count += 1
        return True


class AccelWriter(_Writer):
    """Triples at a fixed rate, in sensor units."""

    def reset(self) -> None:
        self.count = 0
        self._at = self._start
        self._x = 0
        self._y = 0
        self._z = 0

    def put(self, x: int, y: int, z: int) -> bool:
        dx = zigzag(x - self._x)
        dy = zigzag(y - self._y)
        dz = zigzag(z - self._z)
        if not self._fits(varint_bytes(dx) + varint_bytes(dy) + varint_bytes(dz)):
            return False
        self._write(dx)
        self._write(dy)
        self._write(dz)
        self._x = x
        self._y = y
        self._z = z
        self.count += 1
        return True
