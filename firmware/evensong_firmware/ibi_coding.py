# COPIED from protocol/evensong_wire/ibi_coding.py by evensong_wire.emit; change it there.
"""How beats become the bits of an IBI frame: an encoder that allocates nothing, in the Python that MicroPython runs.

This very file is copied into the firmware; `ibi_decoding` is its inverse, and only the hub's. Every integer stays below
2^30. A frame is coded from nothing but its own beats, so a lost frame costs only itself.

Per beat: p predicts the interval from the last two changes d1, d2, with weights that follow the signs of error and
changes (sign-sign LMS). The error e = ibi - p goes into buckets of 2^shift ms, whose width follows a running mean of
|e|; the bucket is coded by a fixed Huffman table for the scale, the rest of e as plain bits. `ibi_tables` says where
the tables come from. Bits fill bytes from the lowest up.

    symbol 0-32       bucket -16..16, then `shift` bits
    symbol 33-37      above those: octave j = 0..4, then 3 + j bits of bucket, then `shift` bits
    symbol 38-42      below those, likewise
    symbol 43         escape, then 2 bits: 0 an interval as 16 plain bits; 1 quality from here on, 7 bits; 2 back to the
                      quality before; 3 a gap since the previous beat: 5 bits n, n bits of milliseconds

An escape other than 0 stands before the beat that it concerns. A frame begins with quality 100 (and 0 before it) and
START_MS as the interval before.
"""

from array import array

LINEAR = 16
OCTAVES = 5
SYMBOLS = 2 * LINEAR + 1 + 2 * OCTAVES + 1
ESCAPE = SYMBOLS - 1
FINE = 4  # scales per octave, one table each
BIAS = 16  # of STEPS

START_MS = 1000
START_SCALE = 341  # 64 log2(mean |e| / 3 ms): 120 ms for the first beat
SECOND_SCALE = 213  # 30 ms after it
TOP_CLASS = 27  # of 28 quarter octaves; see `step_of`
WEIGHT_1 = -32  # in 1/256
WEIGHT_2 = -96
RATE = 4
OUTLIER_MS = 160  # an error beyond this says nothing of the rhythm: the prediction follows it no farther
LEAST_START_MS = 300
MOST_START_MS = 2000

MAX_COUNT = 255
MAX_IBI_MS = 65535
MAX_GAP_MS = (1 << 27) - 1
START_QUALITY = 100

