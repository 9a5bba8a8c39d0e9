"""Integer arithmetic of the stager: the only module that rounds, narrows or takes a logarithm.

Everything is int64 in NumPy; `Qn` means units of 2^-n. Each function is defined by its integers alone, so another
implementation (plain Python, MicroPython) that follows the docstring gives the same bits. No function here can wrap for
arguments within its stated range; nothing outside this module shifts right or divides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Carried = NDArray[np.float32] | NDArray[np.float64]  # multiples of a power of two that the format holds exactly
Mask = NDArray[np.bool_]

LOG_Q = 10  # fraction bits of `log2`
EXP_Q = 16  # fraction bits of `exp2`
_STEP_BITS = 8  # tables have 2^8 intervals


def round_div(numerator: Ints | int, denominator: Ints | int) -> Ints:
    """Quotient to the nearest integer, halves towards +infinity: floor((2n + d) / 2d). d > 0, |n| < 2^61.

    Which is floor((n + floor(d / 2)) / d), for an odd d too: n is an integer, so a half more reaches no other quotient.
    """
    denominator = np.asarray(denominator, np.int64)
    return np.asarray((numerator + (denominator >> 1)) // denominator)


def round_shift(value: Ints | int, bits: Ints | int) -> Ints:
    """value / 2^bits to the nearest integer, halves towards +infinity. |value| < 2^62, bits >= 0."""
    return np.asarray((np.asarray(value, np.int64) + ((np.int64(1) << bits) >> 1)) >> bits)


def saturate(value: Ints, bits: int) -> Ints:
    """The nearest value that a signed integer of so many bits holds, kept symmetric: +-(2^(bits-1) - 1)."""
    limit = (1 << (bits - 1)) - 1
    return np.asarray(np.minimum(np.maximum(value, -limit), limit))


def carrier(bound: int) -> type[np.float32 | np.float64]:
    """The narrowest float that holds every integer up to `bound`, or so many units of any power of two, exactly."""
    assert bound < 1 << 53
    return np.float32 if bound < 1 << 24 else np.float64


def cut(carried: Carried, least: int, to_bits: int) -> Carried:
    """Rounded down, not below `least`, not above what a signed integer of so many bits holds; in place.

    Of (value + half) / 2^bits it makes `saturate(round_shift(value, bits), to_bits)`.
    """
    return bound(np.floor(carried, out=carried), least, to_bits)


def bound(carried: Carried, least: int, to_bits: int) -> Carried:
    """What is whole already, not below `least`, not above what a signed integer of so many bits holds; in place."""
    return carried.clip(least, (1 << (to_bits - 1)) - 1, out=carried)


def _log2_digits(mantissa: int, one: int, digits: int) -> int:
    """log2 of mantissa / one, in [1, 2), cut to so many binary digits, by squaring (Knuth, TAOCP 1.2.2, ex. 25)."""
    result = 0
    for _ in range(digits):
        mantissa = mantissa * mantissa // one
        result <<= 1
        if mantissa >= 2 * one:
            mantissa //= 2
            result |= 1
    return result


def _log2_table() -> Ints:
    """Q16 log2 of 1 + i/256, i = 0..256."""
    one = 1 << 40
    inner = [_log2_digits(one + (i << 32), one, 16) for i in range(1 << _STEP_BITS)]
    return np.array([*inner, 1 << 16], np.int64)


def _exp2_table() -> Ints:
    """Q16 of 2^(i/256), i = 0..256: the largest integer whose 256th power does not exceed 2^(16 * 256 + i)."""
    table = []
    for i in range((1 << _STEP_BITS) + 1):
        low, high = 1 << 16, (1 << 17) + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**256 <= 1 << (16 * 256 + i) else (low, middle)
        table.append(low)
    return np.array(table, np.int64)


_LOG2, _EXP2 = _log2_table(), _exp2_table()
_LOG2_RISE, _EXP2_RISE = np.diff(_LOG2), np.diff(_EXP2)


def log2(value: Ints) -> Ints:
    """Q10 base-2 logarithm of integers 1 <= value < 2^53: exact exponent, 256 linear pieces for the mantissa.

    Of the mantissa 24 bits are looked at: 8 name the piece, 16 the place in it.
    """
    bits = value.astype(np.float64).view(np.int64)  # IEEE 754, exact below 2^53: 11 bits of exponent, 52 of mantissa
    exponent = (bits >> 52) - 1023
    piece = (bits >> 44) & 0xFF
    inside = (bits >> 28) & 0xFFFF
    left = _LOG2[piece]
    return (exponent << LOG_Q) + round_shift((left << 16) + _LOG2_RISE[piece] * inside, 32 - LOG_Q)


def exp2(value: Ints) -> Ints:
    """Q16 of 2 to the power of value (Q16, at most 0); 0 below 2^-17."""
    whole = np.maximum(value >> 16, -17)
    fraction = value & 0xFFFF
    index = fraction >> 8
    power = (_EXP2[index] << 8) + _EXP2_RISE[index] * (fraction & 0xFF)  # Q24
    shift = 8 - whole
    return np.where(value < -17 << 16, 0, (power + (np.int64(1) << (shift - 1))) >> shift)


def log2_sum(one: Ints, two: Ints) -> Ints:
    """Q16 of log2(2^one + 2^two), both Q16, the distance resolved to 2^-10."""
    closeness = exp2(-np.abs(one - two))  # Q16, of the smaller against the larger
    extra = log2((1 << EXP_Q) + closeness) - (EXP_Q << LOG_Q)
    return np.asarray(np.maximum(one, two) + (extra << (16 - LOG_Q)))


def sine(turns: Ints) -> Ints:
    """Q10 sine of an angle in Q16 turns, by Bhaskara's 16 u (1 - u) / (5 - 4 u (1 - u)); error about 0.002."""
    half = turns & 0x7FFF  # u in Q15
    product = half * ((1 << 15) - half)  # Q30
    size = round_div((16 * product) << 10, (5 << 30) - 4 * product)
    return np.where((turns & 0x8000) == 0, size, -size)


