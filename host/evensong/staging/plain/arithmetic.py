"""Rounding, logarithms, ranks: `fixed` for single integers of any size. `Qn` means units of 2^-n."""


def round_div(numerator: int, denominator: int) -> int:
    """To the nearest, halves towards +infinity."""
    return (2 * numerator + denominator) // (2 * denominator)


def round_shift(value: int, bits: int) -> int:
    return (value + ((1 << bits) >> 1)) >> bits


def clip(value: int, least: int, most: int) -> int:
    return max(least, min(most, value))


def saturate(value: int, bits: int) -> int:
    """Symmetric: the most negative number of so many bits is not used."""
    limit = (1 << (bits - 1)) - 1
    return clip(value, -limit, limit)


def _log2_digits(mantissa: int) -> int:
    """Q16 log2 of a Q40 mantissa in [1, 2), digit by digit, by squaring."""
    result = 0
    for _ in range(16):
        mantissa = mantissa * mantissa >> 40
        result <<= 1
        if mantissa >= 2 << 40:
            mantissa >>= 1
            result |= 1
    return result


def _exp2_step(i: int) -> int:
    """Q16: the largest integer whose 256th power does not exceed 2^(16 * 256 + i)."""
    low, high = 1 << 16, (1 << 17) + 1
    while high - low > 1:
        middle = (low + high) // 2
        power = middle
        for _ in range(8):
            power *= power
        low, high = (middle, high) if power <= 1 << (16 * 256 + i) else (low, middle)
    return low


_LOG2 = [_log2_digits((1 << 40) + (i << 32)) for i in range(256)] + [1 << 16]
_EXP2 = [_exp2_step(i) for i in range(257)]


def log2(value: int) -> int:
    """Q10 logarithm to base two of value >= 1: the exponent, and 256 linear pieces for the mantissa."""
    exponent = 0
    while value >> (exponent + 1):
        exponent += 1
    mantissa = value << (24 - exponent) if exponent <= 24 else value >> (exponent - 24)
    index = (mantissa >> 16) - 256
    fraction = mantissa & 0xFFFF
    return (exponent << 10) + round_shift((_LOG2[index] << 16) + (_LOG2[index + 1] - _LOG2[index]) * fraction, 22)


def exp2(value: int) -> int:
    """Q16 of 2 to the power of value <= 0 in Q16."""
    if value < -17 << 16:
        return 0
    index = (value & 0xFFFF) >> 8
    power = (_EXP2[index] << 8) + (_EXP2[index + 1] - _EXP2[index]) * (value & 0xFF)  # Q24, in [1, 2)
    return round_shift(power, 8 - (value >> 16))


def log2_sum(one: int, two: int) -> int:
    """Q16 of log2(2^one + 2^two), both Q16."""
    extra = log2((1 << 16) + exp2(-abs(one - two))) - (16 << 10)
    return max(one, two) + (extra << 6)


def sine(turns: int) -> int:
    """Q10 sine of Q16 turns, by Bhaskara."""
    half = turns & 0x7FFF
    product = half * ((1 << 15) - half)
    size = round_div((16 * product) << 10, (5 << 30) - 4 * product)
    return -size if turns & 0x8000 else size


def mid_rank(value: int, among: list[int]) -> int:
    """Q10, -512 to 512: (number below + half the number equal) / n - 1/2; 0 among none."""
    if not among:
        return 0
    twice = sum((2 if other < value else 1) for other in among if other <= value)
    return round_div(twice << 10, 2 * len(among)) - 512


def quantile(values: list[int], tenths: int) -> int:
    return sorted(values)[(len(values) - 1) * tenths // 10]


def root(value: int) -> int:
    """The whole part of the square root, by Newton's method from above."""
    guess = value + 1
    while guess * guess > value:
        guess = (guess + value // guess) // 2
    return guess


def shares(weights: list[int], total: int) -> list[int]:
    """Integer shares that add up to `total`: cut, the first of the largest takes the rest."""
    cut = [weight * total // sum(weights) for weight in weights]
    cut[weights.index(max(weights))] += total - sum(cut)
    return cut
