"""The inverse of `ibi_coding`, for the hub: bits of an IBI frame to beats.

It is on the path of every journalled beat, so the common case is one look-up of twelve bits per beat, in tables that
are built when a scale is first met; rare symbols take the slow way. A frame from the air may hold any bits: what does
not decode to intervals in range raises `ValueError`.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate

from . import ibi_coding as coding

_WINDOW = 12
_Entry = tuple[int, int, int]  # bits of symbol and rest (0: take the slow way), error, step of the scale
_SLOW: _Entry = (0, 0, 0)


@cache
def _codes(fine: int) -> dict[tuple[int, int], int]:
    """(length, code) -> symbol."""
    at = fine * coding.SYMBOLS
    return {(coding.LENGTHS[at + s], coding.CODES[at + s]): s for s in range(coding.SYMBOLS)}


def _fast_table(scale_class: int) -> list[_Entry]:
    """What the next twelve bits say, for symbols of the linear part that fit into them."""
    table = [_SLOW] * (1 << _WINDOW)
    at = (scale_class & 3) * coding.SYMBOLS
    shift = scale_class >> 2
    for symbol in range(2 * coding.LINEAR + 1):
        length = coding.LENGTHS[at + symbol]
        bits = length + shift
        if bits > _WINDOW:
            continue
        step = coding.step_of(scale_class, symbol)
        for rest in range(1 << shift):
            error = ((symbol - coding.LINEAR) << shift) + rest - ((1 << shift) >> 1)
            if -coding.OUTLIER_MS <= error <= coding.OUTLIER_MS:
                pattern = coding.CODES[at + symbol] | rest << length
                table[pattern :: 1 << bits] = [(bits, error, step)] * (1 << (_WINDOW - bits))
    return table


_tables: list[list[_Entry]] = []


def _fast_tables() -> list[list[_Entry]]:
    if not _tables:
        _tables.extend(_fast_table(c) for c in range(coding.TOP_CLASS + 1))
    return _tables


class _Reader:
    """The slow way: bit by bit."""

    def __init__(self, word: int, end: int) -> None:
        self._word = word
        self._end = end
        self.at = 0

    def take(self, bits: int) -> int:
        value = (self._word >> self.at) & ((1 << bits) - 1)
        self.at += bits
        if self.at > self._end:
            raise ValueError("the beats end early")
        return value

    def symbol(self, fine: int) -> int:
        codes = _codes(fine)
        code = 0
        for length in range(16):
            found = codes.get((length, code))
            if found is not None:
                return found
            code |= self.take(1) << length
        raise ValueError("no such code")


def decode(coded: bytes, count: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The offsets, intervals (both ms) and qualities of `count` beats; bytes behind them are ignored."""
    ibis: list[int] = []
    gaps: dict[int, int] = {}  # by beat
    quality, other = coding.START_QUALITY, 0
    changed: list[tuple[int, int]] = [(0, quality)]  # first beat, quality from it on

    word = int.from_bytes(coded, "little")
    reader = _Reader(word, 8 * len(coded))
    tables = _fast_tables()
    at = 0
    before = predicted = coding.START_MS
    change_1 = change_2 = 0
    weight_1, weight_2 = coding.WEIGHT_1, coding.WEIGHT_2
    scale = coding.START_SCALE
    mask, rate, limit = (1 << _WINDOW) - 1, coding.RATE, coding.OUTLIER_MS
    append = ibis.append

    for beat in range(count):
        bits, error, step = tables[scale >> 4][(word >> at) & mask]
        if bits and beat:
            at += bits
            ibi = predicted + error
            change = ibi - before
            before = ibi
        else:
            reader.at = at
            scale_class = scale >> 4
            shift = scale_class >> 2
            while True:
                symbol = reader.symbol(scale_class & 3)
                if symbol != coding.ESCAPE:
                    error = _error_of(symbol, shift, reader)
                    ibi = predicted + error
                    break
                match reader.take(2):
                    case 0:
                        ibi = reader.take(16)
                        error = ibi - predicted
                        break
                    case 1:
                        quality, other = reader.take(7), quality
                        changed.append((beat, quality))
                    case 2:
                        quality, other = other, quality
                        changed.append((beat, quality))
                    case _:
                        gaps[beat] = gaps.get(beat, 0) + reader.take(reader.take(5))
            at = reader.at
            step = coding.step_of(scale_class, symbol)
            if beat == 0:
                append(ibi)
                before = predicted = min(max(ibi, coding.LEAST_START_MS), coding.MOST_START_MS)
                scale = coding.SECOND_SCALE
                continue
            change = ibi - before
            if not -limit <= error <= limit:
                change = min(max(change, -limit), limit)
            before += change
        append(ibi)
        if error >= 0:
            weight_1 += rate if change_1 >= 0 else -rate
            weight_2 += rate if change_2 >= 0 else -rate
        else:
            weight_1 -= rate if change_1 >= 0 else -rate
            weight_2 -= rate if change_2 >= 0 else -rate
        predicted = before + ((weight_1 * change + weight_2 * change_1 + 128) >> 8)
        change_2 = change_1
        change_1 = change
        scale += step
    if at > 8 * len(coded):
        raise ValueError("the beats end early")
    if ibis and not (min(ibis) >= 0 and max(ibis) <= coding.MAX_IBI_MS):
        raise ValueError("an interval is out of range")
    return _offsets(ibis, gaps), tuple(ibis), _qualities(changed, count)


def _error_of(symbol: int, shift: int, reader: _Reader) -> int:
    if symbol <= 2 * coding.LINEAR:
        bucket = symbol - coding.LINEAR
    else:
        octave = (symbol - 2 * coding.LINEAR - 1) % coding.OCTAVES
        bucket = coding.LINEAR + 1 + ((1 << octave) - 1) * 8 + reader.take(3 + octave)
        if symbol > 2 * coding.LINEAR + coding.OCTAVES:
            bucket = -bucket
    return (bucket << shift) + reader.take(shift) - ((1 << shift) >> 1)


def _offsets(ibis: list[int], gaps: dict[int, int]) -> tuple[int, ...]:
    if not gaps:
        return tuple(accumulate(ibis))
    return tuple(accumulate(ibi + gaps.get(beat, 0) for beat, ibi in enumerate(ibis)))


def _qualities(changed: list[tuple[int, int]], count: int) -> tuple[int, ...]:
    if changed[-1][1] > 100 or any(quality > 100 for _, quality in changed):
        raise ValueError("a quality is out of range")
    if len(changed) == 1:
        return (changed[0][1],) * count
    values: list[int] = []
    for (first, quality), (end, _) in zip(changed, [*changed[1:], (count, 0)], strict=True):
        values += [quality] * (end - first)
    return tuple(values)
