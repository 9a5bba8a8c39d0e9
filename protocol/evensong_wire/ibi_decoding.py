"""The inverse of `ibi_coding`, for the hub: bits of an IBI frame to beats.

It is on the path of every journalled beat, so the common case is one look-up of twelve bits per beat, in tables that
are built when the first frame is decoded; rare symbols take the slow way. A frame from the air may hold any bits: what
does not decode to beats in range raises `ValueError`. Behind the end of the frame all bits read as zero, which is the
code of a frequent symbol in every table, so that decoding always ends.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate

from . import ibi_coding as coding

_WINDOW = 12
_LONGEST = max(coding.LENGTHS)
_Entry = tuple[int, int, int]  # bits of symbol and rest (0: take the slow way), error, step of the scale
_SLOW: _Entry = (0, 0, 0)


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


def _symbol_table(fine: int) -> list[tuple[int, int]]:
    """(length, symbol) for the next _LONGEST bits."""
    table = [(0, 0)] * (1 << _LONGEST)
    at = fine * coding.SYMBOLS
    for symbol in range(coding.SYMBOLS):
        length = coding.LENGTHS[at + symbol]
        table[coding.CODES[at + symbol] :: 1 << length] = [(length, symbol)] * (1 << (_LONGEST - length))
    return table


@cache
def _tables() -> tuple[list[list[_Entry]], list[list[tuple[int, int]]]]:
    fast = [_fast_table(scale_class) for scale_class in range(coding.TOP_CLASS + 1)]
    return fast, [_symbol_table(fine) for fine in range(coding.FINE)]


def decode(coded: bytes, count: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The offsets, intervals (both ms) and qualities of `count` beats; bytes behind them are ignored."""
    fast, symbols = _tables()
    word = int.from_bytes(coded, "little")
    at = 0

    ibis: list[int] = []
    gaps: dict[int, int] = {}  # by beat
    quality, other = coding.START_QUALITY, 0
    changed = [(0, quality)]  # first beat, quality from it on

    before = predicted = coding.START_MS
    change_1 = change_2 = 0
    weight_1, weight_2 = coding.WEIGHT_1, coding.WEIGHT_2
    scale = coding.START_SCALE
    mask, rate, limit = (1 << _WINDOW) - 1, coding.RATE, coding.OUTLIER_MS
    append = ibis.append

    for beat in range(count):
        bits, error, step = fast[scale >> 4][(word >> at) & mask]
        if bits and beat:
            at += bits
            ibi = predicted + error
            change = ibi - before
            before = ibi
        else:
            rest = word >> at  # from here on, `rest` loses the bits that were read, and `at` counts them
            scale_class = scale >> 4
            table = symbols[scale_class & 3]
            length, symbol = table[rest & ((1 << _LONGEST) - 1)]
            while symbol == coding.ESCAPE and (what := (rest >> length) & 3):
                rest >>= length + 2
                if what == 3:
                    bits = rest & 31
                    gaps[beat] = gaps.get(beat, 0) + ((rest >> 5) & ((1 << bits) - 1))
                    bits += 5
                else:
                    bits = 7 if what == 1 else 0
                    quality, other = rest & 127 if what == 1 else other, quality
                    changed.append((beat, quality))
                rest >>= bits
                at += length + 2 + bits
                length, symbol = table[rest & ((1 << _LONGEST) - 1)]
            rest >>= length
            if symbol == coding.ESCAPE:
                bits = 18
                ibi = (rest >> 2) & 0xFFFF
                error = ibi - predicted
            else:
                bits, error = _error(rest, symbol, scale_class >> 2)
                ibi = predicted + error
            at += length + bits
            if beat == 0:
                append(ibi)
                before = predicted = min(max(ibi, coding.LEAST_START_MS), coding.MOST_START_MS)
                scale = coding.SECOND_SCALE
                continue
            step = coding.step_of(scale_class, symbol)
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
    if ibis and not 0 <= min(ibis) <= max(ibis) <= coding.MAX_IBI_MS:
        raise ValueError("an interval is out of range")
    if gaps and max(gaps.values()) > coding.MAX_GAP_MS:
        raise ValueError("a gap is out of range")
    return _offsets(ibis, gaps), tuple(ibis), _qualities(changed, count)


def _error(rest: int, symbol: int, shift: int) -> tuple[int, int]:
    """(bits read, error) of a symbol other than the escape, whose rest begins at bit 0 of `rest`."""
    bits = 0
    if symbol <= 2 * coding.LINEAR:
        bucket = symbol - coding.LINEAR
    else:
        octave = (symbol - 2 * coding.LINEAR - 1) % coding.OCTAVES
        bits = 3 + octave
        bucket = coding.LINEAR + 1 + ((1 << octave) - 1) * 8 + (rest & ((1 << bits) - 1))
        if symbol > 2 * coding.LINEAR + coding.OCTAVES:
            bucket = -bucket
    fraction = (rest >> bits) & ((1 << shift) - 1)
    return bits + shift, (bucket << shift) + fraction - ((1 << shift) >> 1)


def _offsets(ibis: list[int], gaps: dict[int, int]) -> tuple[int, ...]:
    if not gaps:
        return tuple(accumulate(ibis))
    durations = ibis.copy()
    for beat, gap_ms in gaps.items():
        durations[beat] += gap_ms
    return tuple(accumulate(durations))


def _qualities(changed: list[tuple[int, int]], count: int) -> tuple[int, ...]:
    if max(quality for _, quality in changed) > 100:
        raise ValueError("a quality is out of range")
    if len(changed) == 1:
        return (changed[0][1],) * count
    values: list[int] = []
    for (first, quality), (end, _) in zip(changed, [*changed[1:], (count, 0)], strict=True):
        values += [quality] * (end - first)
    return tuple(values)
