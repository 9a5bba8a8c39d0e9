"""The temporal network in integers: int8 weights, int16 activations, sums that fit 30 bits.

Layers, for a night of n epochs: 59 features to `width` channels; residual blocks of a three-tap convolution dilated by
1, 2, 4, ..., ReLU and a 1x1 layer; ReLU, 1x1 to five classes, plus a direct linear path from the features. Weights of
an output channel share a power of two, so the only arithmetic is multiply, add, `round_shift` and `saturate`. Floats
carry the integers through the layers, because they have a BLAS: `fixed.carrier` takes single or double precision by
what the largest possible sum needs to be exact, and so the bits do not depend on which it took.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from . import fixed
from .fixed import Carried, Ints

ACTIVATION_Q = 8  # fraction bits of the residual stream, an int16
LOGIT_Q = 16  # fraction bits of the outputs, logarithms to base two up to a constant of the epoch
_MOST = (1 << 15) - 1
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
    width, n = arrays["inward_weight"].shape[1], len(x)
    features = _with_ones(x.shape[1], n)
    features[:-1] = x.T
    h = _layer(arrays, "inward", i, features, -_MOST)
    taps, inner = _with_ones(3 * width, n), _with_ones(width, n)
    for b in range(arrays["conv_weight"].shape[1]):
        _take_taps(h, 1 << b, taps)
        inner[:-1] = _layer(arrays, "conv", (i, b), taps, 0)  # 0 is the ReLU
        h = fixed.cut(h + _layer(arrays, "point", (i, b), inner, -_MOST), -_MOST, 16)
    from_stream = _product(np.maximum(h, 0), arrays["outward_weight"][i]) << arrays["outward_up"][i]
    from_features = _product(features[:-1], arrays["skip_weight"][i]) << arrays["skip_up"][i]
    return np.asarray(from_stream + from_features + arrays["outward_bias"][i])


def _with_ones(rows: int, n: int) -> NDArray[np.float32]:
    """Room for int16 values, and a last row of ones that takes the bias."""
    return np.ones((rows + 1, n), np.float32)


def _layer(arrays: Mapping[str, Ints], name: str, at: int | tuple[int, int], x: Carried, least: int) -> Carried:
    """round_shift(weight @ x + bias, shift), saturated. x: `_with_ones`.

    The shift, and the half that rounds, go into the weights: they are units of 2^-shift then, and as exact.
    """
    weight, bias, shift = (arrays[f"{name}_{part}"][at] for part in ("weight", "bias", "shift"))
    whole = np.concatenate([weight, (bias + ((np.int64(1) << shift) >> 1))[:, None]], axis=1)
    largest = max(int(x.max()), -int(x.min()))
    kind = fixed.carrier(int((np.abs(whole[:, :-1]).sum(axis=1) * largest + np.abs(whole[:, -1])).max()))
    return fixed.cut(np.ldexp(whole, -shift[:, None]).astype(kind) @ x.astype(kind, copy=False), least, 16)


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


def _product(x: Carried | Ints, weight: Ints) -> Ints:
    """(n, outputs) of x (inputs, n) and weight (outputs, inputs)."""
    kind = fixed.carrier(int(np.abs(weight).sum(axis=1).max()) << 15)  # activations are int16, features int8
    return np.asarray((weight.astype(kind) @ x.astype(kind, copy=False)).T.astype(np.int64))
