"""Faults at virtual instants: firmware killed, hub killed or stopped, ticks that wrap, clocks that drift, small
MTUs."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from evensong.virtual.loop import Stuck
from evensong.virtual.wearable import Hardware

from .scenes import Stage, play, play_twice, printed


def test_firmware_killed_at_any_instant_keeps_what_was_in_flash(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="10000")
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))

        def reboot(off_s: float) -> None:
            wearable.kill()
            stage.world.call_later(off_s, wearable.start)

        stage.world.call_at(301.234567, reboot, 0)
        stage.world.call_at(725.000001, reboot, 40)
        await asyncio.sleep(1525)
        assert not following.done()
        numbers = stage.numbers()
        assert numbers == list(range(len(numbers)))
        assert len(numbers) == 48  # of 50: two open epochs lost, 40 s without power, and sent in pairs
        assert (hub.gaps, wearable.boots) == (0, 3)
        said = wearable.output.read_text()
        randoms = [line.split()[-1] for line in said.splitlines() if line.startswith("up")]
        assert len(set(randoms)) == 3  # another seed for each boot

    play_twice(scene, tmp_path)


def test_hub_process_killed_and_stopped(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="10000")
        wearable.start()
        await asyncio.sleep(1)
        hub = stage.hub_process(wearable)
        await asyncio.sleep(400.123)
        hub.kill()
        await asyncio.sleep(130)
        hub = stage.hub_process(wearable)
        await asyncio.sleep(900)
        assert stage.numbers() == list(range(46))
        hub.terminate()
        await asyncio.sleep(2)
        assert (hub.alive, hub.returncode) == (False, 0)
        assert "stopped in order" in stage.hub_said()
        stage.world.event(stage.hub_said())

    play_twice(scene, tmp_path)


@pytest.mark.parametrize("mtu", [23, 64, 247])
def test_small_mtu(tmp_path: Path, mtu: int) -> None:
    """A notification longer than MTU - 3 is cut, as some stacks do silently: the wire has to cut for itself."""

    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(Hardware(mtu=mtu))
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))
        await asyncio.sleep(100)
        assert not following.done()
        assert hub.mtu == mtu
        assert f"mtu {mtu}" in wearable.output.read_text()
        assert [len(body) for body in stage.bodies()] == [min(72, mtu - 3)] * 2

    play(scene, tmp_path / "1")


def test_ticks_wrap(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(Hardware(ticks0_ms=2**30 - 400_000), FW_PERIOD_MS="10000")
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))
        await asyncio.sleep(925)
        assert not following.done()
        ticks = [struct.unpack_from("<III", body)[2] for body in stage.bodies()]
        assert len(ticks) == 30
        assert ticks[0] == 2**30 - 370_000
        assert ticks[-1] == 500_000

    play(scene, tmp_path / "1")


@pytest.mark.parametrize("drift_ppm", [-100, 100])
def test_drift(tmp_path: Path, drift_ppm: int) -> None:
    """Epochs of the device last 30 s of its own clock: after 8 hours at 100 ppm it is 2.88 s off."""

    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(Hardware(drift_ppm=drift_ppm), FW_PERIOD_MS="30000")
        wearable.start()
        await asyncio.sleep(28_800 - 0.001)
        records = wearable.flash.read_bytes()
        assert len(records) // 72 == 960 if drift_ppm > 0 else 959
        await asyncio.sleep(3)
        assert abs(wearable.timeline_ms() - (28_803_000 + 2.88 * drift_ppm * 10)) <= 2
        last = struct.unpack_from("<III", wearable.flash.read_bytes(), 959 * 72)
        assert last == (959, 28_800, 28_800_000)

    play(scene, tmp_path / "1")


@pytest.mark.parametrize("year", [1970, 2000])
def test_epoch_year(tmp_path: Path, year: int) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(Hardware(epoch_year=2000 if year == 2000 else 1970))
        wearable.start()
        await asyncio.sleep(0.01)
        assert printed(r"up 0 (\d+)", wearable.output.read_text()) == str(year)

    play(scene, tmp_path / "1")


def test_firmware_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(PATH="", MICROPYPATH="/nowhere")
        wearable.start()

    with pytest.raises(Stuck, match=r"wearable ended before its first turn .*ImportError"):
        play(scene, tmp_path / "1")
