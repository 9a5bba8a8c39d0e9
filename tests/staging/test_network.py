"""The network's integers against a second implementation of the same words, in plain Python and by another route."""

from __future__ import annotations

import numpy as np
import pytest

from evensong.staging import fixed, network, shipped

OF_LINEAR = ("mean", "scale", "linear_weight", "linear_bias")
FEATURES = len(shipped().arrays["mean"])
ARRAYS = {name: array[:2] for name, array in shipped().arrays.items() if name not in OF_LINEAR}  # two of three networks
NETWORKS = network.Ensemble(ARRAYS)


def plain(x: list[list[int]]) -> list[list[int]]:
    """What `Ensemble.logits` says it does, with Python's integers only."""
    total = [[0] * 5 for _ in x]
    for i in range(len(ARRAYS["inward_weight"])):
        for row, one in zip(total, plain_one(i, x), strict=True):
            row[:] = [a + b for a, b in zip(row, one, strict=True)]
    networks = len(ARRAYS["inward_weight"])
    return [[(2 * value + networks) // (2 * networks) for value in row] for row in total]


def plain_one(i: int, x: list[list[int]]) -> list[list[int]]:
    array = {name: value[i].tolist() for name, value in ARRAYS.items()}
    h = [layer(row, array["inward_weight"], array["inward_bias"], array["inward_shift"]) for row in x]
    for b in range(len(array["conv_weight"])):
        reach = 1 << b
        nothing = [0] * len(h[0])
        taps = [(h[t - reach] if t >= reach else nothing) + h[t] + (h[t + reach] if t + reach < len(h) else nothing)
                for t in range(len(h))]  # fmt: skip
        for t, row in enumerate(taps):
            inner = layer(row, array["conv_weight"][b], array["conv_bias"][b], array["conv_shift"][b])
            step = layer(
                [max(v, 0) for v in inner], array["point_weight"][b], array["point_bias"][b], array["point_shift"][b]
            )
            taps[t] = [clip(a + c) for a, c in zip(h[t], step, strict=True)]
        h = taps
    return [
        [(sum(w * max(v, 0) for w, v in zip(array["outward_weight"][c], stream, strict=True)) << array["outward_up"][c])
         + (sum(w * v for w, v in zip(array["skip_weight"][c], row, strict=True)) << array["skip_up"][c])
         + array["outward_bias"][c] for c in range(5)]
        for stream, row in zip(h, x, strict=True)
    ]  # fmt: skip


def layer(row: list[int], weight: list[list[int]], bias: list[int], shift: list[int]) -> list[int]:
    out = []
    for weights, b, s in zip(weight, bias, shift, strict=True):
        total = sum(w * v for w, v in zip(weights, row, strict=True)) + b
        assert abs(total) < 1 << 30  # a small integer of 32-bit MicroPython
        out.append(clip((total + ((1 << s) >> 1)) >> s))
    return out


def clip(value: int) -> int:
    return max(-32767, min(32767, value))


def test_numpy_and_plain_python_agree_to_the_bit() -> None:
    x = np.random.default_rng(7).integers(-127, 128, (34, FEATURES))
    assert NETWORKS.logits(x).tolist() == plain(x.tolist())


def test_extremes_do_not_wrap() -> None:
    for value in (-127, 0, 127):
        x = np.full((2, FEATURES), value)
        assert NETWORKS.logits(x).tolist() == plain(x.tolist())


def test_single_and_double_precision_carry_the_same_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(9).integers(-127, 128, (50, FEATURES))
    as_needed, taken = NETWORKS.logits(x), []
    carrier = fixed.carrier

    def double(bound: int) -> type:
        taken.append(carrier(bound))
        return np.float64

    monkeypatch.setattr(fixed, "carrier", double)
    assert np.array_equal(NETWORKS.logits(x), as_needed)
    assert np.float32 in taken


@pytest.mark.parametrize("bits", [0, 1, 9])
def test_the_carrier_is_chosen_by_what_is_exact(bits: int) -> None:
    for most in (1 << 24, 1 << 53):
        kind = fixed.carrier(most - 1)
        for value in (most - 1, most - 2, 1 - most):
            assert int(np.ldexp(kind(value), -bits) * 2**bits) == value
    with pytest.raises(AssertionError):
        fixed.carrier(1 << 53)


def test_what_is_further_than_127_epochs_away_does_not_matter() -> None:
    x = np.random.default_rng(8).integers(-127, 128, (300, FEATURES))
    y = x.copy()
    y[228:] = 0
    assert np.array_equal(NETWORKS.logits(x)[:101], NETWORKS.logits(y)[:101])
    assert not np.array_equal(NETWORKS.logits(x)[101:165], NETWORKS.logits(y)[101:165])
