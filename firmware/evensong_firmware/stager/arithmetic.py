"""Rounding, logarithm, averages of single integers: the same on every interpreter, and everything below 2^30.

`Qn` means units of 2^-n.
"""


def log2(value):
    """Q10 logarithm to base two of 1 <= value < 2^30: a parabola between powers of two, wrong by at most 0.011."""
    exponent = 16 if value >> 16 else 0
    if value >> exponent + 8:
        exponent += 8
    if value >> exponent + 4:
        exponent += 4
    if value >> exponent + 2:
        exponent += 2
    if value >> exponent + 1:
        exponent += 1
    f = (value << 10 - exponent if exponent <= 10 else value >> exponent - 10) - 1024
    return (exponent << 10) + f + (f * (1024 - f) * 352 >> 20)


def exp2(value):
    """Q16 of 2 to the power of value (Q10, at most 0), by a parabola, wrong by at most 0.4 %; 0 below 2^-16."""
    whole = -value >> 10
    if whole > 15:
        return 0
    f = -value & 1023
    return (65536 - (f << 5) - (f * (1024 - f) * 11246 >> 20)) >> whole


def clip(value, limit):
    if value > limit:
        return limit
    return -limit if value < -limit else value


def root(value):
    """The integer square root of 0 <= value < 2^30, by Newton's method from above."""
    x = 1 << 15
    while True:
        y = (x + value // x) >> 1
        if y >= x:
            return x
        x = y


def averaged(average, value, number, k):
    """An average that has taken in `value` as its `number`th: the mean of all until 2^k of them, then exponential."""
    if number < 1 << k:
        return average + (value - average) // number
    return average + ((value - average) >> k)
