"""GENERATED from protocol/evensong_wire by `python -m evensong_wire.emit`; change it there.

Frames for MicroPython: begin() and one put_...() write into the caller's buffer and return the offset behind
what they wrote, finish() adds the CRC, cobs() packs for any transport, Receiver is the way back. Kinds with
a coded sequence: put_...() writes what stands before it; ibi_coding and series_coding write the rest from
the offset that it returns. 32-bit fields are two 16-bit halves. Nothing here allocates, but for getters that
return bytes; no integer reaches 2^30.
"""

from array import array

MAJOR = 1
MINOR = 1
MAX_FRAME_BYTES = 241
MAX_SEALED_BYTES = 253
MAX_PACKED_BYTES = 256
HEADER_BYTES = 16
TRAILER_BYTES = 12
CRC_BYTES = 4
PAYLOAD_LIMIT = 237  # offset that no payload may pass
BOOT_LIMIT = 16777216
FIRST_UNNUMBERED = 32
UNCERTAINTY_UNKNOWN_S = 65535

SERVICE_UUID = "e5e70001-6f0a-4c52-9d0b-7d5b1c3f2a10"
FRAMES_UUID = "e5e70002-6f0a-4c52-9d0b-7d5b1c3f2a10"
CONTROL_UUID = "e5e70003-6f0a-4c52-9d0b-7d5b1c3f2a10"
ATT_OVERHEAD_BYTES = 3
MIN_ATT_MTU = 23
PREFERRED_ATT_MTU = 247

KIND_BOOT = 1
KIND_HEART_RATE = 2
KIND_IBI = 3
KIND_ACTIVITY = 4
KIND_WEAR = 5
KIND_STATUS = 6
KIND_EMA = 7
KIND_EVENT = 8
KIND_LOG = 9
KIND_PPG_RAW = 10
KIND_ACCEL_RAW = 11
KIND_HELLO = 32
KIND_TIME_REQUEST = 33
KIND_REPLY = 34
KIND_CHALLENGE = 35
KIND_REFUSAL = 36
KIND_HUB_HELLO = 64
KIND_ACK = 65
KIND_TIME_REPLY = 66
KIND_RESUME_FROM = 67
KIND_COMMAND = 68
KIND_PROOF = 69

FLAG_AUTHENTICATED = 1
FLAG_CUT_SHORT = 2
FLAG_SEALED = 4

WEAR_OFF = 0
WEAR_ON = 1
WEAR_UNKNOWN = 2
WEAR_CHARGING = 3

RESET_POWER_ON = 0
RESET_WATCHDOG = 1
RESET_SOFT = 2
RESET_DEEP_SLEEP = 3
RESET_BROWN_OUT = 4
RESET_UNKNOWN = 5

EVENT_TIME_ZERO = 1
EVENT_LIGHTS_OFF = 2
EVENT_RISE = 3
EVENT_BUTTON = 4
EVENT_SPOOL_FULL = 5
EVENT_SENSOR_FAULT = 6
EVENT_CLOCK_SET = 7
EVENT_POWER = 16
EVENT_FLIGHT_CHECK = 17
EVENT_PLAN = 18
EVENT_CUE = 19
EVENT_CUES = 20
EVENT_ALARM_SET = 21
EVENT_ALARM_RANG = 22
EVENT_ALARM_STOPPED = 23
EVENT_PROMPT = 24

SENSOR_PPG = 1
SENSOR_MOTION = 2
SENSOR_TEMPERATURE = 3

FAULT_NONE = 0
FAULT_ABSENT = 1
FAULT_WRONG_CHIP = 2
FAULT_NO_ANSWER = 3
FAULT_BUS = 4
FAULT_RESET = 5
FAULT_OVERFLOW = 6
FAULT_LATE = 7
FAULT_GLARE = 8

COMMAND_FLUSH = 1
COMMAND_LIVE = 2
COMMAND_STATUS = 3
COMMAND_CONFIGURE = 4
COMMAND_ROTATE = 5
COMMAND_CUE = 16
COMMAND_ALARM = 17
COMMAND_FLIGHT_CHECK = 18
COMMAND_PLAN = 19
COMMAND_SELFTEST = 32
COMMAND_FIRMWARE = 33
COMMAND_UPDATE = 34
COMMAND_RESTART = 35

POWER_OFF_WRIST = 0
POWER_DAY = 1
POWER_NIGHT = 2
POWER_TRANSFER = 3
POWER_CHARGING = 4

PLAN_FULL = 0
PLAN_LEAN = 1
PLAN_SPARE = 2

