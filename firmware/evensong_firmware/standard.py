"""Bluetooth's own services that a phone may read, as `gatts_register_services` wants them. Loaded to register them, and
forgotten. Which value is which: `phones`.

Heart Rate 180D: measurement 2A37, body sensor location 2A38. Battery 180F: level 2A19. Device Information 180A: maker
2A29, firmware 2A26. Current Time 1805: 2A2B. (Assigned Numbers, 3.4 and 3.8.)
"""
# MicroPython's modules have more than CPython's.
# pyright: reportMissingImports=false

import bluetooth

READ_ENCRYPTED = 0x200
# For each service its UUID and how many characteristics; for each of these its UUID and flags: 2 read, 0x10 notify, and
# 1, which is no flag of MicroPython's: to be read on encrypted connections only.
_TABLE = b"\x0d\x18\x02" + b"\x37\x2a\x10" + b"\x38\x2a\x03"
_TABLE += b"\x0f\x18\x01" + b"\x19\x2a\x02"
_TABLE += b"\x0a\x18\x02" + b"\x29\x2a\x02" + b"\x26\x2a\x02"
_TABLE += b"\x05\x18\x01" + b"\x2b\x2a\x02"


def services(for_everybody):
    """What `gatts_register_services` takes. for_everybody: nothing of it needs an encrypted connection."""
    found = []
    i = 0
    while i < len(_TABLE):
        end = i + 3 + 3 * _TABLE[i + 2]
        characteristics = []
        for at in range(i + 3, end, 3):
            flags = _TABLE[at + 2]
            if flags & 1:
                flags = flags - 1 if for_everybody else flags - 1 | READ_ENCRYPTED
            characteristics.append((_uuid(at), flags))
        found.append((_uuid(i), tuple(characteristics)))
        i = end
    return tuple(found)


def _uuid(at):
    return bluetooth.UUID(_TABLE[at] | _TABLE[at + 1] << 8)