# Code lengths, then steps of the scale: FINE tables of SYMBOLS bytes each.
# fmt: off
LENGTHS = (
    b"\x0b\x0a\x0a\x09\x09\x08\x08\x07\x06\x06\x05\x05\x04\x04\x04\x03\x03\x03\x04\x04\x04\x05"
    b"\x05\x06\x06\x07\x08\x08\x09\x09\x09\x0a\x0a\x08\x09\x0a\x0d\x0d\x08\x08\x0a\x0d\x0d\x0a"
    b"\x09\x09\x09\x08\x08\x07\x07\x06\x06\x05\x05\x05\x04\x04\x04\x04\x03\x04\x04\x04\x04\x04"
    b"\x05\x05\x06\x06\x07\x07\x07\x08\x08\x09\x09\x07\x08\x09\x0c\x0d\x07\x08\x09\x0b\x0d\x0a"
    b"\x09\x08\x08\x08\x07\x07\x06\x06\x05\x05\x05\x05\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04"
    b"\x05\x05\x05\x06\x06\x07\x07\x07\x08\x08\x08\x07\x08\x09\x0c\x0d\x07\x08\x09\x0b\x0d\x0a"
    b"\x08\x08\x07\x07\x07\x06\x06\x06\x05\x05\x05\x05\x05\x04\x04\x04\x04\x04\x04\x04\x04\x05"
    b"\x05\x05\x05\x06\x06\x06\x07\x07\x07\x07\x08\x06\x07\x08\x0a\x0b\x06\x07\x08\x0a\x0b\x0a"
)
STEPS = (
    b"\x35\x32\x30\x2d\x2b\x28\x25\x22\x1f\x1c\x19\x16\x13\x0f\x0b\x08\x05\x08\x0b\x0f\x13\x16"
    b"\x19\x1c\x1f\x22\x25\x28\x2b\x2d\x30\x32\x35\x3c\x3d\x3d\x3d\x3d\x3c\x3d\x3d\x3d\x3d\x3d"
    b"\x2e\x2c\x2a\x28\x25\x23\x21\x1e\x1b\x19\x16\x13\x10\x0d\x0a\x07\x05\x07\x0a\x0d\x10\x13"
    b"\x16\x19\x1b\x1e\x21\x23\x25\x28\x2a\x2c\x2e\x35\x3d\x3d\x3d\x3d\x35\x3d\x3d\x3d\x3d\x3d"
    b"\x29\x27\x25\x23\x21\x1f\x1d\x1a\x18\x16\x13\x11\x0e\x0c\x09\x06\x04\x06\x09\x0c\x0e\x11"
    b"\x13\x16\x18\x1a\x1d\x1f\x21\x23\x25\x27\x29\x2f\x3d\x3d\x3d\x3d\x2f\x3d\x3d\x3d\x3d\x3d"
    b"\x24\x22\x20\x1f\x1d\x1b\x19\x17\x15\x13\x11\x0f\x0d\x0b\x08\x06\x04\x06\x08\x0b\x0d\x0f"
    b"\x11\x13\x15\x17\x19\x1b\x1d\x1f\x20\x22\x24\x29\x39\x3d\x3d\x3d\x29\x39\x3d\x3d\x3d\x3d"
)
# fmt: on


def canonical(lengths: bytes, codes: "array[int]") -> None:
    """Fill `codes` with the canonical Huffman codes of FINE tables, each code's first bit lowest."""
    for base in range(0, len(lengths), SYMBOLS):
        code = 0
        for length in range(1, 16):
            for i in range(base, base + SYMBOLS):
                if lengths[i] == length:
                    flipped = 0
                    for bit in range(length):
                        if code & (1 << bit):
                            flipped |= 1 << (length - 1 - bit)
                    codes[i] = flipped
                    code += 1
            code <<= 1


def step_of(scale_class: int, symbol: int) -> int:
    """How far `symbol` moves the scale, such that 0 <= scale < 16 (TOP_CLASS + 1) needs no further test: the lowest
    class never steps down, the highest three (48 units, more than the largest step) never up."""
    step = STEPS[(scale_class & 3) * SYMBOLS + symbol] - BIAS
    if (step < 0 and scale_class == 0) or (step > 0 and scale_class > TOP_CLASS - 3):
        return 0
    return step


CODES = array("H", bytes(2 * FINE * SYMBOLS))
canonical(LENGTHS, CODES)


