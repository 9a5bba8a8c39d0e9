"""A bleak 3 backend on a Bumble device: after `install`, plain `BleakScanner()` and `BleakClient()` - the hub's own
unchanged code - run on the virtual radio.

Not here: reading characteristics, pairing and bonds, which nothing on the virtual radio needs yet.
Bumble (0.0.236) habits that are handled: a request cut by a disconnection raises `CancelledError`, which must not
look like a cancelled task; `connect(timeout=...)` is not used, because a cancelled attempt has to be ended over HCI.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import bleak
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bleak.uuids import normalize_uuid_str
from bumble import att, core, device, hci

from .radio import plain

LARGEST_ATT_MTU = 517
_T = TypeVar("_T")
_UUID_BYTES = {2: 2, 3: 2, 4: 4, 5: 4, 6: 16, 7: 16}  # by type of the advertising structure (CSS part A, 1.1)
_NOT_CONNECTED = "Not connected"


class Adapter:
    """The host's radio: one powered-on Bumble device, shared by all scanners and clients."""

    installed: Adapter | None = None

    def __init__(self, bumble: device.Device) -> None:
        self.bumble = bumble
        self.connecting = asyncio.Lock()  # a controller has one connection attempt at a time
        self._scanners: dict[Scanner, None] = {}
        self._switching = asyncio.Lock()
        bumble.on("advertisement", self._heard)

    @classmethod
    def get(cls) -> Adapter:
        if cls.installed is None:
            raise BleakBluetoothNotAvailableError("no virtual adapter", BleakBluetoothNotAvailableReason.NO_BLUETOOTH)
        return cls.installed

    def _heard(self, advertisement: device.Advertisement) -> None:
        for scanner in list(self._scanners):
            scanner.heard(advertisement)

    async def add(self, scanner: Scanner) -> None:
        async with self._switching:
            if not self._scanners:
                await self.bumble.start_scanning(active=True, filter_duplicates=False)
            self._scanners[scanner] = None

    async def remove(self, scanner: Scanner) -> None:
        async with self._switching:
            if scanner in self._scanners:
                del self._scanners[scanner]
                if not self._scanners:
                    await self.bumble.stop_scanning()


def install(bumble: device.Device) -> None:
    """Make this powered-on device the adapter that every plain bleak call of this process uses."""
    Adapter.installed = Adapter(bumble)
    patched: Any = bleak
    patched.get_platform_scanner_backend_type = lambda: (Scanner, "bumble")
    patched.get_platform_client_backend_type = lambda: (Client, "bumble")


def _uuid(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))


def _advertised(advertisement: device.Advertisement) -> AdvertisementData:
    kinds = core.AdvertisingData.Type
    name: str | None = None
    manufacturer: dict[int, bytes] = {}
    services: list[str] = []
    for kind, value in advertisement.data.ad_structures:
        if kind in (kinds.COMPLETE_LOCAL_NAME, kinds.SHORTENED_LOCAL_NAME):
            name = value.decode(errors="replace")
        elif kind == kinds.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturer[int.from_bytes(value[:2], "little")] = bytes(value[2:])
        elif size := _UUID_BYTES.get(kind):
            services += [
                _uuid(core.UUID.from_bytes(value[i : i + size])) for i in range(0, len(value) - size + 1, size)
            ]
    return AdvertisementData(name, manufacturer, {}, services, None, advertisement.rssi, (advertisement,))


class Scanner(BaseBleakScanner):
    def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self._adapter = Adapter.get()
        await self._adapter.add(self)

    async def stop(self) -> None:
        await self._adapter.remove(self)

    def heard(self, advertisement: device.Advertisement) -> None:
        advertised = _advertised(advertisement)
        if not self.is_allowed_uuid(advertised.service_uuids):
            return
        address = plain(advertisement.address)
        if advertised.local_name is None and address in self.seen_devices:
            advertised = advertised._replace(local_name=self.seen_devices[address][1].local_name)
        name = advertised.local_name or address.replace(":", "-")
        found = self.create_or_update_device(address, address, name, {"address": advertisement.address}, advertised)
        self.call_detection_callbacks(found, advertised)