PLAN_BY_NOBODY = 0
PLAN_BY_BUTTON = 1
PLAN_BY_COMMAND = 2

CHECK_BATTERY = 1
CHECK_CLOCK = 2
CHECK_SPOOL = 4
CHECK_LINK = 8
CHECK_SKIN = 16

RING_STAGE = 1
RING_LATEST = 2
RING_UNSURE_CLOCK = 3

REFUSED_PROOF = 1
REFUSED_NOT_ADOPTING = 2
REFUSED_STORAGE = 3

CAPABILITY_BEATS = 1
CAPABILITY_HEART_RATE = 2
CAPABILITY_MOVEMENT = 4
CAPABILITY_TEMPERATURE = 8
CAPABILITY_BUTTON = 16
CAPABILITY_RAW = 32


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


def begin(buffer, flags, kind, incarnation, boot_id, seq, t_s, t_ms):
    """The header; incarnation is 4 bytes. Returns where the payload begins."""
    if not 0 <= flags <= 15 or not 0 <= t_ms <= 999:
        raise ValueError("out of range")
    at = _u8(buffer, 0, MAJOR << 4 | flags)
    at = _u8(buffer, at, kind)
    at = _bytes(buffer, at, incarnation, 4)
    at = _u16(buffer, at, boot_id)
    at = _u24(buffer, at, seq)
    at = _u24(buffer, at, t_s)
    at = _u16(buffer, at, t_ms)
    return at


def put_boot(buffer, at, cause, previous_boot_id, previous_t_s, previous_t_ms, previous_sampled, utc_s_high,
    utc_s_low, utc_uncertainty_s):
    """The fields of BOOT."""
    at = _u8(buffer, at, cause)
    at = _u16(buffer, at, previous_boot_id)
    at = _u24(buffer, at, previous_t_s)
    at = _u16(buffer, at, previous_t_ms)
    at = _u24(buffer, at, previous_sampled)
    at = _u16(buffer, at, utc_s_low)
    at = _u16(buffer, at, utc_s_high)
    at = _u16(buffer, at, utc_uncertainty_s)
    return at


def put_heart_rate(buffer, at, count):
    """The fields of HEART_RATE."""
    at = _u8(buffer, at, count)
    return at


def put_ibi(buffer, at, count):
    """The fields of IBI."""
    at = _u8(buffer, at, count)
    return at


def put_activity(buffer, at, count):
    """The fields of ACTIVITY."""
    at = _u8(buffer, at, count)
    return at


def put_wear(buffer, at, state):
    """The fields of WEAR."""
    at = _u8(buffer, at, state)
    return at


def put_status(buffer, at, battery_mv, battery_pct, temp_cdeg, spool_free_kib, rssi_dbm, sampled, stored,
    dropped):
    """The fields of STATUS."""
    at = _u16(buffer, at, min(max(battery_mv, 0), 65535))
    at = _u8(buffer, at, min(max(battery_pct, 0), 255))
    at = _i16(buffer, at, min(max(temp_cdeg, -32768), 32767))
    at = _u16(buffer, at, min(max(spool_free_kib, 0), 65535))
    at = _i8(buffer, at, min(max(rssi_dbm, -128), 127))
    at = _u24(buffer, at, sampled)
    at = _u24(buffer, at, stored)
    at = _u24(buffer, at, dropped)
    return at


def put_ema(buffer, at, valence, arousal, prompted):
    """The fields of EMA."""
    at = _u8(buffer, at, valence)
    at = _u8(buffer, at, arousal)
    at = _u8(buffer, at, prompted)
    return at


def put_event(buffer, at, code, arg):
    """The fields of EVENT."""
    at = _u8(buffer, at, code)
    at = _i32(buffer, at, arg)
    return at


def put_log(buffer, at, level, text):
    """The fields of LOG."""
    at = _u8(buffer, at, level)
    at = _text(buffer, at, text)
    return at


def put_ppg_raw(buffer, at, rate_chz, channel, count):
    """The fields of PPG_RAW."""
    at = _u16(buffer, at, rate_chz)
    at = _u8(buffer, at, channel)
    at = _u8(buffer, at, count)
    return at


def put_accel_raw(buffer, at, rate_chz, lsb_per_g, count):
    """The fields of ACCEL_RAW."""
    at = _u16(buffer, at, rate_chz)
    at = _u16(buffer, at, lsb_per_g)
    at = _u8(buffer, at, count)
    return at


