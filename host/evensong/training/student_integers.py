"""From a trained student to the layers of its weights: batch norm folded, int8 rows with a power of two each."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from evensong.training.student_network import StudentNetwork

Floats = NDArray[np.float64]

STANDARD_Q, ACTIVATION_Q, LOGIT_Q = 5, 8, 10
_MOST_SHIFT = 14


def layers(network: StudentNetwork, onto: Floats) -> bytes:
    """As `evensong_firmware.stager.network` reads them. onto: (5,) added to the logits."""
    tensors = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}
    result = _layer(tensors["inward.weight"], tensors["inward.bias"], STANDARD_Q, ACTIVATION_Q)
    for b in range(len(network.blocks)):
        block = {name.removeprefix(f"blocks.{b}."): t for name, t in tensors.items() if name.startswith(f"blocks.{b}.")}
        gain = block["norm.weight"] / np.sqrt(block["norm.running_var"] + 1e-5)
        side_by_side = np.concatenate([tap.T for tap in block["taps"]], axis=1) * gain[:, None]
        bias = block["norm.bias"] - block["norm.running_mean"] * gain
        result += _layer(side_by_side, bias, ACTIVATION_Q, ACTIVATION_Q)
        result += _layer(block["out.weight"], block["out.bias"], ACTIVATION_Q, ACTIVATION_Q)
    to_base_two = 1 / np.log(2)
    bias = (tensors["outward.bias"] + onto) * to_base_two
    return result + _layer(tensors["outward.weight"] * to_base_two, bias, ACTIVATION_Q, LOGIT_Q)


def _layer(weight: Floats, bias: Floats, input_q: int, output_q: int) -> bytes:
    size = np.maximum(np.abs(weight).max(axis=1), 2.0**-_MOST_SHIFT)
    scale = np.minimum(np.floor(np.log2(127.49 / size)), _MOST_SHIFT).astype(int)
    shift = scale + input_q - output_q
    assert (shift >= 0).all()  # else a weight is larger than any that training with decay gives
    rows = b""
    for row, up, one, down in zip(weight, scale.tolist(), bias.tolist(), shift.tolist(), strict=True):
        rows += np.rint(row * 2.0**up).astype("i1").tobytes() + struct.pack(
            "<iB", round(one * 2.0 ** (up + input_q)), down
        )
    return rows