def mid_ranks(values: Ints, valid: Mask, reference: Mask) -> Ints:
    """Q10 mid-rank, -512 to 512, of each value among the valid reference values of its row; 0 where it has none.

    values, valid: (rows, n). reference: (n,). (number below + half the number equal) / n - 1/2.
    """
    rows, n = values.shape
    bits = n.bit_length()
    keys = np.sort(values << bits | np.arange(n), axis=1)  # in place of an argsort, for |value| < 2^(62 - bits)
    ranked, order = keys >> bits, (keys & ((1 << bits) - 1)) + n * np.arange(rows)[:, None]
    counted = (valid & reference).ravel()[order]
    up_to = np.zeros((rows, n + 1), np.int64)
    np.cumsum(counted, axis=1, out=up_to[:, 1:])
    new = np.ones((rows, n + 1), bool)  # where another value begins
    new[:, 1:-1] = ranked[:, 1:] != ranked[:, :-1]
    places = np.arange(n + 1)
    begun = np.maximum.accumulate(np.where(new, places, 0), axis=1)[:, :-1]
    ended = np.minimum.accumulate(np.where(new, places, n)[:, :0:-1], axis=1)[:, ::-1]
    first = (n + 1) * np.arange(rows)[:, None]  # of each row, in `up_to` laid out flat
    twice = up_to.ravel()[begun + first] + up_to.ravel()[ended + first]
    number = up_to[:, -1:]
    ranks = np.empty_like(values)
    ranks.ravel()[order] = round_div(twice << LOG_Q, 2 * np.maximum(number, 1)) - 512
    return np.where(valid & (number > 0), ranks, 0)


def quantiles(values: Ints, parts: Sequence[int], whole: int) -> list[int]:
    """The elements at places floor((n - 1) * part / whole) of the sorted values. At least one value."""
    ranked = np.sort(values)
    return [int(ranked[(len(values) - 1) * part // whole]) for part in parts]


def running_median(values: Ints, width: int) -> NDArray[np.int16]:
    """Of the `width` values around each, an odd number; beyond the ends the last one goes on. They fit in 16 bits.

    The least and the largest of more than half of them are not the median, whatever the others are: they are dropped,
    and the next is taken in. On 16 bits that is many times faster than partitioning rows of eleven.
    """
    padded = np.pad(values.astype(np.int16), width // 2, mode="edge")
    columns = [padded[i : i + len(values)] for i in range(width)]
    some = width // 2 + 2
    pool, others = columns[:some], columns[some:]
    while len(pool) > 1:
        for i in range(1, len(pool)):
            pool[0], pool[i] = np.minimum(pool[0], pool[i]), np.maximum(pool[0], pool[i])
        for i in range(1, len(pool) - 1):
            pool[i], pool[-1] = np.minimum(pool[i], pool[-1]), np.maximum(pool[i], pool[-1])
        pool = [*pool[1:-1], *others[:1]]
        others = others[1:]
    return pool[0]


def shares(weights: Ints, total: int) -> Ints:
    """Rows of weights >= 0 (n, k) as integer shares that add up to `total`: cut, the largest takes the rest."""
    result: Ints = weights * total // np.sum(weights, axis=1, keepdims=True)
    rows = np.arange(len(result))
    result[rows, np.argmax(weights, axis=1)] += total - result.sum(axis=1)
    return result
