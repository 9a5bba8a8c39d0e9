"""Each integer function against the real number it stands for, and against its own definition in plain Python."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evensong.staging import fixed


def ints(*values: int) -> fixed.Ints:
    return np.array(values, np.int64)


@given(st.integers(-(2**60), 2**60), st.integers(1, 2**40))
def test_round_div_is_nearest_with_halves_up(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert int(fixed.round_div(numerator, denominator)) == math.floor(exact + Fraction(1, 2))


@given(st.integers(-(2**60), 2**60), st.integers(0, 30))
def test_round_shift_is_round_div_by_a_power(value: int, bits: int) -> None:
    assert int(fixed.round_shift(value, bits)) == math.floor(Fraction(value, 2**bits) + Fraction(1, 2))


def test_saturate_is_symmetric() -> None:
    assert fixed.saturate(ints(-129, -128, -127, 0, 127, 128), 8).tolist() == [-127, -127, -127, 0, 127, 127]


@given(st.integers(1, 2**53 - 1))
def test_log2_is_within_a_thousandth(value: int) -> None:
    assert abs(int(fixed.log2(ints(value))[0]) - math.log2(value) * 1024) < 1


@given(st.integers(-(25 << 16), 0))
def test_exp2_is_within_two_units(value: int) -> None:
    assert abs(int(fixed.exp2(ints(value))[0]) - 2 ** (value / 65536) * 65536) < 2


def test_exp2_of_zero_is_one_and_never_rises_downwards() -> None:
    curve = fixed.exp2(-np.arange(0, 20 << 16, 97))
    assert curve[0] == 1 << 16
    assert (np.diff(curve) <= 0).all()


@given(st.integers(-(1 << 20), 1 << 20))
def test_sine_is_within_a_quarter_of_a_percent(turns: int) -> None:
    assert abs(int(fixed.sine(ints(turns))[0]) - 1024 * math.sin(2 * math.pi * turns / 65536)) < 2.5


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.sampled_from((3, 5, 11)))
def test_the_running_median_goes_on_beyond_the_ends(values: list[int], width: int) -> None:
    reach = width // 2
    padded = [values[0]] * reach + values + [values[-1]] * reach
    expected = [statistics.median(padded[i : i + width]) for i in range(len(values))]
    assert fixed.running_median(ints(*values), width).tolist() == expected


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_mid_ranks_count_the_smaller_and_half_the_equal(values: list[int]) -> None:
    everyone = np.ones(len(values), bool)
    (ranks,) = fixed.mid_ranks(ints(*values)[None], everyone[None], everyone).tolist()
    for value, rank in zip(values, ranks, strict=True):
        place = Fraction(2 * sum(v < value for v in values) + values.count(value), 2 * len(values))
        assert rank == math.floor(place * 1024 + Fraction(1, 2)) - 512


def test_ranks_of_outsiders_do_not_change_those_inside() -> None:
    values = ints(1, 5, 9, 1000)
    valid = np.ones(4, bool)
    inside = np.array([True, True, True, False])
    assert (
        fixed.mid_ranks(values[None], valid[None], inside)[0, :3].tolist()
        == fixed.mid_ranks(values[None, :3], valid[None, :3], inside[:3])[0].tolist()
    )


@given(st.lists(st.integers(0, 1 << 16), min_size=4, max_size=4).filter(any))
def test_shares_add_up_and_keep_the_order_of_the_largest(weights: list[int]) -> None:
    shares = fixed.shares(ints(*weights)[None, :], 10_000)[0]
    assert shares.sum() == 10_000
    assert shares.min() >= 0
    assert weights[int(shares.argmax())] == max(weights)


# Golden integers: another implementation of the same definitions must give exactly these.
def test_golden_values() -> None:
    assert fixed.log2(ints(1, 2, 3, 410, 5898, 123_456_789, 2**53 - 1)).tolist() == GOLDEN_LOG2
    assert fixed.exp2(ints(0, -1, -65_536, -98_765, -400_000, -2_000_000)).tolist() == GOLDEN_EXP2
    assert fixed.sine(ints(0, 1000, 16_384, 30_000, 40_000, 65_535)).tolist() == GOLDEN_SINE


GOLDEN_LOG2 = [0, 1024, 1623, 8888, 12827, 27525, 54272]
GOLDEN_EXP2 = [65536, 65535, 32768, 23058, 953, 0]
GOLDEN_SINE = [0, 99, 1024, 270, -654, 0]
