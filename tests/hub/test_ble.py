"""What bleak raises, as sentences. The link itself is tested over the virtual radio, in other rooms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import bleak
import pytest
from bleak.backends import scanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakError,
)

from evensong.errors import Unavailable
from evensong.hub.link.ble import NoBluetooth, _sentences, check_adapter
from evensong.hub.link.port import Inbox, LinkLost

REASON = BleakBluetoothNotAvailableReason


def test_a_computer_without_dbus_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    real = scanner.get_platform_scanner_backend_type  # another test of this process may have put in the virtual one
    monkeypatch.setattr(bleak, "get_platform_scanner_backend_type", real)
    with pytest.raises(NoBluetooth, match="There is no D-Bus"):
        asyncio.run(check_adapter())


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (BleakBluetoothNotAvailableError("", REASON.NO_BLUETOOTH), NoBluetooth, "no Bluetooth adapter"),
        (BleakBluetoothNotAvailableError("", REASON.POWERED_OFF), NoBluetooth, "adapter is off"),
        (BleakBluetoothNotAvailableError("", REASON.DENIED_BY_SYSTEM), NoBluetooth, "may not use Bluetooth"),
        (BleakBluetoothNotAvailableError("odd", REASON.UNKNOWN), NoBluetooth, "odd"),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", []), NoBluetooth, "service does not run"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["x"]), NoBluetooth, "may not use Bluetooth"),
        (BleakDBusError("org.bluez.Error.NotReady", []), NoBluetooth, "adapter is off"),
        (BleakDBusError("org.bluez.Error.Failed", ["le-connection-abort-by-local"]), LinkLost, "abort"),
        (BleakCharacteristicNotFoundError("x"), LinkLost, "lacks its characteristics"),
        (BleakError("Not connected"), LinkLost, "Not connected"),
        (FileNotFoundError(2, "x"), NoBluetooth, "no D-Bus"),
        (PermissionError(13, "x"), NoBluetooth, "may not use Bluetooth"),
        (ConnectionRefusedError(111, "x"), NoBluetooth, "no D-Bus"),
    ],
)
def test_every_way_to_fail_is_a_sentence(error: Exception, kind: type[Unavailable], words: str) -> None:
    with pytest.raises(kind, match=words) as raised, _sentences():
        raise error
    assert raised.value.message.count(". ") == 0
    assert (raised.value.retry_s is None) is (kind is LinkLost)


def test_what_came_before_a_link_was_lost_is_taken_first() -> None:
    async def go() -> None:
        inbox = Inbox()
        inbox.put(b"a")
        inbox.put(bytearray(b"b"))
        inbox.lose("gone")
        inbox.lose("and again")
        assert await inbox.take() == b"ab"
        with pytest.raises(LinkLost, match="gone"):
            await inbox.take()

    asyncio.run(go())


def test_a_timeout_while_waiting_loses_nothing() -> None:
    async def go() -> None:
        inbox = Inbox()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await inbox.take()
        inbox.put(b"later")
        assert await inbox.take() == b"later"

    asyncio.run(go())
