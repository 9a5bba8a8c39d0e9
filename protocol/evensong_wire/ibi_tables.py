"""Where the constant tables of `ibi_coding` come from; they are frozen there, and a test derives them again.

A beat's prediction error e, divided by the running mean m of its own absolute value, is taken to follow a mixture of
two logistic distributions: 96 % of scale 0.70 m (beats) and 4 % of five times that (movement, ectopic and missed
beats). The logistic family fits successive differences of heart periods better than Gauss or Laplace; the three
numbers are round values near the optimum on public recordings, which is flat (0.1 % of the bits between neighbours).

Scales come in quarter octaves. Within an octave the error is cut into buckets of a power of two of milliseconds,
about m/3 wide: 33 linear ones, then on each side five whose widths double from 8 buckets, then one escape. The four
tables are Huffman codes for those probabilities. STEPS holds, for each symbol, how far the logarithm of m moves: that
of 1 + (min(|e|/m, 6) - 1)/8, a running mean over eight beats, in 1/64 octave.
"""

from __future__ import annotations

import heapq
import math

from .ibi_coding import BIAS, FINE, LINEAR, OCTAVES, SYMBOLS

SCALE_OF_MEAN = 0.70
WIDE_SHARE = 0.04
WIDE_FACTOR = 5.0
ESCAPE_PROBABILITY = 1 / 1024
LEAST_PROBABILITY = 2.0**-14
LEAST_MEAN_MS = 3.0  # mean of the lowest scale, in buckets of 1 ms
UNITS_PER_OCTAVE = 64
MEAN_BEATS = 8
MEAN_LIMIT = 6.0


def _below(x: float, scale: float) -> float:
    """Probability of an error below x: the mixture's cumulative distribution function."""
    near = 1 / (1 + math.exp(-x / scale))
    far = 1 / (1 + math.exp(-x / scale / WIDE_FACTOR))
    return (1 - WIDE_SHARE) * near + WIDE_SHARE * far


def _mean(fine: int) -> float:
    """Mean absolute error, in buckets, that table `fine` is made for: the middle of its quarter octave."""
    return LEAST_MEAN_MS * 2 ** ((fine + 0.5) / FINE)


def _edges() -> list[tuple[float, float]]:
    """(low, high) of each symbol but the escape, in buckets."""
    edges = [(i - 0.5, i + 0.5) for i in range(-LINEAR, LINEAR + 1)]
    octaves = []
    low = LINEAR + 0.5
    for j in range(OCTAVES):
        octaves.append((low, low + (8 << j)))
        low += 8 << j
    return edges + octaves + [(-high, -low) for low, high in octaves]


def probabilities(fine: int) -> list[float]:
    """Of the SYMBOLS symbols in table `fine`, which sum to 1."""
    scale = SCALE_OF_MEAN * _mean(fine)
    raw = [max(_below(high, scale) - _below(low, scale), LEAST_PROBABILITY) for low, high in _edges()]
    share = (1 - ESCAPE_PROBABILITY) / sum(raw)
    return [p * share for p in raw] + [ESCAPE_PROBABILITY]


def huffman_lengths(weights: list[float]) -> list[int]:
    """Code lengths of a Huffman code; ties go to the symbol that comes first. Weights are rounded to 2^-40, so that the
    last bit of a platform's exp() decides nothing."""
    heap = [(round(w * 2**40), i, [i]) for i, w in enumerate(weights)]
    heapq.heapify(heap)
    lengths = [0] * len(weights)
    order = len(weights)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in a[2] + b[2]:
            lengths[symbol] += 1
        heapq.heappush(heap, (a[0] + b[0], order, a[2] + b[2]))
        order += 1
    return lengths


def code_lengths() -> bytes:
    """FINE tables of SYMBOLS code lengths."""
    return b"".join(bytes(huffman_lengths(probabilities(fine))) for fine in range(FINE))


def steps() -> bytes:
    """FINE tables of SYMBOLS steps of the scale, each plus BIAS. The escape takes the largest."""
    table = bytearray()
    for fine in range(FINE):
        mean = _mean(fine)
        for low, high in _edges():
            if low < 0 < high:
                size = 0.25
            elif high - low == 1:
                size = abs(low + high) / 2
            else:
                size = min(abs(low), abs(high)) + (high - low) / 3
            ratio = min(size / mean, MEAN_LIMIT)
            table.append(round(UNITS_PER_OCTAVE * math.log2(1 + (ratio - 1) / MEAN_BEATS)) + BIAS)
        table.append(round(UNITS_PER_OCTAVE * math.log2(1 + (MEAN_LIMIT - 1) / MEAN_BEATS)) + BIAS)
    assert len(table) == FINE * SYMBOLS
    return bytes(table)
