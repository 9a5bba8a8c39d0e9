"""Plain bleak on the virtual radio behaves as bleak on a real one, as far as the hub relies on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from evensong.virtual.adapter import HUB_ADDRESS, install_in_world
from evensong.virtual.wearable import Wearable

from .samples.hub import uuid
from .scenes import Scene, Stage, play


async def _reach(stage: Stage) -> tuple[Wearable, BLEDevice]:
    wearable = stage.wearable()
    wearable.start()
    await install_in_world(stage.radio)
    found = await BleakScanner.find_device_by_address(wearable.address)
    assert found
    return wearable, found


def _play(scene: Scene, folder: Path) -> None:
    play(scene, folder / "1")


def test_scan_shows_name_service_and_signal(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable()
        wearable.start()
        await install_in_world(stage.radio)
        stage.radio.rssi_dbm[wearable.address] = -83
        heard = await BleakScanner.discover(5, return_adv=True, service_uuids=[uuid(1)])
        ((device, advertised),) = heard.values()
        assert (device.address, advertised.local_name, advertised.rssi) == (wearable.address, "wear", -83)
        assert advertised.service_uuids == [uuid(1)]
        assert not await BleakScanner.discover(5, service_uuids=[uuid(9)])

    _play(scene, tmp_path)


def test_what_the_service_looks_like(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        _, found = await _reach(stage)
        async with BleakClient(found) as client:
            service = client.services.get_service(uuid(1))
            assert service
            assert {c.uuid: c.properties for c in service.characteristics} == {
                uuid(2): ["notify"],
                uuid(3): ["write"],
            }
            with pytest.raises(BleakError, match="longer than MTU - 3"):
                await client.write_gatt_char(uuid(3), bytes(300), response=False)
            with pytest.raises(BleakError, match=r"(?i)not permitted"):
                await client.write_gatt_char(uuid(2), b"1234", response=True)

    _play(scene, tmp_path)


def test_a_request_cut_by_a_lost_link_is_an_error_and_no_cancellation(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable, found = await _reach(stage)
        gone = asyncio.Event()
        client = BleakClient(found, lambda _: gone.set())
        await client.connect()
        stage.radio.drop_with_next_packet(HUB_ADDRESS)
        with pytest.raises(BleakError, match="Not connected"):
            await client.write_gatt_char(uuid(3), bytes(4), response=True)
        await gone.wait()
        assert not client.is_connected
        with pytest.raises(BleakError):
            await client.write_gatt_char(uuid(3), bytes(4), response=True)
        assert wearable.alive

    _play(scene, tmp_path)


def test_a_device_that_is_gone_is_a_timeout_and_does_not_block_the_next(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable, found = await _reach(stage)
        wearable.kill()
        began_s = stage.world.time()
        with pytest.raises(TimeoutError):
            await BleakClient(found, timeout=7).connect()
        assert 7 <= stage.world.time() - began_s < 8
        wearable.start()
        async with BleakClient(found) as client:
            assert client.mtu_size == 247

    _play(scene, tmp_path)


def test_power_loss_is_noticed_after_the_supervision_timeout(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable, found = await _reach(stage)
        gone = asyncio.Event()
        async with BleakClient(found, lambda _: gone.set()):
            killed_s = stage.world.time()
            wearable.kill()
            await gone.wait()
            assert stage.world.time() - killed_s == pytest.approx(0.42, abs=0.01)

    _play(scene, tmp_path)
