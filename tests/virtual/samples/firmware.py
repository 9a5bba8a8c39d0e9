# Sample firmware: a reading every FW_PERIOD_MS, a record of 72 bytes per 30 s into flash, sent in bursts of FW_BURST
# records. The hub writes the number that it wants next after it connected; from there on records leave the flash.
import asyncio
import os
import struct
import time

import bluetooth


def uuid(n):
    return bluetooth.UUID("a1b2" + "000%d" % n + "-5c3d-4e5f-8a9b-0c1d2e3f4a5b")  # noqa: UP031  (MicroPython)


PERIOD_MS = int(os.getenv("FW_PERIOD_MS") or 1000)
BURST = int(os.getenv("FW_BURST") or 2)
FLASH = os.getenv("EVENSONG_FLASH")
RECORD_BYTES = 72
ble = bluetooth.BLE()
wanted = asyncio.ThreadSafeFlag()
connection = None
sent = 0


def irq(event, args):
    global connection, sent
    if event == 1:
        connection = args[0]
        print("connected", time.time())
    elif event == 2:
        connection = None
        print("lost", time.time())
        advertise()
    elif event == 3:
        sent = struct.unpack("<I", ble.gatts_read(args[1]))[0]
        wanted.set()
    elif event == 21:
        print("mtu", args[1])


def advertise():
    ble.gap_advertise(1_000_000, b"\x02\x01\x06\x11\x07" + bytes(uuid(1)), resp_data=b"\x05\x09wear")


def stored():
    try:
        return os.stat(FLASH)[6] // RECORD_BYTES  # noqa: PTH116
    except OSError:
        return 0


async def sample():
    t = time.ticks_ms()
    n = stored()
    readings = bytearray(60)
    while True:
        for i in range(max(1, 30000 // PERIOD_MS)):
            struct.pack_into("<H", readings, 2 * (i % 30), (n * 31 + i) & 0xFFFF)
            t = time.ticks_add(t, PERIOD_MS)
            await asyncio.sleep_ms(max(0, time.ticks_diff(t, time.ticks_ms())))
        with open(FLASH, "ab") as flash:  # noqa: ASYNC230, PTH123
            flash.write(struct.pack("<III", n, time.time(), time.ticks_ms()) + readings)
        n += 1
        if n % BURST == 0:
            wanted.set()


async def main():
    global sent
    asyncio.create_task(sample())  # noqa: RUF006
    while True:
        await wanted.wait()
        if connection is None or not stored():
            continue
        with open(FLASH, "rb") as flash:  # noqa: ASYNC230, PTH123
            flash.seek(sent * RECORD_BYTES)
            while connection is not None:
                record = flash.read(RECORD_BYTES)
                if not record:
                    break
                try:
                    notify(record)
                    sent += 1
                except OSError:
                    flash.seek(sent * RECORD_BYTES)
                    await asyncio.sleep_ms(20)


def notify(record):
    ble.gatts_notify(connection, data_handle, record)


ble.irq(irq)
ble.active(True)
ble.config(gap_name="wear", mtu=256)
((data_handle, control_handle),) = ble.gatts_register_services(
    ((uuid(1), ((uuid(2), bluetooth.FLAG_NOTIFY), (uuid(3), bluetooth.FLAG_WRITE))),)
)
advertise()
print("up", time.time(), time.gmtime()[0], stored(), os.urandom(4).hex())
asyncio.run(main())
