"""The part of the firmware's `wire.py` that no frame definition decides: integers, CRC-32, COBS both ways.

Kept as text, because it exists only to be written out by `emit_firmware`, and is tested where it runs.
"""

CORE = '''
_CRC_LOW = array("H", bytes(32))  # CRC-32 (IEEE 802.3) of four bits, in halves
_CRC_HIGH = array("H", bytes(32))
for _i in range(16):
    _low = _i
    _high = 0
    for _ in range(4):
        _odd = _low & 1
        _low = _low >> 1 | (_high & 1) << 15
        _high >>= 1
        if _odd:
            _low ^= 0x8320
            _high ^= 0xEDB8
    _CRC_LOW[_i] = _low
    _CRC_HIGH[_i] = _high
_crc = array("H", bytes(4))  # result of _crc32: low half, high half


def _crc32(buffer, length):
    low = 0xFFFF
    high = 0xFFFF
    for at in range(length):
        low ^= buffer[at]
        i = low & 15
        low = (low >> 4 | (high & 15) << 12) ^ _CRC_LOW[i]
        high = high >> 4 ^ _CRC_HIGH[i]
        i = low & 15
        low = (low >> 4 | (high & 15) << 12) ^ _CRC_LOW[i]
        high = high >> 4 ^ _CRC_HIGH[i]
    _crc[0] = low ^ 0xFFFF
    _crc[1] = high ^ 0xFFFF


def finish(buffer, end):
    """Add the CRC of buffer[:end]; returns the frame's length."""
    _crc32(buffer, end)
    return _u16(buffer, _u16(buffer, end, _crc[0]), _crc[1])


def is_frame(buffer, length):
    """True if buffer[:length] is a frame of this major version with a right CRC."""
    if not HEADER_BYTES + CRC_BYTES <= length <= MAX_SEALED_BYTES or buffer[0] >> 4 != MAJOR:
        return False
    if length > MAX_FRAME_BYTES and not buffer[0] & FLAG_SEALED:
        return False
    end = length - CRC_BYTES
    _crc32(buffer, end)
    return (
        buffer[end] | buffer[end + 1] << 8 == _crc[0]
        and buffer[end + 2] | buffer[end + 3] << 8 == _crc[1]
    )


def cobs(source, length, target):
    """Pack source[:length] (a frame) into target: zero, COBS, zero. Returns the number of bytes, length + 3."""
    target[0] = 0
    code_at = 1
    at = 2
    for i in range(length):
        byte = source[i]
        if byte:
            target[at] = byte
        else:
            target[code_at] = at - code_at
            code_at = at
        at += 1
    target[code_at] = at - code_at
    target[at] = 0
    return at + 1


class Receiver:
    """Bytes of a transport, one by one, to frames: feed() answers True when buffer[:length] holds one."""

    def __init__(self):
        self.buffer = bytearray(MAX_SEALED_BYTES)
        self.length = 0
        self.reset()

    def reset(self):
        """Forget what came so far: a new connection."""
        self._at = 0
        self._left = 0  # bytes until the next code byte
        self._begun = False
        self._broken = False

    def feed(self, byte):
        if byte == 0:
            whole = self._begun and self._left == 0 and not self._broken
            self.length = self._at
            self.reset()
            return whole and is_frame(self.buffer, self.length)
        if self._broken:
            return False
        if self._left == 0:
            self._left = byte - 1
            if not self._begun:
                self._begun = True
                return False
            byte = 0
        else:
            self._left -= 1
        if self._at == MAX_SEALED_BYTES:
            self._broken = True
            return False
        self.buffer[self._at] = byte
        self._at += 1
        return False


def _u8(buffer, at, value):
    if not 0 <= value <= 255:
        raise ValueError("out of range")
    buffer[at] = value
    return at + 1


def _i8(buffer, at, value):
    if not -128 <= value <= 127:
        raise ValueError("out of range")
    buffer[at] = value & 255
    return at + 1


def _u16(buffer, at, value):
    if not 0 <= value <= 65535:
        raise ValueError("out of range")
    buffer[at] = value & 255
    buffer[at + 1] = value >> 8
    return at + 2


def _i16(buffer, at, value):
    if not -32768 <= value <= 32767:
        raise ValueError("out of range")
    buffer[at] = value & 255
    buffer[at + 1] = value >> 8 & 255
    return at + 2


def _u24(buffer, at, value):
    if not 0 <= value <= 0xFFFFFF:
        raise ValueError("out of range")
    buffer[at] = value & 255
    buffer[at + 1] = value >> 8 & 255
    buffer[at + 2] = value >> 16
    return at + 3


def _i32(buffer, at, value):
    if not -0x40000000 <= value <= 0x3FFFFFFF:
        raise ValueError("out of range")
    buffer[at] = value & 255
    buffer[at + 1] = value >> 8 & 255
    buffer[at + 2] = value >> 16 & 255
    buffer[at + 3] = value >> 24 & 255
    return at + 4


def _bytes(buffer, at, value, length):
    if len(value) != length:
        raise ValueError("out of range")
    for i in range(length):
        buffer[at + i] = value[i]
    return at + length


def _text(buffer, at, value):
    """Length, then UTF-8 bytes."""
    if at + 1 + len(value) > PAYLOAD_LIMIT:
        raise ValueError("out of range")
    return _bytes(buffer, _u8(buffer, at, len(value)), value, len(value))

'''
