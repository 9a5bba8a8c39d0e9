"""The temporal network in integers: int8 weights, int16 activations, sums that fit 30 bits.

Layers, for a night of n epochs: 59 features to `width` channels; residual blocks of a three-tap convolution dilated by
1, 2, 4, ..., ReLU and a 1x1 layer; ReLU, 1x1 to five classes, plus a direct linear path from the features. Weights of
an output channel share a power of two, so the only arithmetic is multiply, add, `round_shift` and `saturate`. A product
of matrices runs in float64, whose BLAS is exact here: `_product` asserts that no sum can reach 2^53.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import fixed
from .fixed import Ints

ACTIVATION_Q = 8  # fraction bits of the residual stream, an int16
LOGIT_Q = 16  # fraction bits of the outputs, logarithms to base two up to a constant of the epoch
CLASSES = ("W", "N1", "N2", "N3", "R")


def logits(arrays: Mapping[str, Ints], x: Ints) -> Ints:
    """(n, 5) in Q16: mean over the networks of the ensemble. x: (n, 59) standardised features, Q5.

    arrays, m networks of b blocks: inward_weight (m, width, 59), inward_bias, inward_shift (m, width);
    conv_weight (m, b, width, 3 width) with the taps -d, 0, +d side by side, conv_bias, conv_shift (m, b, width);
    point_weight (m, b, width, width), point_bias, point_shift (m, b, width); outward_weight (m, 5, width),
    skip_weight (m, 5, 59), outward_bias, outward_up, skip_up (m, 5).
    """
    networks = len(arrays["inward_weight"])
    total = sum(_one(arrays, i, x) for i in range(networks))
    return fixed.round_div(np.asarray(total), networks)


def _one(arrays: Mapping[str, Ints], i: int, x: Ints) -> Ints:
    h = _layer(x, arrays["inward_weight"][i], arrays["inward_bias"][i], arrays["inward_shift"][i])
    for b in range(arrays["conv_weight"].shape[1]):
        inner = _layer(
            _taps(h, 1 << b), arrays["conv_weight"][i, b], arrays["conv_bias"][i, b], arrays["conv_shift"][i, b]
        )
        inner = np.maximum(inner, 0)
        step = _layer(inner, arrays["point_weight"][i, b], arrays["point_bias"][i, b], arrays["point_shift"][i, b])
        h = fixed.saturate(h + step, 16)
    from_stream = _product(np.maximum(h, 0), arrays["outward_weight"][i]) << arrays["outward_up"][i]
    from_features = _product(x, arrays["skip_weight"][i]) << arrays["skip_up"][i]
    return np.asarray(from_stream + from_features + arrays["outward_bias"][i])


def _layer(x: Ints, weight: Ints, bias: Ints, shift: Ints) -> Ints:
    return fixed.saturate(fixed.round_shift(_product(x, weight) + bias, shift), 16)


def _taps(h: Ints, dilation: int) -> Ints:
    """(n, 3 width): the epoch `dilation` before, the epoch, the one `dilation` after; zero beyond the ends."""
    n = len(h)
    reach = min(dilation, n)
    before, after = np.zeros_like(h), np.zeros_like(h)
    before[reach:] = h[: n - reach]
    after[: n - reach] = h[reach:]
    return np.concatenate([before, h, after], axis=1)


def _product(x: Ints, weight: Ints) -> Ints:
    bound = int(np.abs(weight).sum(axis=1).max()) * (1 << 15)  # activations are int16, features int8
    assert bound < 1 << 53
    return np.asarray((x.astype(np.float64) @ weight.T.astype(np.float64)).astype(np.int64))
