"""Phones on the air: centrals that pair, read Bluetooth's own services and hear heart rates."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress

from bumble import att, core, hci, pairing
from bumble.keys import KeyStore

from evensong.virtual.radio import Radio

from .on_air import Stranger

HEART_RATE, LOCATION, BATTERY, MAKER, FIRMWARE, TIME = (
    core.UUID.from_16_bits(number) for number in (0x2A37, 0x2A38, 0x2A19, 0x2A29, 0x2A26, 0x2A2B)
)
READABLE = (LOCATION, BATTERY, MAKER, FIRMWARE, TIME)
# Without a bond: insufficient encryption, by the stack itself, and insufficient authorization, by the firmware.
REFUSED = [0x0F, 8, 8, 8, 8]
PHONE = "D1:00:00:00:00:01"


def just_works(**wishes: bool) -> pairing.PairingConfig:
    delegate = pairing.PairingDelegate(pairing.PairingDelegate.NO_OUTPUT_NO_INPUT)
    return pairing.PairingConfig(mitm=False, delegate=delegate, **wishes)


class Phone(Stranger):
    """A stranger until it has a bond. keys: what it remembers of bonds; None: nothing yet."""

    @classmethod
    async def on(cls, radio: Radio, address: str = PHONE, keys: KeyStore | None = None, **wishes: bool) -> Phone:
        phone = cls(radio, address)
        phone.device.keystore = keys
        await phone.device.power_on()
        phone.device.pairing_config_factory = lambda _: just_works(**wishes)
        phone.radio = radio
        return phone

    radio: Radio

    async def off(self) -> KeyStore | None:
        """What it remembers."""
        self.radio.power_off(self.controller, asyncio.get_running_loop())
        await asyncio.sleep(1)
        return self.device.keystore

    async def come(self, address: str) -> None:
        await self.meet(address)
        self.rates: list[bytes] = []
        (rates,) = self.peer.get_characteristics_by_uuid(HEART_RATE)
        await self.peer.subscribe(rates, lambda value: self.rates.append(bytes(value)))

    async def come_back(self, address: str) -> bool:
        """Connect and encrypt with the bond's key. False if the wearable does not know it, or hangs up."""
        await self.come(address)
        with suppress(core.BaseBumbleError, hci.HCI_Error, asyncio.CancelledError):
            await self.connection.encrypt()
            await asyncio.sleep(1)
            return not self.ended.is_set()
        return False

    async def read(self, what: core.UUID) -> bytes | int:
        """The value, or the ATT error."""
        (characteristic,) = self.peer.get_characteristics_by_uuid(what)
        try:
            return bytes(await self.peer.gatt_client.read_value(characteristic))
        except att.ATT_Error as error:
            return error.error_code

    async def read_all(self) -> list[bytes | int]:
        return [await self.read(what) for what in READABLE]

    async def pairs(self) -> bool:
        """True if it is still connected a second later."""
        with suppress(core.BaseBumbleError, hci.HCI_Error, asyncio.CancelledError):
            await self.connection.pair()
            await asyncio.sleep(1)
            return not self.ended.is_set()
        return False

    async def gone(self, within_s: float = 5) -> None:
        """It was hung up on."""
        async with asyncio.timeout(within_s):
            await self.ended.wait()
        await asyncio.sleep(2)

    async def leave(self) -> None:
        await self.connection.disconnect()
        await asyncio.sleep(2)


def beats(*presses: tuple[int, int], seconds: int = 1800) -> bytes:
    """A tape of beats of 1000 and 900 ms on the skin, with the button down from s to s."""
    records = [struct.pack("<IBBH", 0, 4, 1, 0)]
    t_ms = 0
    while t_ms < 1000 * seconds:
        ibi_ms = 900 if t_ms // 10_000 % 2 else 1000
        t_ms += ibi_ms
        records.append(struct.pack("<IBBH", t_ms, 2, 90, ibi_ms))
    for down_s, up_s in presses:
        records += [struct.pack("<IBBH", 1000 * s, 8, down, 0) for s, down in ((down_s, 1), (up_s, 0))]
    return b"".join(sorted(records, key=lambda record: record[3::-1]))
