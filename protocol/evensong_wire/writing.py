"""A model to the fields of its payload, the inverse of `reading`, and the encoders of its coded sequence.

Raises `FieldRangeError` for what a field cannot hold and `FrameLengthError` for a sequence that one frame cannot hold.
"""

from __future__ import annotations

from typing import Any

from . import series_coding
from .errors import FieldRangeError, FrameLengthError
from .frames import CRC, HEADER, MAX_FRAME_BYTES, PAYLOADS, Kind
from .ibi_coding import IbiEncoder
from .layout import fields_of
from .models import (
    KIND_OF,
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
from .reading import BATTERY_UNKNOWN_PCT, NOT_CONNECTED_DBM, TEMPERATURE_UNKNOWN_CDEG

MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - HEADER.sizeof() - CRC.sizeof()

Series = HeartRate | Ibi | Activity | PpgRaw | AccelRaw
_WRITERS: dict[type, Any] = {
    HeartRate: series_coding.HeartRateWriter,
    Ibi: IbiEncoder,
    Activity: series_coding.ActivityWriter,
    PpgRaw: series_coding.PpgWriter,
    AccelRaw: series_coding.AccelWriter,
}
_STATUS_LIMITS = {field.name: field.limits for field in fields_of(PAYLOADS[Kind.STATUS]) if field.clamped}


def writer_of(kind: type[Series]) -> tuple[bytearray, Any]:
    """A buffer as large as the coded part of one frame can be, and a writer into all of it."""
    room = MAX_PAYLOAD_BYTES - sum(field.size for field in fields_of(PAYLOADS[KIND_OF[kind]]))
    buffer = bytearray(room)
    return buffer, _WRITERS[kind](buffer, 0, room)


def puts_of(body: Series) -> list[tuple[int, ...]]:
    """The arguments of put() for each element."""
    match body:
        case HeartRate(offset_ms, hr_q4):
            before = (offset_ms[0], *offset_ms[:-1]) if offset_ms else ()
            return [(t - b, hr) for t, b, hr in zip(offset_ms, before, hr_q4, strict=True)]
        case Ibi(offset_ms, ibi_ms, quality):
            before = (0, *offset_ms[:-1]) if offset_ms else ()
            return [(t - ibi - b, ibi, q) for t, b, ibi, q in zip(offset_ms, before, ibi_ms, quality, strict=True)]
        case Activity(count_q8):
            return [(series_coding.MISSING if count is None else count,) for count in count_q8]
        case PpgRaw(samples=samples):
            return [(sample,) for sample in samples]
        case AccelRaw(xyz=xyz):
            return list(xyz)


def put(writer: Any, element: tuple[int, ...]) -> bool:
    """writer.put(), for elements that nobody has checked yet."""
    try:
        return bool(writer.put(*element))
    except ValueError:
        raise FieldRangeError(type(writer).__name__, element) from None


def _coded(body: Series) -> dict[str, Any]:
    if isinstance(body, HeartRate) and body.offset_ms and body.offset_ms[0] != 0:
        raise FieldRangeError("offset_ms", body.offset_ms[0])
    buffer, writer = writer_of(type(body))
    for element in puts_of(body):
        if not put(writer, element):
            raise FrameLengthError(MAX_FRAME_BYTES + 1)
    return {"count": writer.count, "coded": bytes(buffer[: writer.finish()])}


def _or(value: int | None, unknown: int) -> int:
    return unknown if value is None else value


def _saturated(values: dict[str, Any]) -> dict[str, Any]:
    for name, (low, high) in _STATUS_LIMITS.items():
        values[name] = min(max(values[name], low), high)
    return values


def values_of(body: Body) -> dict[str, Any]:  # noqa: C901 - one case per kind
    """Field values for the construct of this body's kind."""
    match body:
        case HeartRate() | Ibi() | Activity():
            return _coded(body)
        case PpgRaw(rate_chz, channel):
            return {"rate_chz": rate_chz, "channel": channel, **_coded(body)}
        case AccelRaw(rate_chz, lsb_per_g):
            return {"rate_chz": rate_chz, "lsb_per_g": lsb_per_g, **_coded(body)}
        case Boot():
            t_s, t_ms = divmod(body.previous_time_ms, 1000)
            return {
                "cause": body.cause,
                "previous_boot_id": body.previous_boot_id,
                "previous_t_s": t_s,
                "previous_t_ms": t_ms,
                "previous_sampled": body.previous_sampled,
                "utc_s": body.utc_s,
                "utc_uncertainty_s": body.utc_uncertainty_s,
            }
        case Status():
            return _saturated(
                {
                    "battery_mv": body.battery_mv,
                    "battery_pct": _or(body.battery_pct, BATTERY_UNKNOWN_PCT),
                    "temp_cdeg": _or(body.temp_cdeg, TEMPERATURE_UNKNOWN_CDEG),
                    "spool_free_kib": body.spool_free_kib,
                    "rssi_dbm": _or(body.rssi_dbm, NOT_CONNECTED_DBM),
                    "sampled": body.sampled,
                    "stored": body.stored,
                    "dropped": body.dropped,
                }
            )
        case Hello():
            major, minor, patch = body.firmware
            return {
                "device_id": body.device_id,
                "minor": body.minor,
                "firmware_major": major,
                "firmware_minor": minor,
                "firmware_patch": patch,
                "capabilities": body.capabilities,
                "hello_battery_mv": body.battery_mv,
                "hello_battery_pct": _or(body.battery_pct, BATTERY_UNKNOWN_PCT),
                "first_boot_id": body.first_boot_id,
                "first_seq": body.first_seq,
                "next_seq": body.next_seq,
                "utc_s": body.utc_s,
                "utc_uncertainty_s": body.utc_uncertainty_s,
                "board": body.board.encode(),
                "name": body.name.encode(),
            }
        case Ema(valence, arousal, prompted):
            for name, value in (("valence", valence), ("arousal", arousal)):
                if not 1 <= value <= 9:
                    raise FieldRangeError(name, value)
            return {"valence": valence, "arousal": arousal, "prompted": int(prompted)}
        case WearChange(state):
            return {"state": state}
        case Event(code, arg):
            return {"code": code, "arg": arg}
        case Log(level, text):
            return {"level": level, "text": text.encode()}
        case TimeRequest(token):
            return {"token": token}
        case Reply(token, status, answer):
            return {"token": token, "status": status, "body": answer}
        case Challenge(device_id, key_epoch, adopting, challenge):
            return {
                "device_id": device_id,
                "key_epoch": key_epoch,
                "adopting": int(adopting),
                "challenge": challenge,
            }
        case Refusal(reason):
            return {"reason": reason}
        case Proof(by_label, challenge, proof):
            return {"by_label": int(by_label), "challenge": challenge, "proof": proof}
        case HubHello(hub_id, minor):
            return {"hub_id": hub_id, "minor": minor}
        case Ack(boot_id, seq):
            return {"acked_boot_id": boot_id, "acked_seq": seq}
        case TimeReply(token, utc_ms, uncertainty_ms):
            utc_s, ms = divmod(utc_ms, 1000)
            return {"token": token, "utc_s": utc_s, "utc_ms": ms, "uncertainty_ms": uncertainty_ms}
        case ResumeFrom(boot_id, seq):
            return {"wanted_boot_id": boot_id, "wanted_seq": seq}
        case Command(token, code, arg):
            return {"token": token, "code": code, "arg": arg}
    raise TypeError(f"{type(body).__name__} has no fields")