def put_hello(buffer, at, device_id, minor, firmware_major, firmware_minor, firmware_patch, capabilities,
    hello_battery_mv, hello_battery_pct, first_boot_id, first_seq, next_seq, utc_s_high, utc_s_low,
    utc_uncertainty_s, board, name):
    """The fields of HELLO."""
    at = _bytes(buffer, at, device_id, 8)
    at = _u8(buffer, at, minor)
    at = _u8(buffer, at, firmware_major)
    at = _u8(buffer, at, firmware_minor)
    at = _u8(buffer, at, firmware_patch)
    at = _u16(buffer, at, capabilities)
    at = _u16(buffer, at, hello_battery_mv)
    at = _u8(buffer, at, hello_battery_pct)
    at = _u16(buffer, at, first_boot_id)
    at = _u24(buffer, at, first_seq)
    at = _u24(buffer, at, next_seq)
    at = _u16(buffer, at, utc_s_low)
    at = _u16(buffer, at, utc_s_high)
    at = _u16(buffer, at, utc_uncertainty_s)
    at = _text(buffer, at, board)
    at = _text(buffer, at, name)
    return at


def put_time_request(buffer, at, token):
    """The fields of TIME_REQUEST."""
    at = _u16(buffer, at, token)
    return at


def put_reply(buffer, at, token, status, body):
    """The fields of REPLY."""
    at = _u16(buffer, at, token)
    at = _u8(buffer, at, status)
    at = _text(buffer, at, body)
    return at


def put_challenge(buffer, at, device_id, key_epoch, adopting, challenge):
    """The fields of CHALLENGE."""
    at = _bytes(buffer, at, device_id, 8)
    at = _u16(buffer, at, key_epoch)
    at = _u8(buffer, at, adopting)
    at = _bytes(buffer, at, challenge, 16)
    return at


def put_refusal(buffer, at, reason):
    """The fields of REFUSAL."""
    at = _u8(buffer, at, reason)
    return at


def header_lead(buffer):
    return buffer[0]


def header_kind(buffer):
    return buffer[1]


def header_incarnation(buffer):
    return bytes(buffer[2:6])


def header_boot_id(buffer):
    return buffer[6] | buffer[7] << 8


def header_seq(buffer):
    return buffer[8] | buffer[9] << 8 | buffer[10] << 16


def header_t_s(buffer):
    return buffer[11] | buffer[12] << 8 | buffer[13] << 16


def header_t_ms(buffer):
    return buffer[14] | buffer[15] << 8


def hub_hello_hub_id(buffer):
    return bytes(buffer[16:24])


def hub_hello_minor(buffer):
    return buffer[24]


def ack_acked_boot_id(buffer):
    return buffer[16] | buffer[17] << 8


def ack_acked_seq(buffer):
    return buffer[18] | buffer[19] << 8 | buffer[20] << 16


def time_reply_token(buffer):
    return buffer[16] | buffer[17] << 8


def time_reply_utc_s_low(buffer):
    return buffer[18] | buffer[19] << 8


def time_reply_utc_s_high(buffer):
    return buffer[20] | buffer[21] << 8


def time_reply_utc_ms(buffer):
    return buffer[22] | buffer[23] << 8


def time_reply_uncertainty_ms(buffer):
    return buffer[24] | buffer[25] << 8


def resume_from_wanted_boot_id(buffer):
    return buffer[16] | buffer[17] << 8


def resume_from_wanted_seq(buffer):
    return buffer[18] | buffer[19] << 8 | buffer[20] << 16


def command_token(buffer):
    return buffer[16] | buffer[17] << 8


def command_code(buffer):
    return buffer[18]


def command_arg(buffer):
    return bytes(buffer[20:20 + buffer[19]])


def proof_by_label(buffer):
    return buffer[16]


def proof_challenge(buffer):
    return bytes(buffer[17:33])


def proof_proof(buffer):
    return bytes(buffer[33:49])


def is_complete(buffer, length):
    """True if a frame that is_frame() accepts is of a kind this side reads, and holds its fields."""
    end = length - CRC_BYTES - (TRAILER_BYTES if buffer[0] & FLAG_AUTHENTICATED else 0)
    kind = buffer[1]
    if kind == KIND_HUB_HELLO:
        return end >= 25
    if kind == KIND_ACK:
        return end >= 21
    if kind == KIND_TIME_REPLY:
        return end >= 26
    if kind == KIND_RESUME_FROM:
        return end >= 21
    if kind == KIND_COMMAND:
        return end >= 20 and end >= 20 + buffer[19]
    if kind == KIND_PROOF:
        return end >= 49
    return False
