"""The frames of the Evensong wire, version 1: the one truth that every other description is generated from.

A frame is a header, a payload by kind, an optional authentication trailer and a CRC-32. A sealed one, which only lives
in a connection, is its first byte, ciphertext, trailer and CRC-32: see "Sealed frames". On every transport (BLE, serial
line, recording file) a frame travels COBS-encoded between zero bytes, see `stream`. All integers are little endian.

Compatibility: a payload may only grow at its end, so a parser ignores what follows the fields it knows; a kind that
it does not know is skipped. Both are a new minor version. Anything else is a new major version, in the high half of
`lead`.

Only constructs that `emit` can turn into MicroPython stand here. No integer of a header needs more than 30 bits,
because MicroPython on a 32-bit chip allocates beyond that.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

from construct import (
    Bytes,
    GreedyBytes,
    Int8sl,
    Int8ul,
    Int16sl,
    Int16ul,
    Int24ul,
    Int32sl,
    Int32ul,
    Prefixed,
    Struct,
)

MAJOR = 1
MINOR = 1
MAX_FRAME_BYTES = 241  # before COBS; with COBS and both zero bytes 244, one notification at an ATT MTU of 247
MAX_SEALED_BYTES = MAX_FRAME_BYTES + 12  # of the longest frame with its trailer, which only a connection carries
EPOCH_MS = 30_000  # of activity counts, and of every stage that is made from them
BOOT_LIMIT = 1 << 24  # numbers and seconds of one boot; before either runs out the firmware begins a new boot id


class Kind(IntEnum):
    """Kinds 0x01-0x1f are numbered, spooled and acknowledged; 0x20-0x3f are the device's and 0x40-0x5f the hub's words
    within one connection, which nobody stores."""

    BOOT = 0x01
    HEART_RATE = 0x02
    IBI = 0x03
    ACTIVITY = 0x04
    WEAR = 0x05
    STATUS = 0x06
    EMA = 0x07
    EVENT = 0x08
    LOG = 0x09
    PPG_RAW = 0x0A
    ACCEL_RAW = 0x0B
    HELLO = 0x20
    TIME_REQUEST = 0x21
    REPLY = 0x22
    CHALLENGE = 0x23
    REFUSAL = 0x24
    HUB_HELLO = 0x40
    ACK = 0x41
    TIME_REPLY = 0x42
    RESUME_FROM = 0x43
    COMMAND = 0x44
    PROOF = 0x45


FIRST_UNNUMBERED = 0x20


class Flag(IntFlag):
    """Low half of `lead`."""

    AUTHENTICATED = 0x01  # a nonce and a tag stand between payload and CRC
    CUT_SHORT = 0x02  # closed before it was full (live view, end of data, recovered after a reboot)
    SEALED = 0x04  # all between the first byte and the nonce is encrypted; only with AUTHENTICATED, see `sealing`


NO_FLAGS = Flag(0)


class Wear(IntEnum):
    OFF = 0
    ON = 1
    UNKNOWN = 2
    CHARGING = 3


class ResetCause(IntEnum):
    POWER_ON = 0
    WATCHDOG = 1
    SOFT = 2
    DEEP_SLEEP = 3
    BROWN_OUT = 4
    UNKNOWN = 5


class EventCode(IntEnum):
    TIME_ZERO = 1  # this instant is t = 0 of the recording's own clock (the start of a PSG, say)
    LIGHTS_OFF = 2
    RISE = 3
    BUTTON = 4
    SPOOL_FULL = 5  # arg: samples that found no room
    SENSOR_FAULT = 6  # arg: Sensor << 12 | Fault << 8 | identity of a wrong chip; header time: see Fault
    CLOCK_SET = 7
    POWER = 16  # arg: the PowerState from now on
    FLIGHT_CHECK = 17  # arg: see `FlightCheck` in `models`
    PLAN = 18  # arg: the Plan from now on, and in the next byte the PlanBy that decided it
    CUE = 19  # arg: strength, and in the next byte the pattern; a strength of 0: refused, the wearer switched cues off
    CUES = 20  # arg: 1 the wearer switched cues on, 0 off, on the wearable itself
    ALARM_SET = 21  # arg: seconds from now to the latest ring; 0: there is no alarm any more
    ALARM_RANG = 22  # arg: the Ring that says why
    ALARM_STOPPED = 23  # arg: 1 by the wearer, 0 because nobody stopped it
    PROMPT = 24  # arg: 1 the wearable asked for a mood check-in, 0 nobody answered


class Sensor(IntEnum):
    PPG = 1
    MOTION = 2
    TEMPERATURE = 3


class Fault(IntEnum):
    """What fails, from the last good sample on, until NONE says that the same sensor measures again."""

    NONE = 0
    ABSENT = 1  # nobody answers at the chip's address
    WRONG_CHIP = 2  # somebody does, with another identity
    NO_ANSWER = 3  # a chip that was there does not acknowledge
    BUS = 4  # a chip holds the bus
    RESET = 5  # the chip forgot its settings, as after a brown-out
    OVERFLOW = 6  # its FIFO ran over before it was emptied
    LATE = 7  # its interrupt did not come
    GLARE = 8  # light from outside drowns what it measures


class CommandCode(IntEnum):
    FLUSH = 1  # close every open frame now, then send a status frame
    LIVE = 2  # arg[0]: 1 while somebody watches, 0 afterwards
    STATUS = 3
    CONFIGURE = 4  # arg: JSON object of settings
    ROTATE = 5  # from the next connection on the key is the one that this session derives; once in a session
    CUE = 16  # arg[0]: strength 1-3, arg[1]: number of pulses 1-5
    ALARM = 17  # arg: two little-endian 32-bit UTC seconds, earliest and latest ring; empty: no alarm
    FLIGHT_CHECK = 18  # look now, answer with a FLIGHT_CHECK event
    PLAN = 19  # arg[0]: the Plan that the wearer agrees to
    SELFTEST = 32  # arg[0]: number of a part; the reply says how it is, and nothing behind the last part
    FIRMWARE = 33  # the reply says which slot runs, its version, and whether it is on trial
    UPDATE = 34  # arg: a step of an update, see `evensong_firmware.update`
    RESTART = 35  # after the reply


class PowerState(IntEnum):
    OFF_WRIST = 0
    DAY = 1
    NIGHT = 2
    TRANSFER = 3  # frames wait and a hub takes them
    CHARGING = 4


class Plan(IntEnum):
    """What a wearable does in a night. Thinner plans give up, in this order, what a night can best do without."""

    FULL = 0  # every beat, live view, radio all night
    LEAN = 1  # heart rate from 10 s of every 30 s instead of beats; no live view
    SPARE = 2  # the same, and the radio off until the wearer rises


class PlanBy(IntEnum):
    NOBODY = 0  # it ended with its night
    BUTTON = 1
    COMMAND = 2


class Check(IntFlag):
    """What would keep a night from completing."""

    BATTERY = 0x01
    CLOCK = 0x02
    SPOOL = 0x04
    LINK = 0x08
    SKIN = 0x10


class Ring(IntEnum):
    STAGE = 1  # the live stager thinks that the wearer is not deeply asleep
    LATEST = 2  # the window ended
    UNSURE_CLOCK = 3  # the clock may be late: the window has begun for certain


class Refused(IntEnum):
    PROOF = 1  # the hub does not have the key that the device has
    NOT_ADOPTING = 2  # the key on the label opens the device only while its wearer says so, with the button
    STORAGE = 3  # the new key could not be kept


class Capability(IntFlag):
    BEATS = 0x0001
    HEART_RATE = 0x0002
    MOVEMENT = 0x0004
    TEMPERATURE = 0x0008
    BUTTON = 0x0010
    RAW = 0x0020


UTC_UNKNOWN_S = 0  # utc_s of a clock that was never set
UNCERTAINTY_UNKNOWN_S = 0xFFFF


_CLAMPED: set[str] = set()


def _clamped(name: str, integer: Any) -> Any:
    _CLAMPED.add(name)
    return name / integer


def is_clamped(name: str) -> bool:
    """True for a field that saturates. Names of clamped fields are unique over all payloads."""
    return name in _CLAMPED


def _text(name: str) -> Any:
    """UTF-8, at most 255 bytes, length first."""
    return name / Prefixed(Int8ul, GreedyBytes)


HEADER = Struct(
    "lead" / Int8ul,  # major version << 4 | flags
    "kind" / Int8ul,
    "incarnation" / Bytes(4),  # random, new after every erase or reflash
    "boot_id" / Int16ul,
    "seq" / Int24ul,  # of this boot; for unnumbered kinds, of this connection
    "t_s" / Int24ul,  # device time since this boot
    "t_ms" / Int16ul,  # 0-999
)
TRAILER = Struct("nonce" / Int32ul, "tag" / Bytes(8))  # present when Flag.AUTHENTICATED
CRC = Struct("crc32" / Int32ul)  # IEEE 802.3, of all bytes before it

PAYLOADS: dict[Kind, Struct] = {
    # The first frame of each boot: what is known of the one before it, and of the time.
    Kind.BOOT: Struct(
        "cause" / Int8ul,  # ResetCause
        "previous_boot_id" / Int16ul,  # 0: there was none
        "previous_t_s" / Int24ul,  # device time up to which the previous boot's samples are safe
        "previous_t_ms" / Int16ul,
        "previous_sampled" / Int24ul,
        "utc_s" / Int32ul,  # last known UTC, carried over the boot; 0: never known
        "utc_uncertainty_s" / Int16ul,
    ),
    # Readings at irregular times, header time = the first. `coded`: per reading, varint dt_ms (not for the first), then
    # zigzag varint of the change in 1/16 bpm (for the first: of the value itself).
    Kind.HEART_RATE: Struct("count" / Int8ul, "coded" / GreedyBytes),
    # Successive beats; header time = the beat before the first interval. `coded` is described in `ibi_coding`.
    Kind.IBI: Struct("count" / Int8ul, "coded" / GreedyBytes),
    # Counts of consecutive 30 s epochs, header time = the first one's start. `coded`: per epoch a varint, 0 for a
    # missing epoch, else 1 + the count in 1/256.
    Kind.ACTIVITY: Struct("count" / Int8ul, "coded" / GreedyBytes),
    Kind.WEAR: Struct("state" / Int8ul),  # Wear, from the header time on
    Kind.STATUS: Struct(
        _clamped("battery_mv", Int16ul),
        _clamped("battery_pct", Int8ul),  # 255: unknown
        _clamped("temp_cdeg", Int16sl),  # -32768: unknown
        _clamped("spool_free_kib", Int16ul),
        _clamped("rssi_dbm", Int8sl),  # 127: not connected
        "sampled" / Int24ul,  # samples taken in this boot
        "stored" / Int24ul,  # of these, in frames that the spool holds or held
        "dropped" / Int24ul,  # of these, in frames that found the spool full
    ),
    # A mood check-in on the affect grid, 1-9 each (Russell, Weiss and Mendelsohn 1989).
    Kind.EMA: Struct("valence" / Int8ul, "arousal" / Int8ul, "prompted" / Int8ul),
    Kind.EVENT: Struct("code" / Int8ul, "arg" / Int32sl),
    Kind.LOG: Struct("level" / Int8ul, _text("text")),
    # Samples at a fixed rate, header time = the first. `coded`: zigzag varints, the first absolute, then differences.
    Kind.PPG_RAW: Struct("rate_chz" / Int16ul, "channel" / Int8ul, "count" / Int8ul, "coded" / GreedyBytes),
    # The same, x y z interleaved, each axis against its own previous value.
    Kind.ACCEL_RAW: Struct("rate_chz" / Int16ul, "lsb_per_g" / Int16ul, "count" / Int8ul, "coded" / GreedyBytes),
    Kind.HELLO: Struct(
        "device_id" / Bytes(8),
        "minor" / Int8ul,
        "firmware_major" / Int8ul,
        "firmware_minor" / Int8ul,
        "firmware_patch" / Int8ul,
        "capabilities" / Int16ul,
        "hello_battery_mv" / Int16ul,
        "hello_battery_pct" / Int8ul,
        "first_boot_id" / Int16ul,  # the oldest numbered frame that the spool still holds
        "first_seq" / Int24ul,
        "next_seq" / Int24ul,  # of this boot
        "utc_s" / Int32ul,
        "utc_uncertainty_s" / Int16ul,
        _text("board"),
        _text("name"),
    ),
    Kind.TIME_REQUEST: Struct("token" / Int16ul),
    Kind.REPLY: Struct("token" / Int16ul, "status" / Int8ul, _text("body")),  # status 0: done
    # The answer to HUB_HELLO of a device that has a key, or must have one. Nothing in this frame or its header tells of
    # the wearer: incarnation, boot and time are zero.
    Kind.CHALLENGE: Struct(
        "device_id" / Bytes(8),
        "key_epoch" / Int16ul,  # counts the keys this device has had; 0: it has none, and talks to nobody
        "adopting" / Int8ul,  # 1: its wearer lets a hub in that knows the key on the label
        "challenge" / Bytes(16),  # random
    ),
    Kind.REFUSAL: Struct("reason" / Int8ul),  # Refused
    Kind.HUB_HELLO: Struct("hub_id" / Bytes(8), "minor" / Int8ul),
    Kind.ACK: Struct("acked_boot_id" / Int16ul, "acked_seq" / Int24ul),  # journalled up to and including this frame
    Kind.TIME_REPLY: Struct("token" / Int16ul, "utc_s" / Int32ul, "utc_ms" / Int16ul, "uncertainty_ms" / Int16ul),
    Kind.RESUME_FROM: Struct("wanted_boot_id" / Int16ul, "wanted_seq" / Int24ul),  # the first frame that is missing
    Kind.COMMAND: Struct("token" / Int16ul, "code" / Int8ul, _text("arg")),
    # The answer to CHALLENGE. From here on, both ways, only sealed frames count.
    Kind.PROOF: Struct(
        "by_label" / Int8ul,  # 0: with the key of this epoch; 1: with the one on the label, to be adopted
        "challenge" / Bytes(16),  # random, the hub's
        "proof" / Bytes(16),  # see `sealing`
    ),
}