class Client(BaseBleakClient):
    def __init__(self, address_or_ble_device: BLEDevice | str, **options: Any) -> None:
        super().__init__(address_or_ble_device, **options)
        self._found = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._wanted_services: set[str] | None = options.get("services")
        self._connection: device.Connection | None = None
        self._peer: device.Peer | None = None

    @property
    def name(self) -> str:
        return (self._found and self._found.name) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        if self._connection:
            raise BleakError("Client is already connected")
        if pair:
            raise BleakError("The virtual radio does not pair.")
        adapter = Adapter.get()
        if self._found is None:
            self._found = await bleak.BleakScanner.find_device_by_address(self.address, timeout=self._timeout)
            if self._found is None:
                raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        async with adapter.connecting:
            connection = await self._reach(adapter.bumble, self._found.details["address"])
        self._connection, self._peer = connection, device.Peer(connection)
        connection.on("disconnection", lambda _: self._gone(connection))
        try:
            await self._asked(self._peer.request_mtu(LARGEST_ATT_MTU))
            await self._discover(self._peer)
        except BaseException:
            with contextlib.suppress(Exception):
                await self.disconnect()
            raise

    async def _reach(self, bumble: device.Device, address: hci.Address) -> device.Connection:
        try:
            async with asyncio.timeout(self._timeout):
                return await bumble.connect(address, own_address_type=hci.OwnAddressType.RANDOM, timeout=None)
        except (TimeoutError, asyncio.CancelledError):
            await bumble.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            if late := bumble.find_connection_by_bd_addr(address):
                await late.disconnect()
            raise
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(f"connect failed: {error}") from error

    async def _discover(self, peer: device.Peer) -> None:
        found = BleakGATTServiceCollection()
        await self._asked(peer.discover_services())
        for service in peer.services:
            if self._wanted_services and _uuid(service.uuid) not in self._wanted_services:
                continue
            await self._asked(service.discover_characteristics())
            bleak_service = BleakGATTService(service, service.handle, _uuid(service.uuid))
            found.add_service(bleak_service)
            for each in service.characteristics:
                await self._asked(each.discover_descriptors())
                properties = list(gatt_char_props_to_strs(int(each.properties)))
                characteristic = BleakGATTCharacteristic(
                    each, each.handle, _uuid(each.uuid), properties, lambda: self.mtu_size - 3, bleak_service
                )
                found.add_characteristic(characteristic)
                for descriptor in each.descriptors:
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, _uuid(descriptor.type), characteristic)
                    )
        self.services = found

    def _gone(self, connection: device.Connection) -> None:
        if self._connection is connection:
            self._connection = self._peer = None
            self.services = None
            if self._disconnected_callback:
                self._disconnected_callback()

    async def _asked(self, request: Awaitable[_T]) -> _T:
        """Bumble's errors as bleak's."""
        try:
            return await request
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            raise BleakError(_NOT_CONNECTED) from None
        except core.TimeoutError as error:
            raise TimeoutError from error
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(str(error)) from error

    def _connected_peer(self) -> device.Peer:
        if not self._peer:
            raise BleakError(_NOT_CONNECTED)
        return self._peer

    async def disconnect(self) -> None:
        if self._connection:
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await self._connection.disconnect()

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        value = bytes(data)
        if not response and len(value) > self.mtu_size - 3:
            raise BleakError("a write without response is longer than MTU - 3")
        peer = self._connected_peer()
        await self._asked(peer.gatt_client.write_value(characteristic.handle, value, with_response=response))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: Callable[[bytearray], None], **_: Any
    ) -> None:
        peer = self._connected_peer()
        await self._asked(peer.subscribe(characteristic.obj, lambda value: callback(bytearray(value))))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await self._asked(self._connected_peer().unsubscribe(characteristic.obj, None))

    async def pair(self, *_: Any, **__: Any) -> None:
        raise BleakError("The virtual radio does not pair.")

    async def unpair(self) -> None:
        raise BleakError("The virtual radio does not pair.")

    async def read_gatt_char(self, *_: Any, **__: Any) -> bytearray:
        raise BleakError("The virtual radio carries no reads.")

    async def read_gatt_descriptor(self, *_: Any, **__: Any) -> bytearray:
        raise BleakError("The virtual radio carries no reads.")

    async def write_gatt_descriptor(self, *_: Any, **__: Any) -> None:
        raise BleakError("The virtual radio carries no descriptor writes.")
