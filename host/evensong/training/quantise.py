"""From a trained network to its integers: batch norm folded, int8 weights with a power of two per output channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evensong.staging.model import STANDARD_Q
from evensong.staging.network import ACTIVATION_Q, LOGIT_Q
from evensong.training.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TO_BASE_TWO = 1 / np.log(2)
_WEIGHT_BITS = 8
_MOST_SHIFT = 16


def quantise(networks: Sequence[Network]) -> dict[str, Ints]:
    """The arrays that `evensong.staging.network.Ensemble` takes."""
    parts = [_one(network) for network in networks]
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _one(network: Network) -> dict[str, Ints]:
    tensors = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}
    arrays: dict[str, Ints] = {}
    _store(arrays, "inward", *_layer(tensors["inward.weight"], tensors["inward.bias"], STANDARD_Q))
    convs, points = [], []
    for b in range(len(network.blocks)):
        block = {name.removeprefix(f"blocks.{b}."): t for name, t in tensors.items() if name.startswith(f"blocks.{b}.")}
        gain = block["norm.weight"] / np.sqrt(block["norm.running_var"] + 1e-5)
        side_by_side = np.concatenate([tap.T for tap in block["taps"]], axis=1)  # (width, 3 width)
        bias = block["norm.bias"] - block["norm.running_mean"] * gain
        convs.append(_layer(side_by_side * gain[:, None], bias, ACTIVATION_Q))
        points.append(_layer(block["out.weight"], block["out.bias"], ACTIVATION_Q))
    for name, layers in (("conv", convs), ("point", points)):
        _store(arrays, name, *(np.stack(each) for each in zip(*layers, strict=True)))
    outward, outward_scale = _rounded(tensors["outward.weight"] * _TO_BASE_TWO, LOGIT_Q - ACTIVATION_Q)
    skip, skip_scale = _rounded(tensors["skip.weight"] * _TO_BASE_TWO, LOGIT_Q - STANDARD_Q)
    arrays |= {"outward_weight": outward, "outward_up": LOGIT_Q - ACTIVATION_Q - outward_scale}
    arrays |= {"skip_weight": skip, "skip_up": LOGIT_Q - STANDARD_Q - skip_scale}
    arrays["outward_bias"] = np.rint(tensors["outward.bias"] * _TO_BASE_TWO * (1 << LOGIT_Q)).astype(np.int64)
    return arrays


def _store(arrays: dict[str, Ints], name: str, weight: Ints, bias: Ints, shift: Ints) -> None:
    arrays |= {f"{name}_weight": weight, f"{name}_bias": bias, f"{name}_shift": shift}


def _layer(weight: Floats, bias: Floats, input_q: int) -> tuple[Ints, Ints, Ints]:
    """Integers of a layer whose input has `input_q` fraction bits and whose output has `ACTIVATION_Q`."""
    rounded, scale = _rounded(weight, _MOST_SHIFT)
    assert (scale + input_q >= ACTIVATION_Q).all()  # else a weight is larger than any that training with decay gives
    return rounded, np.rint(bias * 2.0 ** (scale + input_q)).astype(np.int64), scale + input_q - ACTIVATION_Q


def _rounded(weight: Floats, most: int) -> tuple[Ints, Ints]:
    """int8 weights and, for each row, the power of two that multiplied them: the largest that fits, at most `most`."""
    limit = (1 << (_WEIGHT_BITS - 1)) - 1
    size = np.maximum(np.abs(weight).max(axis=1), 2.0**-_MOST_SHIFT)
    scale = np.minimum(np.floor(np.log2((limit + 0.49) / size)), most).astype(np.int64)
    return np.rint(weight * 2.0 ** scale[:, None]).astype(np.int64), scale
