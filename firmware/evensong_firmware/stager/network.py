"""The student network, one epoch at a time: causal dilated convolutions whose past is a ring for each block.

int8 weights, int16 activations (Q8), as the night's network of the hub, from which it was distilled; a ring keeps their
upper bits only, a byte of Q4 each. The weights are bytes and stay where they are:

    0   b"EVL2"
    4   features, width, blocks, classes: a byte each
    8   threshold, uint16: what the largest probability must reach, in 1/10000
    10  for each feature its mean, int16, Q10, and 2^19 over its standard deviation, uint16
        then the layers as `layer.layer` reads them: features to width; for each block (past, now) to width and width
        to width; (width after ReLU, features) to five logits, logarithms to base two in Q10

All numbers have their lowest byte first. Blocks are dilated by 1, 2, 4, ... epochs.
"""
# Viper's pointers take arrays and bytes, which pyright does not know.
# pyright: reportArgumentType=false

from array import array

try:
    from evensong_firmware.stager.layer_viper import add, layer, remember, standardise
except (ImportError, SyntaxError, ValueError):  # CPython; no compiler for it; compiled for another chip
    from evensong_firmware.stager.layer import add, layer, remember, standardise

MAGIC = b"EVL2"
HEADER = 10
CLASSES = 5
MOST = 32767
UP = 3  # bits from a standardised feature's Q5 to the activations' Q8


class Network:
    """features: (n,) int16, the caller's to fill: Q10 of an epoch. logits: (5,) int16, Q10."""

    def __init__(self, weights):
        if bytes(weights[:4]) != MAGIC or weights[7] != CLASSES:
            raise ValueError("these are no weights of the live stager")
        self._weights = weights
        n, width, blocks = weights[4], weights[5], weights[6]
        size = HEADER + 4 * n + (n + 5) * width + blocks * (3 * width + 10) * width + (width + n + 5) * CLASSES
        if len(weights) != size:
            raise ValueError("the weights of the live stager are cut off")
        self.features = array("h", bytes(2 * n))
        self.logits = array("h", bytes(2 * CLASSES))
        self._x = array("h", bytes(2 * n))
        self._h = array("h", bytes(2 * width))
        self._inner = array("h", bytes(2 * width))
        self._pair = array("h", bytes(4 * width))
        self._last = array("h", bytes(2 * (width + n)))
        self._rings = [bytearray(width << b) for b in range(blocks)]
        self._epoch = 0

    def standardise(self, first, stop, known):
        """Of features[first:stop], which count as average if they are not known."""
        if known:
            standardise(self._weights, HEADER, self.features, self._x, first, stop)
            return
        for i in range(first, stop):
            self._x[i] = 0

    def step(self):
        """The next epoch, whose features are standardised: work out `logits`."""
        weights, h, inner, pair, last = self._weights, self._h, self._inner, self._pair, self._last
        n, width = len(self._x), len(h)
        at = layer(weights, HEADER + 4 * n, self._x, n, h, width, -MOST)
        for b in range(len(self._rings)):
            ring = self._rings[b]
            place = (self._epoch & (1 << b) - 1) * width
            remember(ring, place, h, pair, width)
            at = layer(weights, at, pair, 2 * width, inner, width, 0)  # 0 is the ReLU
            at = layer(weights, at, inner, width, pair, width, -MOST)
            add(h, pair, width)
        for i in range(width):
            last[i] = h[i] if h[i] > 0 else 0
        for i in range(n):
            last[width + i] = self._x[i] << UP
        layer(weights, at, last, width + n, self.logits, CLASSES, -MOST)
        self._epoch += 1
