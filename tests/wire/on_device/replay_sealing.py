"""Runs on every interpreter: the frozen session, through the firmware's copy of `sealing` and its generated codec."""

import json
import sys

from evensong_firmware import sealing, wire


def from_hex(text):
    return bytes.fromhex(text)


with open(sys.argv[1]) as file:  # noqa: PTH123 - MicroPython has no pathlib
    frozen = json.load(file)

assert sealing.FLAGS == wire.FLAG_AUTHENTICATED | wire.FLAG_SEALED
assert sealing.NONCE + sealing.TAG == wire.TRAILER_BYTES
assert sealing.first_key(from_hex(frozen["root"]), from_hex(frozen["device_id"])) == from_hex(frozen["first_key"])
context = sealing.context_of(
    from_hex(frozen["device_id"]), from_hex(frozen["hub_id"]), frozen["epoch"], frozen["by_label"]
)
challenges = from_hex(frozen["device_challenge"]) + from_hex(frozen["hub_challenge"])
secrets = sealing.Secrets(from_hex(frozen["key"]), challenges, context)
assert secrets.proof() == from_hex(frozen["proof"])
assert secrets.next_key() == from_hex(frozen["next_key"])

count = 0
for direction, others, name in (
    (secrets.to_hub(), secrets.to_hub(), "to_hub"),
    (secrets.to_device(), secrets.to_device(), "to_device"),
):
    for vector in frozen[name]:
        raw, expected = from_hex(vector["raw"]), from_hex(vector["sealed"])
        buffer = bytearray(wire.MAX_SEALED_BYTES)
        content = len(raw) - wire.CRC_BYTES
        buffer[:content] = raw[:content]
        end = wire.finish(buffer, direction.seal(buffer, content))
        if bytes(buffer[:end]) != expected or not wire.is_frame(buffer, end):
            print("sealed otherwise:", vector["name"])
        flipped = bytearray(expected)
        flipped[3 + count % (content - 1)] ^= 1 << count % 8
        if others.open(flipped, end - wire.CRC_BYTES) != sealing.FORGED:
            print("opened with a bit flipped:", vector["name"])
        if others.open(buffer, end - wire.CRC_BYTES) != content or buffer[:content] != raw[:content]:
            print("opened otherwise:", vector["name"])
        if others.open(bytearray(expected), end - wire.CRC_BYTES) != sealing.REPLAYED:
            print("opened twice:", vector["name"])
        count += 1
print(count)
