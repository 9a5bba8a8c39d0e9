# COPIED from protocol/evensong_wire/sealing.py by evensong_wire.emit; change it there.
"""How frames are sealed within one connection: keys of a session, encryption, tag, replay. No input or output.

This very file is copied into the firmware, so both ends run the same lines; it needs SHA-256 and nothing else, which
every MicroPython has. The constructions, all from HMAC-SHA-256 (RFC 2104, FIPS 198-1):

    session key    HKDF-Extract (RFC 5869) of the long-term key, salted with both sides' challenges
    keys from it   HKDF-Expand (RFC 5869), one block each, with a label and the context (who talks to whom, key epoch)
    proof          such a key, cut to 16 bytes: three-pass mutual authentication with a keyed check function
                   (ISO/IEC 9798-4, mechanism 4); the third pass is the device's first sealed frame
    encryption     xor with HMAC(key, nonce, block number), block by block: counter mode of a pseudo-random function
                   (NIST SP 800-108 r1, 4.1)
    tag            HMAC(key, first byte, ciphertext, nonce), cut to 8 bytes (RFC 2104, 5; NIST SP 800-107 r1, 5.3.3):
                   encrypt, then authenticate (Bellare and Namprempre 2000)

A sealed frame keeps its first byte, with both flags set; all behind it is encrypted, kind and times included. Then
come nonce and tag, and the CRC of all that. A nonce counts up from 0, each direction has keys of its own, and a
receiver takes only a nonce above the last one it took: a connection keeps the order, so there is nothing to wait for.
"""

from hashlib import sha256

FLAGS = 5  # AUTHENTICATED | SEALED, as in `frames`
CHALLENGE = 16
PROOF = 16
NONCE = 4
TAG = 8
NONCES = 1 << 30  # of one session; MicroPython on 32 bits allocates beyond
FORGED = -1
REPLAYED = -2


class Key:
    """HMAC-SHA-256 under a key of at most 64 bytes."""

    def __init__(self, key: bytes) -> None:
        rest = 64 - len(key)
        self._inner = bytes([byte ^ 0x36 for byte in key]) + b"\x36" * rest
        self._outer = bytes([byte ^ 0x5C for byte in key]) + b"\x5c" * rest

    def mac(self, *parts: "bytes | bytearray | memoryview") -> bytes:
        """32 bytes."""
        inner = sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()


def same(one: "bytes | memoryview", other: "bytes | memoryview", length: int) -> bool:
    """Whether the first bytes agree, in a time that does not tell where they differ."""
    difference = 0
    for i in range(length):
        difference |= one[i] ^ other[i]
    return difference == 0


class Direction:
    """Frames one way. frame: a buffer with room for the trailer behind its n bytes."""

    def __init__(self, tag: bytes, pad: bytes) -> None:
        self._tag = Key(tag)
        self._pad = Key(pad)
        self._nonce = bytearray(NONCE)
        self._block = bytearray(1)
        self.next = 0  # nonce to give, or the least to take

    def seal(self, frame: "bytearray | memoryview", n: int) -> int:
        """Seal header and payload, frame[:n], in place; returns the length with the trailer, without a CRC."""
        nonce, number = self._nonce, self.next
        if number >= NONCES:
            raise ValueError("a session has no more nonces")
        self.next = number + 1
        for i in range(NONCE):
            nonce[i] = number & 255
            number >>= 8
        frame[0] |= FLAGS
        self._mask(frame, n)
        tag = self._tag.mac(memoryview(frame)[:n], nonce)
        for i in range(NONCE):
            frame[n + i] = nonce[i]
        n += NONCE
        for i in range(TAG):
            frame[n + i] = tag[i]
        return n + TAG

    def open(self, frame: "bytearray | memoryview", n: int) -> int:
        """The inverse: frame[:n] without its CRC becomes header and payload. Returns their length; FORGED or REPLAYED,
        and then the frame is as it was."""
        n -= NONCE + TAG
        if n < 2:
            return FORGED
        nonce, number = self._nonce, 0
        for i in range(NONCE):
            nonce[i] = frame[n + i]
        if not same(self._tag.mac(memoryview(frame)[:n], nonce), memoryview(frame)[n + NONCE :], TAG):
            return FORGED
        for i in range(NONCE):
            number = number << 8 | nonce[NONCE - 1 - i]
        if number < self.next:
            return REPLAYED
        self.next = number + 1
        self._mask(frame, n)
        frame[0] &= 255 - FLAGS
        return n

    def _mask(self, frame: "bytearray | memoryview", n: int) -> None:
        """Encrypt, or decrypt, frame[1:n]."""
        block = self._block
        block[0] = 0
        for at in range(1, n, 32):
            pad = self._pad.mac(self._nonce, block)
            for i in range(min(32, n - at)):
                frame[at + i] ^= pad[i]
            block[0] += 1


class Secrets:
    """What two sides that know `key` have in common for one session.

    key: 32 bytes. challenges: the device's, then the hub's. context: see `context_of`.
    """

    def __init__(self, key: bytes, challenges: bytes, context: bytes) -> None:
        self._session = Key(Key(challenges).mac(key))
        self._context = context

    def _derived(self, label: bytes) -> bytes:
        return self._session.mac(label, self._context, b"\x01")

    def proof(self) -> bytes:
        """What only a hub with the key can say to these challenges."""
        return self._derived(b"evensong hub proof")[:PROOF]

    def to_hub(self) -> Direction:
        return Direction(self._derived(b"evensong device tag"), self._derived(b"evensong device pad"))

    def to_device(self) -> Direction:
        return Direction(self._derived(b"evensong hub tag"), self._derived(b"evensong hub pad"))

    def next_key(self) -> bytes:
        """The long-term key that follows, if this session changes it. Nothing leads back from it."""
        return self._derived(b"evensong next key")


def context_of(device_id: bytes, hub_id: bytes, epoch: int, adopting: int) -> bytes:
    return device_id + hub_id + bytes([epoch & 255, epoch >> 8, adopting])


def first_key(root: bytes, device_id: bytes) -> bytes:
    """The key of epoch 1, which a freshly flashed wearable begins with."""
    return Key(root).mac(b"evensong first key", device_id, b"\x01")
