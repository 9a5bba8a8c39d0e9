"""Fields of a payload, as `frames` names them, to its model: units joined, sentinels to None, codes to enumerations,
coded sequences expanded. `writing` is the inverse.

A reader raises `ValueError` for a damaged sequence and `FieldRangeError` for a value that no sender may write; codes
that this version does not know become the model's own word for unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from itertools import accumulate
from typing import Any, TypeVar

from . import ibi_decoding
from .errors import FieldRangeError
from .frames import CommandCode, EventCode, Kind, Refused, ResetCause, Wear
from .models import (
    AccelRaw,
    Ack,
    Activity,
    Body,
    Boot,
    Challenge,
    Command,
    Ema,
    Event,
    HeartRate,
    Hello,
    HubHello,
    Ibi,
    Log,
    PpgRaw,
    Proof,
    Refusal,
    Reply,
    ResumeFrom,
    Status,
    TimeReply,
    TimeRequest,
    WearChange,
)
from .series_coding import MAX_CHANGE, MAX_VARINT

BATTERY_UNKNOWN_PCT = 255
TEMPERATURE_UNKNOWN_CDEG = -32768
NOT_CONNECTED_DBM = 127

_Code = TypeVar("_Code", bound=IntEnum)


def _one_of(codes: type[_Code], value: int, otherwise: _Code) -> _Code:
    try:
        return codes(value)
    except ValueError:
        return otherwise


def _known(codes: type[_Code], value: int) -> _Code | int:
    try:
        return codes(value)
    except ValueError:
        return value


def _within(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise FieldRangeError(name, value)
    return value


def _milliseconds(name: str, seconds: int, ms: int) -> int:
    return seconds * 1000 + _within(name, ms, 0, 999)


def _or_none(value: int, unknown: int) -> int | None:
    return None if value == unknown else value


def _varints(coded: bytes, number: int) -> list[int]:
    """The first `number` varints, each below 2^30."""
    values: list[int] = []
    value = shift = 0
    for byte in coded:
        if len(values) == number:
            break
        value |= (byte & 127) << shift
        if byte & 128:
            shift += 7
            if shift > 28:
                raise ValueError("a varint is too long")
        else:
            if value > MAX_VARINT:
                raise ValueError("a varint is too large")
            values.append(value)
            value = shift = 0
    if len(values) < number:
        raise ValueError("the values end early")
    return values


def _running_sum(changes: list[int]) -> tuple[int, ...]:
    """Of zigzag changes."""
    values = tuple(accumulate((c >> 1) ^ -(c & 1) for c in changes))
    if values and not -MAX_CHANGE <= min(values) <= max(values) <= MAX_CHANGE:
        raise ValueError("a value is out of range")
    return values


def _heart_rate(at: Any) -> HeartRate:
    if at.count == 0:
        return HeartRate((), ())
    values = _varints(at.coded, 2 * at.count - 1)
    return HeartRate((0, *accumulate(values[1::2])), _running_sum(values[0::2]))


def _ibi(at: Any) -> Ibi:
    return Ibi(*ibi_decoding.decode(at.coded, at.count))


def _activity(at: Any) -> Activity:
    return Activity(tuple(v - 1 if v else None for v in _varints(at.coded, at.count)))


def _accel(at: Any) -> AccelRaw:
    values = _varints(at.coded, 3 * at.count)
    x, y, z = (_running_sum(values[axis::3]) for axis in range(3))
    return AccelRaw(at.rate_chz, at.lsb_per_g, tuple(zip(x, y, z, strict=True)))


def _boot(at: Any) -> Boot:
    return Boot(
        _one_of(ResetCause, at.cause, ResetCause.UNKNOWN),
        at.previous_boot_id,
        _milliseconds("previous_t_ms", at.previous_t_s, at.previous_t_ms),
        at.previous_sampled,
        at.utc_s,
        at.utc_uncertainty_s,
    )


def _status(at: Any) -> Status:
    return Status(
        at.battery_mv,
        _or_none(at.battery_pct, BATTERY_UNKNOWN_PCT),
        _or_none(at.temp_cdeg, TEMPERATURE_UNKNOWN_CDEG),
        at.spool_free_kib,
        _or_none(at.rssi_dbm, NOT_CONNECTED_DBM),
        at.sampled,
        at.stored,
        at.dropped,
    )


def _ema(at: Any) -> Ema:
    return Ema(_within("valence", at.valence, 1, 9), _within("arousal", at.arousal, 1, 9), at.prompted != 0)


def _hello(at: Any) -> Hello:
    return Hello(
        at.device_id,
        at.minor,
        (at.firmware_major, at.firmware_minor, at.firmware_patch),
        at.capabilities,
        at.hello_battery_mv,
        _or_none(at.hello_battery_pct, BATTERY_UNKNOWN_PCT),
        at.first_boot_id,
        at.first_seq,
        at.next_seq,
        at.utc_s,
        at.utc_uncertainty_s,
        at.board.decode("utf-8", "replace"),
        at.name.decode("utf-8", "replace"),
    )


READERS: dict[Kind, Callable[[Any], Body]] = {
    Kind.BOOT: _boot,
    Kind.HEART_RATE: _heart_rate,
    Kind.IBI: _ibi,
    Kind.ACTIVITY: _activity,
    Kind.WEAR: lambda at: WearChange(_one_of(Wear, at.state, Wear.UNKNOWN)),
    Kind.STATUS: _status,
    Kind.EMA: _ema,
    Kind.EVENT: lambda at: Event(_known(EventCode, at.code), at.arg),
    Kind.LOG: lambda at: Log(at.level, at.text.decode("utf-8", "replace")),
    Kind.PPG_RAW: lambda at: PpgRaw(at.rate_chz, at.channel, _running_sum(_varints(at.coded, at.count))),
    Kind.ACCEL_RAW: _accel,
    Kind.HELLO: _hello,
    Kind.TIME_REQUEST: lambda at: TimeRequest(at.token),
    Kind.REPLY: lambda at: Reply(at.token, at.status, at.body),
    Kind.CHALLENGE: lambda at: Challenge(at.device_id, at.key_epoch, at.adopting != 0, at.challenge),
    Kind.REFUSAL: lambda at: Refusal(_known(Refused, at.reason)),
    Kind.HUB_HELLO: lambda at: HubHello(at.hub_id, at.minor),
    Kind.ACK: lambda at: Ack(at.acked_boot_id, at.acked_seq),
    Kind.TIME_REPLY: lambda at: TimeReply(at.token, _milliseconds("utc_ms", at.utc_s, at.utc_ms), at.uncertainty_ms),
    Kind.RESUME_FROM: lambda at: ResumeFrom(at.wanted_boot_id, at.wanted_seq),
    Kind.COMMAND: lambda at: Command(at.token, _known(CommandCode, at.code), at.arg),
    Kind.PROOF: lambda at: Proof(at.by_label != 0, at.challenge, at.proof),
}