class IbiEncoder:
    """Writes beats into buffer[start:limit]. put() answers False, and changes nothing, if the beat does not fit."""

    def __init__(self, buffer: bytearray, start: int, limit: int) -> None:
        self._buffer = buffer
        self._start = start
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Begin a new frame."""
        self.count = 0
        self._at = self._start
        self._held = 0  # bits that do not fill a byte yet
        self._held_bits = 0
        self._before = START_MS
        self._change_1 = 0
        self._change_2 = 0
        self._weight_1 = WEIGHT_1
        self._weight_2 = WEIGHT_2
        self._scale = START_SCALE
        self._quality = START_QUALITY
        self._other_quality = 0

    def put(self, gap_ms: int, ibi_ms: int, quality: int) -> bool:  # noqa: C901 - one straight line of cases
        """gap_ms: from the previous beat to the start of this interval, 0 for the first beat of a frame."""
        if not (0 <= ibi_ms <= MAX_IBI_MS and 0 <= gap_ms <= MAX_GAP_MS and 0 <= quality <= 100):
            raise ValueError("beat out of range")
        if self.count == MAX_COUNT:
            return False
        predicted = self._before + ((self._weight_1 * self._change_1 + self._weight_2 * self._change_2 + 128) >> 8)
        error = ibi_ms - predicted
        scale_class = self._scale >> 4
        shift = scale_class >> 2
        table = (scale_class & 3) * SYMBOLS
        bucket = (error + ((1 << shift) >> 1)) >> shift
        beyond = 0  # bucket within its octave
        extra = 0  # bits of it
        if -LINEAR <= bucket <= LINEAR:
            symbol = bucket + LINEAR
        else:
            beyond = (bucket if bucket > 0 else -bucket) - LINEAR - 1
            extra = 3
            while extra < 3 + OCTAVES and beyond >= 1 << extra:
                beyond -= 1 << extra
                extra += 1
            symbol = 2 * LINEAR - 2 + extra
            if extra == 3 + OCTAVES:
                symbol = ESCAPE
            elif bucket < 0:
                symbol += OCTAVES

        escape_bits = LENGTHS[table + ESCAPE] + 2
        need = LENGTHS[table + symbol] + (18 if symbol == ESCAPE else extra + shift)
        if quality != self._quality:
            need += escape_bits + (0 if quality == self._other_quality else 7)
        gap_bits = 0
        if gap_ms:
            while gap_ms >> gap_bits:
                gap_bits += 1
            need += escape_bits + 5 + gap_bits
        if self._held_bits + need > (self._limit - self._at) * 8:
            return False

        if quality != self._quality:
            self._write(CODES[table + ESCAPE], LENGTHS[table + ESCAPE])
            if quality == self._other_quality:
                self._write(2, 2)
            else:
                self._write(1, 2)
                self._write(quality, 7)
            self._other_quality = self._quality
            self._quality = quality
        if gap_bits:
            self._write(CODES[table + ESCAPE], LENGTHS[table + ESCAPE])
            self._write(3, 2)
            self._write(gap_bits, 5)
            self._write(gap_ms & 0x3FFF, min(gap_bits, 14))
            if gap_bits > 14:
                self._write(gap_ms >> 14, gap_bits - 14)
        self._write(CODES[table + symbol], LENGTHS[table + symbol])
        if symbol == ESCAPE:
            self._write(0, 2)
            self._write(ibi_ms, 16)
        else:
            self._write(beyond, extra)
            self._write((error + ((1 << shift) >> 1)) & ((1 << shift) - 1), shift)
        self._adapt(ibi_ms, error, step_of(scale_class, symbol))
        return True

    def finish(self) -> int:
        """Write out the last bits; returns the offset behind them. reset() comes next."""
        if self._held_bits:
            self._write(0, 8 - self._held_bits)
        return self._at

    def _adapt(self, ibi_ms: int, error: int, step: int) -> None:
        self.count += 1
        if self.count == 1:
            self._before = min(max(ibi_ms, LEAST_START_MS), MOST_START_MS)
            self._scale = SECOND_SCALE
            return
        change = ibi_ms - self._before
        if not -OUTLIER_MS <= error <= OUTLIER_MS:
            change = min(max(change, -OUTLIER_MS), OUTLIER_MS)
        self._weight_1 += RATE if (error >= 0) == (self._change_1 >= 0) else -RATE
        self._weight_2 += RATE if (error >= 0) == (self._change_2 >= 0) else -RATE
        self._change_2 = self._change_1
        self._change_1 = change
        self._before += change
        self._scale += step

    def _write(self, value: int, bits: int) -> None:
        """Append up to 16 bits."""
        held = self._held | value << self._held_bits
        bits += self._held_bits
        while bits >= 8:
            self._buffer[self._at] = held & 0xFF
            self._at += 1
            held >>= 8
            bits -= 8
        self._held = held
        self._held_bits = bits
