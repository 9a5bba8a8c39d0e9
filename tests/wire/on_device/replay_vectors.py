"""Runs on MicroPython: every frozen frame that the firmware can say or hear, through the generated code."""

import json
import sys

from evensong_firmware import ibi_coding, series_coding, wire

NAMES = {
    getattr(wire, "KIND_" + name): name.lower()
    for name in (
        "BOOT",
        "HEART_RATE",
        "IBI",
        "ACTIVITY",
        "WEAR",
        "STATUS",
        "EMA",
        "EVENT",
        "LOG",
        "PPG_RAW",
        "ACCEL_RAW",
        "HELLO",
        "TIME_REQUEST",
        "REPLY",
        "CHALLENGE",
        "REFUSAL",
        "HUB_HELLO",
        "ACK",
        "TIME_REPLY",
        "RESUME_FROM",
        "COMMAND",
        "PROOF",
    )
}
HUB = ("hub_hello", "ack", "time_reply", "resume_from", "command", "proof")
WRITERS = {
    wire.KIND_HEART_RATE: series_coding.HeartRateWriter,
    wire.KIND_IBI: ibi_coding.IbiEncoder,
    wire.KIND_ACTIVITY: series_coding.ActivityWriter,
    wire.KIND_PPG_RAW: series_coding.PpgWriter,
    wire.KIND_ACCEL_RAW: series_coding.AccelWriter,
}


def arguments(fields):
    values = []
    for name, value in fields:
        if name == "utc_s":
            values += [value >> 16, value & 0xFFFF]
        elif isinstance(value, str):
            values.append(bytes.fromhex(value))
        else:
            values.append(value)
    return values


def written(vector):
    """The frame as the generated writers write it."""
    buffer = bytearray(wire.MAX_FRAME_BYTES)
    head = vector["header"]
    at = wire.begin(
        buffer,
        head["flags"],
        head["kind"],
        bytes.fromhex(head["incarnation"]),
        head["boot_id"],
        head["seq"],
        head["t_s"],
        head["t_ms"],
    )
    put = getattr(wire, "put_" + NAMES[head["kind"]])
    at = put(buffer, at, *arguments(vector["fields"]))
    if vector["puts"] is not None:
        writer = WRITERS[head["kind"]](buffer, at, wire.PAYLOAD_LIMIT)
        for element in vector["puts"]:
            assert writer.put(*element)
        at = writer.finish()
    return bytes(buffer[: wire.finish(buffer, at)])


def heard(vector, raw):
    """The fields as the generated getters read them."""
    name = NAMES[vector["header"]["kind"]]
    if not wire.is_complete(raw, len(raw)):
        return None
    fields = []
    for field, _ in vector["fields"]:
        if field == "utc_s":
            high = getattr(wire, name + "_utc_s_high")(raw)
            value = high << 16 | getattr(wire, name + "_utc_s_low")(raw)
        else:
            value = getattr(wire, name + "_" + field)(raw)
            if isinstance(value, bytes):
                value = value.hex() if value else ""  # MicroPython 1.27: b"".hex() is b""
        fields.append([field, value])
    return fields


def header_matches(head, raw):
    return (
        wire.header_lead(raw) == wire.MAJOR << 4 | head["flags"]
        and wire.header_kind(raw) == head["kind"]
        and wire.header_incarnation(raw).hex() == head["incarnation"]
        and wire.header_boot_id(raw) == head["boot_id"]
        and wire.header_seq(raw) == head["seq"]
        and wire.header_t_s(raw) == head["t_s"]
        and wire.header_t_ms(raw) == head["t_ms"]
    )


with open(sys.argv[1]) as file:  # noqa: PTH123 - MicroPython has no pathlib
    frozen = json.load(file)
count = 0
for vector in frozen["frames"]:
    raw = bytes.fromhex(vector["raw"])
    if not wire.is_frame(raw, len(raw)) or not header_matches(vector["header"], raw):
        print("not recognised:", vector["name"])
        continue
    name = NAMES.get(vector["header"]["kind"])
    if name in HUB:
        if vector["fields"] is not None and heard(vector, raw) != vector["fields"]:
            print("heard otherwise:", vector["name"])
    elif wire.is_complete(raw, len(raw)):
        print("taken for the hub's:", vector["name"])
    elif vector["firmware"] and written(vector) != raw:
        print("written otherwise:", vector["name"])
    count += 1
for vector in frozen["refused"]:
    raw = bytes.fromhex(vector["raw"])
    damaged = vector["error"] in ("FrameLengthError", "CrcError", "MajorVersionError")
    if damaged and wire.is_frame(raw, len(raw)) and not vector["name"].startswith("authenticated"):
        print("accepted:", vector["name"])
    count += 1
print(count)
