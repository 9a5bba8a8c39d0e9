"""The ensemble of temporal networks: (n, features) int8 to (n, 5) logits in Q16. Shapes come from the arrays."""

from .arithmetic import round_div, round_shift, saturate
from .shapes import Any, Rows


def logits(arrays: dict[str, Any], x: Rows) -> Rows:
    """The mean over the networks."""
    networks = len(arrays["inward_weight"])
    each = [one({name: array[i] for name, array in arrays.items()}, x) for i in range(networks)]
    return [[round_div(sum(net[t][c] for net in each), networks) for c in range(5)] for t in range(len(x))]


def one(array: dict[str, Any], x: Rows) -> Rows:
    h = [layer(row, array["inward_weight"], array["inward_bias"], array["inward_shift"]) for row in x]
    nothing = [0] * len(array["inward_bias"])
    for b in range(len(array["conv_weight"])):
        reach = 1 << b
        after_block = []
        for t, here in enumerate(h):
            before = h[t - reach] if t >= reach else nothing
            after = h[t + reach] if t + reach < len(h) else nothing
            inner = layer(before + here + after, array["conv_weight"][b], array["conv_bias"][b], array["conv_shift"][b])
            inner = [max(value, 0) for value in inner]
            step = layer(inner, array["point_weight"][b], array["point_bias"][b], array["point_shift"][b])
            after_block.append([saturate(value + change, 16) for value, change in zip(here, step)])
        h = after_block
    return [
        [
            (dot(array["outward_weight"][c], [max(value, 0) for value in stream]) << array["outward_up"][c])
            + (dot(array["skip_weight"][c], row) << array["skip_up"][c])
            + array["outward_bias"][c]
            for c in range(5)
        ]
        for stream, row in zip(h, x)
    ]


def layer(row: list[int], weight: Rows, bias: list[int], shift: list[int]) -> list[int]:
    return [saturate(round_shift(dot(w, row) + b, s), 16) for w, b, s in zip(weight, bias, shift)]


def dot(one: list[int], two: list[int]) -> int:
    total = 0
    for i, value in enumerate(one):
        total += value * two[i]
    return total
