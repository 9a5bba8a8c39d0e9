"""Sequences of any length to bodies that fit into a frame, by the rule the firmware cuts by: a frame is closed when
the next element does not fit, or cannot be said in it (times that run backwards, a gap beyond what the coding holds).
Also the numbering of such frames, for importers, which write recordings as a wearable would have sent them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .codec import encode
from .frames import EPOCH_MS, FIRST_UNNUMBERED, NO_FLAGS, Flag
from .ibi_coding import MAX_GAP_MS
from .models import KIND_OF, AccelRaw, Activity, Body, Header, HeartRate, Ibi, PpgRaw
from .series_coding import MAX_VARINT
from .writing import put, puts_of, writer_of

MAX_MISSING = 20  # epochs without a count that a frame spends a byte each on


def cut(time_ms: int, body: Body) -> Iterator[tuple[int, Body]]:
    """`body`, whose times count from device time `time_ms`, as (device time, body) of frames in order; a body without a
    sequence as it is. Raises `FieldRangeError` for an element that no frame can hold."""
    match body:
        case HeartRate():
            for first, end in _ranges(body):
                start = body.offset_ms[first]
                offsets = tuple(t - start for t in body.offset_ms[first:end])
                yield time_ms + start, HeartRate(offsets, body.hr_q4[first:end])
        case Ibi():
            for first, end in _ranges(body):
                start = body.offset_ms[first] - body.ibi_ms[first]
                offsets = tuple(t - start for t in body.offset_ms[first:end])
                yield time_ms + start, Ibi(offsets, body.ibi_ms[first:end], body.quality[first:end])
        case Activity(counts):
            for start, end in _without_long_gaps(counts):
                for first, last in _ranges(Activity(counts[start:end])):
                    yield time_ms + (start + first) * EPOCH_MS, Activity(counts[start + first : start + last])
        case PpgRaw(rate_chz, _, samples):
            for first, end in _ranges(body):
                yield time_ms + first * 100_000 // rate_chz, replace(body, samples=samples[first:end])
        case AccelRaw(rate_chz, _, xyz):
            for first, end in _ranges(body):
                yield time_ms + first * 100_000 // rate_chz, replace(body, xyz=xyz[first:end])
        case _:
            yield time_ms, body


def _without_long_gaps(counts: tuple[int | None, ...]) -> Iterator[tuple[int, int]]:
    """(first, end) of stretches that begin and end with a count and miss at most MAX_MISSING epochs in a row."""
    first = end = 0
    for i, count in enumerate(counts):
        if count is None:
            continue
        if i - end > MAX_MISSING or first == end:
            if first < end:
                yield first, end
            first = i
        end = i + 1
    if first < end:
        yield first, end


def _ranges(body: HeartRate | Ibi | Activity | PpgRaw | AccelRaw) -> Iterator[tuple[int, int]]:
    """(first, end) of the elements of each frame."""
    longest = {HeartRate: MAX_VARINT, Ibi: MAX_GAP_MS}.get(type(body))
    _, writer = writer_of(type(body))
    first = 0
    for i, element in enumerate(puts_of(body)):
        sayable = longest is None or (i > first and 0 <= element[0] <= longest)
        if sayable and put(writer, element):
            continue
        if i > first:
            yield first, i
            first = i
            writer.reset()
        if not put(writer, element if longest is None else (0, *element[1:])):
            raise AssertionError("one element always fits")
    if writer.count:
        yield first, first + writer.count


class FrameWriter:
    """Numbers the frames of one boot and encodes them."""

    def __init__(self, incarnation: bytes, boot_id: int) -> None:
        self._incarnation = incarnation
        self._boot_id = boot_id
        self.next_seq = 0

    def write(self, time_ms: int, body: Body, flags: Flag = NO_FLAGS) -> Iterator[bytes]:
        """Whole frames (without COBS), a long sequence cut into several."""
        kind = KIND_OF[type(body)]
        if kind >= FIRST_UNNUMBERED:
            raise ValueError(f"{kind.name} is not a numbered kind")
        for start_ms, part in cut(time_ms, body):
            header = Header(kind, self._incarnation, self._boot_id, self.next_seq, start_ms, flags)
            self.next_seq += 1
            yield encode(header, part)
