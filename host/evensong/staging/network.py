"""The temporal network in integers: int8 weights, int16 activations, sums that fit 30 bits.

Layers, for a night of n epochs: 59 features to `width` channels; residual blocks of a three-tap convolution dilated by
1, 2, 4, ..., ReLU and a 1x1 layer; ReLU, 1x1 to five classes, plus a direct linear path from the features. Weights of
an output channel share a power of two, so the only arithmetic is multiply, add, `round_shift` and `saturate`. Floats
carry the integers through the layers, because they have a BLAS: `fixed.carrier` takes single or double precision by
what the largest possible sum needs to be exact, and so the bits do not depend on which it took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from . import fixed
from .fixed import Carried, Ints

ACTIVATION_Q = 8  # fraction bits of the residual stream, an int16
LOGIT_Q = 16  # fraction bits of the outputs, logarithms to base two up to a constant of the epoch
_MOST = (1 << 15) - 1
_LARGEST_STANDARD = 127  # of a standardised feature
CLASSES = ("W", "N1", "N2", "N3", "R")


@dataclass(frozen=True, slots=True)
class _Layer:
    """round_shift(weight @ x + bias, shift), made ready for floats.

    The shift, and the half that rounds, go into the weights: they are units of 2^-shift then, and as exact.
    single, double: (outputs, inputs + 1), the bias last; x has a last row of ones. reach, bias: what bounds the sums.
    """

    single: NDArray[np.float32]
    double: NDArray[np.float64]
    reach: int
    bias: int

    @classmethod
    def of(cls, weight: Ints, bias: Ints, shift: Ints) -> Self:
        bias = bias + ((np.int64(1) << shift) >> 1)
        whole = np.ldexp(np.concatenate([weight, bias[:, None]], axis=1), -shift[:, None])
        return cls(whole.astype(np.float32), whole, int(np.abs(weight).sum(axis=1).max()), int(np.abs(bias).max()))

    def into(self, out: NDArray[np.float32], x: NDArray[np.float32], largest: int, least: int) -> None:
        """(outputs, n), saturated. largest: absolute value in x, its last row aside."""
        if fixed.carrier(self.reach * largest + self.bias) is np.float32:
            fixed.cut(np.matmul(self.single, x, out=out), least, 16)
        else:
            out[:] = fixed.cut(self.double @ x.astype(np.float64), least, 16)


class _Network:
    """One network of the ensemble, all but its last layer."""

    def __init__(self, arrays: Mapping[str, Ints], i: int) -> None:
        def layer(name: str, *at: int) -> _Layer:
            return _Layer.of(*(arrays[f"{name}_{part}"][i, *at] for part in ("weight", "bias", "shift")))

        self._inward = layer("inward")
        self._blocks = [(layer("conv", b), layer("point", b)) for b in range(arrays["conv_weight"].shape[1])]

    def channels(self, features: NDArray[np.float32], taps: NDArray[np.float32]) -> NDArray[np.float32]:
        """(width, n) above zero. features: (60, n); taps: (3 width + 1, n) of room; the last row of both is of ones."""
        width, n = len(taps) // 3, taps.shape[1]
        h, inner, step = taps[width : 2 * width], _with_ones(width, n), np.empty((width, n), np.float32)
        self._inward.into(h, features, _LARGEST_STANDARD, -_MOST)
        for b, (conv, point) in enumerate(self._blocks):
            _look_around(taps, 1 << b)
            conv.into(inner[:-1], taps, max(int(h.max()), -int(h.min())), 0)  # 0 is the ReLU
            point.into(step, inner, int(inner[:-1].max()), -_MOST)
            fixed.bound(np.add(h, step, out=h), -_MOST, 16)
        return np.maximum(h, 0, out=step)


class Ensemble:
    """The m networks of a model, made ready once for many nights."""

    def __init__(self, arrays: Mapping[str, Ints]) -> None:
        """arrays, m networks of b blocks: inward_weight (m, width, 59), inward_bias, inward_shift (m, width);
        conv_weight (m, b, width, 3 width) with the taps -d, 0, +d side by side, conv_bias, conv_shift (m, b, width);
        point_weight (m, b, width, width), point_bias, point_shift (m, b, width); outward_weight (m, 5, width),
        skip_weight (m, 5, 59), outward_bias, outward_up, skip_up (m, 5)."""
        self._width = arrays["inward_weight"].shape[1]
        self._networks = [_Network(arrays, i) for i in range(len(arrays["inward_weight"]))]
        outward = arrays["outward_weight"] << arrays["outward_up"][..., None]
        skip = (arrays["skip_weight"] << arrays["skip_up"][..., None]).sum(axis=0)  # of the same features: one path
        bias = arrays["outward_bias"].sum(axis=0)
        last = np.concatenate([*outward, skip, bias[:, None]], axis=1)
        if int(np.abs(last).sum(axis=1).max()) * _MOST >= 1 << 53:
            raise ValueError("weights of the last layer too large for exact sums")
        self._outward = outward.astype(np.float64)
        self._skip = np.concatenate([skip, bias[:, None]], axis=1).astype(np.float64)

    def logits(self, x: Ints) -> Ints:
        """(n, 5) in Q16: mean over the networks. x: (n, 59) standardised features, Q5."""
        features, taps = _with_ones(x.shape[1], len(x)), _with_ones(3 * self._width, len(x))
        features[:-1] = x.T
        total = self._skip @ features.astype(np.float64)
        for network, outward in zip(self._networks, self._outward, strict=True):
            total += outward @ network.channels(features, taps).astype(np.float64)
        return fixed.round_div(total.T.astype(np.int64), len(self._networks))


def _with_ones(rows: int, n: int) -> NDArray[np.float32]:
    """Room for int16 values, and a last row of ones that takes the bias."""
    room = np.empty((rows + 1, n), np.float32)
    room[-1] = 1
    return room


def _look_around(taps: NDArray[np.float32], dilation: int) -> None:
    """Above and below the epochs in the middle third put those `dilation` before and after; zero beyond the ends."""
    width, n = len(taps) // 3, taps.shape[1]
    reach = min(dilation, n)
    before, here, after = taps[:width], taps[width : 2 * width], taps[2 * width : 3 * width]
    before[:, :reach] = 0
    before[:, reach:] = here[:, : n - reach]
    after[:, : n - reach] = here[:, reach:]
    after[:, n - reach :] = 0


def product(weight: Ints, x: Carried | Ints, largest: int) -> Ints:
    """(n, outputs) of weight (outputs, inputs) and x (inputs, n), whose absolute values are at most `largest`."""
    kind = fixed.carrier(int(np.abs(weight).sum(axis=1).max()) * largest)
    return np.asarray((weight.astype(kind) @ x.astype(kind, copy=False)).T.astype(np.int64))
