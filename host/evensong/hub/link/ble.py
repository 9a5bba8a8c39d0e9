"""Wearables over Bluetooth Low Energy; the only place that knows bleak.

The GATT service carries one byte stream each way: notifications of FRAMES towards the hub, writes to CONTROL towards
the wearable, both cut at ATT MTU - 3. Scanning and connecting are never done at the same time (BlueZ stalls): `radio`,
their only caller, sees to that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakError,
)

from evensong.errors import Unavailable
from evensong_wire import gatt

from .port import CLOSE_LIMIT_S, Inbox, LinkLost

CONNECT_LIMIT_S = 25.0
ADAPTER_RETRY_S = 60.0


class NoBluetooth(Unavailable):
    """This computer's side is at fault, not a wearable's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A wearable that advertises our service. rssi_dbm as the scan heard it."""

    address: str
    name: str
    rssi_dbm: int
    device: BLEDevice


async def find(seconds: float, wanted: Callable[[str], bool]) -> Found | None:
    """Scan until something with our service and a wanted address is heard, at most this long."""
    heard: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

    def detected(device: BLEDevice, advertised: AdvertisementData) -> None:
        ours = gatt.SERVICE in advertised.service_uuids
        if ours and not heard.done() and wanted(device.address):
            name = advertised.local_name or device.name or device.address
            heard.set_result(Found(device.address, name, advertised.rssi, device))

    async with _scanning(BleakScanner(detected, service_uuids=[gatt.SERVICE])):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await heard
    return None


async def check_adapter() -> None:
    """NoBluetooth, in a sentence, if this computer cannot scan now."""
    async with _scanning(BleakScanner(service_uuids=[gatt.SERVICE])):
        pass


@contextlib.asynccontextmanager
async def _scanning(scanner: BleakScanner) -> AsyncIterator[None]:
    """Stopping is bounded in time: a Bluetooth service that hangs must not keep the hub from ending."""
    with _sentences():
        await scanner.start()
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await scanner.stop()


class BlePort:
    """A `Port`. Got from `connect`."""

    def __init__(self, client: BleakClient, inbox: Inbox) -> None:
        self.address = client.address
        self._client = client
        self._inbox = inbox
        self._closed = False

    @classmethod
    async def connect(cls, found: Found) -> BlePort:
        """Connect and subscribe. LinkLost if the wearable cannot be reached, NoBluetooth if the adapter is at fault."""
        inbox = Inbox()
        client = BleakClient(
            found.device, lambda _: inbox.lose("The link was lost."), services=[gatt.SERVICE], timeout=CONNECT_LIMIT_S
        )
        port = cls(client, inbox)
        try:
            with _sentences():
                async with asyncio.timeout(CONNECT_LIMIT_S):
                    await client.connect()
                    await client.start_notify(gatt.FRAMES, lambda _, chunk: inbox.put(chunk))
        except TimeoutError:
            await port.close()
            raise LinkLost(f"{found.name} does not answer a connection.") from None
        except BaseException:
            await port.close()
            raise
        return port

    async def send(self, stream: bytes) -> None:
        if self._inbox.lost:
            raise LinkLost(self._inbox.lost)
        size = max(self._client.mtu_size, gatt.MIN_ATT_MTU) - gatt.ATT_OVERHEAD_BYTES
        with _sentences():
            for at in range(0, len(stream), size):
                await self._client.write_gatt_char(gatt.CONTROL, stream[at : at + size], response=True)

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._inbox.lose("This hub closed the link.")
        with contextlib.suppress(Exception):  # there is nobody left to tell
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._client.disconnect()


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """What bleak raises, as one sentence of ours."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        sentence = _WHY.get(error.reason, f"Bluetooth is not available: {error.args[0]}.")
        raise NoBluetooth(sentence, ADAPTER_RETRY_S) from error
    except BleakCharacteristicNotFoundError as error:
        raise LinkLost("It advertises our service but lacks its characteristics: flash it again.") from error
    except BleakDBusError as error:
        raise _of_dbus(error) from error
    except BleakError as error:
        raise LinkLost(f"The link failed: {error}.") from error
    except FileNotFoundError as error:
        raise NoBluetooth(_NO_DBUS, ADAPTER_RETRY_S) from error
    except PermissionError as error:
        raise NoBluetooth(_NO_PERMISSION, ADAPTER_RETRY_S) from error
    except (EOFError, ConnectionError) as error:  # the D-Bus daemon went away
        raise NoBluetooth(_NO_DBUS, ADAPTER_RETRY_S) from error


_NO_DBUS = "There is no D-Bus on this computer, which Bluetooth needs: install and start dbus and bluez."
_NO_BLUEZ = "The Bluetooth service does not run: install bluez and `systemctl start bluetooth`."
_NO_PERMISSION = "This user may not use Bluetooth: add it to the group `bluetooth` and log in again."
_NO_ADAPTER = "There is no Bluetooth adapter: plug one in, or check `rfkill list`."
_OFF = "The Bluetooth adapter is off: `bluetoothctl power on` or `rfkill unblock bluetooth`."
_WHY = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: _NO_ADAPTER,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "The adapter cannot do Bluetooth Low Energy: use another.",
    BleakBluetoothNotAvailableReason.POWERED_OFF: _OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: _NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: _NO_PERMISSION,
}
_BY_DBUS = {
    "org.freedesktop.DBus.Error.ServiceUnknown": _NO_BLUEZ,
    "org.freedesktop.DBus.Error.NameHasNoOwner": _NO_BLUEZ,
    "org.freedesktop.DBus.Error.Spawn.ChildExited": _NO_BLUEZ,
    "org.freedesktop.DBus.Error.AccessDenied": _NO_PERMISSION,
    "org.bluez.Error.NotAuthorized": _NO_PERMISSION,
    "org.bluez.Error.NotReady": _OFF,
}


def _of_dbus(error: BleakDBusError) -> Unavailable:
    sentence = _BY_DBUS.get(error.dbus_error)
    return NoBluetooth(sentence, ADAPTER_RETRY_S) if sentence else LinkLost(f"The Bluetooth service says: {error}.")
