"""Bytes in any pieces to frames: the receiving end of every transport, without I/O.

A frame travels as 0x00, its COBS encoding (Cheshire and Baker 1999), 0x00. Invariant: whatever came before, a frame
whose packed bytes arrive whole and in order comes out, because it brings its own leading zero; and nothing else comes
out but what carries a right CRC. `Stream` never raises on input and never holds more than one frame's bytes; what it
threw away it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .codec import check, decode, is_sealed
from .errors import CrcError, FrameLengthError, WireError
from .frames import MAX_SEALED_BYTES
from .models import Frame

MAX_COBS_BYTES = MAX_SEALED_BYTES + 1  # MAX_SEALED_BYTES < 254: one code byte more


def cobs_encode(raw: bytes) -> bytes:
    """Of at most MAX_SEALED_BYTES, so that no block reaches the 254 bytes that COBS would have to cut."""
    if len(raw) > MAX_SEALED_BYTES:
        raise FrameLengthError(len(raw))
    out = bytearray()
    for block in raw.split(b"\0"):
        out.append(len(block) + 1)
        out += block
    return bytes(out)


def cobs_decode(coded: bytes) -> bytes | None:
    """None if these bytes, which hold no zero, are not the encoding of anything that cobs_encode() takes."""
    blocks = []
    at = 0
    while at < len(coded):
        end = at + coded[at]
        if end > len(coded):
            return None
        blocks.append(coded[at + 1 : end])
        at = end
    return b"\0".join(blocks)


def pack(raw: bytes) -> bytes:
    """A frame as it goes onto any transport."""
    return b"\0" + cobs_encode(raw) + b"\0"


class Stream:
    """unseal: gives the frame within a sealed one, None if it refuses it; without one no sealed frame can be read.

    Counters: bad_cobs, bad_crc, oversize (longer than a frame can be), unparsable (right CRC, but not a frame this
    version can read), refused (sealed, and `unseal` would not).
    """

    def __init__(self, unseal: Callable[[bytes], bytes | None] | None = None) -> None:
        self.refused = 0
        self._unseal = unseal
        self.bad_cobs = 0
        self.bad_crc = 0
        self.oversize = 0
        self.unparsable = 0
        self._held = b""
        self._skipping = False

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that this chunk completes, in order."""
        frames: list[Frame] = []
        *closed, rest = bytes(chunk).split(b"\0")
        for piece in closed:
            self._hold(piece)
            if self._held:
                frame = self._parse(self._held)
                if frame is not None:
                    frames.append(frame)
            self._held = b""
            self._skipping = False
        self._hold(rest)
        return frames

    def _hold(self, piece: bytes) -> None:
        if self._skipping:
            return
        if len(self._held) + len(piece) > MAX_COBS_BYTES:
            self.oversize += 1
            self._skipping = True
            self._held = b""
        else:
            self._held += piece

    def _parse(self, coded: bytes) -> Frame | None:
        raw = cobs_decode(coded)
        if raw is None:
            self.bad_cobs += 1
            return None
        try:
            check(raw)
            if self._unseal is None or not is_sealed(raw):
                return decode(raw)
            within = self._unseal(raw)
            if within is not None:
                return replace(decode(within), sealed=True)
            self.refused += 1
        except (CrcError, FrameLengthError):
            self.bad_crc += 1
        except WireError:
            self.unparsable += 1
        return None
