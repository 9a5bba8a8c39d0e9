"""The temporal network in integers: int8 weights, int16 activations, sums that fit 30 bits.

Layers, for a night of n epochs: 59 features to `width` channels; residual blocks of a three-tap convolution dilated by
1, 2, 4, ..., ReLU and a 1x1 layer; ReLU, 1x1 to five classes, plus a direct linear path from the features. Weights of
an output channel share a power of two, so the only arithmetic is multiply, add, `round_shift` and `saturate`. Floats
carry the integers through the layers, because they have a BLAS: `fixed.carrier` takes single or double precision by
what the largest possible sum needs to be exact, and so the bits do not depend on which it took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from . import fixed
from .fixed import Carried, Ints

ACTIVATION_Q = 8  # fraction bits of the residual stream, an int16
LOGIT_Q = 16  # fraction bits of the outputs, logarithms to base two up to a constant of the epoch
_MOST = (1 << 15) - 1
CLASSES = ("W", "N1", "N2", "N3", "R")


@dataclass(frozen=True, slots=True)
class _Layer:
    """round_shift(weight @ x + bias, shift), made ready for floats.

    The shift, and the half that rounds, go into the weights: they are units of 2^-shift then, and as exact.
    weight: (outputs, inputs + 1), the bias last; x has a last row of ones. reach, bias: what bounds the sums.
    """

    weight: NDArray[np.float64]
    reach: Ints
    bias: Ints

    @classmethod
    def of(cls, weight: Ints, bias: Ints, shift: Ints) -> Self:
        bias = bias + ((np.int64(1) << shift) >> 1)
        whole = np.concatenate([weight, bias[:, None]], axis=1)
        return cls(np.ldexp(whole, -shift[:, None]), np.abs(weight).sum(axis=1), np.abs(bias))

    def __call__(self, x: Carried, largest: int, least: int) -> Carried:
        """(outputs, n), saturated. largest: absolute value in x, its last row aside."""
        kind = fixed.carrier(int((self.reach * largest + self.bias).max()))
        return fixed.cut(self.weight.astype(kind) @ x.astype(kind, copy=False), least, 16)


class Network:
    """One network of the ensemble, made ready once for many nights."""

    def __init__(self, arrays: Mapping[str, Ints], i: int) -> None:
        def layer(name: str, *at: int) -> _Layer:
            return _Layer.of(*(arrays[f"{name}_{part}"][i, *at] for part in ("weight", "bias", "shift")))

        self._inward = layer("inward")
        self._blocks = [(layer("conv", b), layer("point", b)) for b in range(arrays["conv_weight"].shape[1])]
        self._outward, self._skip, self._bias, self._outward_up, self._skip_up = (
            arrays[name][i] for name in ("outward_weight", "skip_weight", "outward_bias", "outward_up", "skip_up")
        )

    def logits(self, x: Ints) -> Ints:
        """(n, 5) in Q16. x: (n, 59)."""
        n = len(x)
        features = _with_ones(x.shape[1], n)
        features[:-1] = x.T
        h = self._inward(features, _largest(features), -_MOST)
        taps, inner = _with_ones(3 * len(h), n), _with_ones(len(h), n)
        for b, (conv, point) in enumerate(self._blocks):
            _take_taps(h, 1 << b, taps)
            inner[:-1] = conv(taps, _largest(h), 0)  # 0 is the ReLU
            h = fixed.cut(h + point(inner, _largest(inner), -_MOST), -_MOST, 16)
        from_stream = product(self._outward, np.maximum(h, 0), _largest(h)) << self._outward_up
        from_features = product(self._skip, features[:-1], _largest(features)) << self._skip_up
        return np.asarray(from_stream + from_features + self._bias)


def ensemble(arrays: Mapping[str, Ints]) -> list[Network]:
    """The m networks of a model.

    arrays, m networks of b blocks: inward_weight (m, width, 59), inward_bias, inward_shift (m, width);
    conv_weight (m, b, width, 3 width) with the taps -d, 0, +d side by side, conv_bias, conv_shift (m, b, width);
    point_weight (m, b, width, width), point_bias, point_shift (m, b, width); outward_weight (m, 5, width),
    skip_weight (m, 5, 59), outward_bias, outward_up, skip_up (m, 5).
    """
    return [Network(arrays, i) for i in range(len(arrays["inward_weight"]))]


def logits(networks: Sequence[Network], x: Ints) -> Ints:
    """(n, 5) in Q16: mean over the networks. x: (n, 59) standardised features, Q5."""
    return fixed.round_div(np.sum([network.logits(x) for network in networks], axis=0), len(networks))


def _with_ones(rows: int, n: int) -> NDArray[np.float32]:
    """Room for int16 values, and a last row of ones that takes the bias."""
    return np.ones((rows + 1, n), np.float32)


def _largest(x: Carried) -> int:
    return max(int(x.max()), -int(x.min()))


def _take_taps(h: Carried, dilation: int, taps: Carried) -> None:
    """The epoch `dilation` before, the epoch, the one `dilation` after, above each other; zero beyond the ends."""
    width, n = h.shape
    reach = min(dilation, n)
    before, here, after = taps[:width], taps[width : 2 * width], taps[2 * width : 3 * width]
    before[:, :reach] = 0
    before[:, reach:] = h[:, : n - reach]
    here[:] = h
    after[:, : n - reach] = h[:, reach:]
    after[:, n - reach :] = 0


def product(weight: Ints, x: Carried | Ints, largest: int) -> Ints:
    """(n, outputs) of weight (outputs, inputs) and x (inputs, n), whose absolute values are at most `largest`."""
    kind = fixed.carrier(int(np.abs(weight).sum(axis=1).max()) * largest)
    return np.asarray((weight.astype(kind) @ x.astype(kind, copy=False)).T.astype(np.int64))
