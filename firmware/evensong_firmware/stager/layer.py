"""The network's inner loops in plain Python; `layer_viper` has the same for machines that compile it."""


def layer(weights, at, x, inputs, y, outputs, least):
    """y[o] = round((sum of w[o][i] x[i] + bias[o]) / 2^shift[o]), least to 32767; returns where the layer ends.

    weights: bytes; from `at` on for each output int8 weights, an int32 bias, lowest byte first, a byte of shift.
    x, y: arrays of int16. Sums stay below 2^30 if inputs * 127 * 32767 does.
    """
    for o in range(outputs):
        total = 0
        for i in range(inputs):
            total += ((weights[at + i] ^ 128) - 128) * x[i]
        at += inputs
        total += weights[at] | weights[at + 1] << 8 | weights[at + 2] << 16
        total += ((weights[at + 3] ^ 128) - 128) << 24
        shift = weights[at + 4]
        total = (total + (1 << shift >> 1)) >> shift
        y[o] = least if total < least else min(total, 32767)
        at += 5
    return at


def add(h, step, width):
    """h += step, saturated to +-32767."""
    for i in range(width):
        h[i] = max(-32767, min(h[i] + step[i], 32767))


def remember(ring, at, h, pair, width):
    """pair = what ring[at:] held, then h, which the ring takes in: a byte for each, Q4, what is larger saturated."""
    for i in range(width):
        pair[i] = ((ring[at + i] ^ 128) - 128) << 4
        pair[width + i] = h[i]
        ring[at + i] = max(-127, min(h[i] + 8 >> 4, 127)) & 255


def standardise(weights, at, features, x, first, stop):
    """x[i] = (features[i] - mean) * scale / 2^14, rounded, +-127; from `at` on mean, int16, and scale, uint16, of each.

    A difference beyond +-8191 counts as that, so that products stay below 2^30.
    """
    for i in range(first, stop):
        j = at + 4 * i
        mean = ((weights[j] | weights[j + 1] << 8) ^ 0x8000) - 0x8000
        off = max(-8191, min(features[i] - mean, 8191))
        x[i] = max(-127, min(off * (weights[j + 2] | weights[j + 3] << 8) + 8192 >> 14, 127))
