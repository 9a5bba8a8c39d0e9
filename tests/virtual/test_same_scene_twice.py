"""The promise of the virtual clock: the same scene gives the same order of events, whatever is lost or killed in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from evensong.virtual.radio import Air

from .scenes import Stage, play_twice


async def _night(stage: Stage, minutes: int = 60) -> None:
    wearable = stage.wearable(FW_PERIOD_MS="10000")
    wearable.start()
    hub = await stage.hub_here()
    following = asyncio.create_task(hub.follow(wearable.address))
    await asyncio.sleep(minutes * 60 + 25)
    assert not following.done()
    assert stage.numbers() == list(range(2 * minutes))
    assert (hub.twice, hub.gaps) == (0, 0)


def test_an_hour(tmp_path: Path) -> None:
    world = play_twice(_night, tmp_path)
    assert world.turns > 120  # one for each record at least


def test_losses_in_the_middle_of_a_burst(tmp_path: Path) -> None:
    """With 50 ms of air per packet a burst of 20 records is under way when the link goes: what had left the firmware
    and not arrived is lost, and sent again after the hub said where it stands."""

    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="10000", FW_BURST="20")
        for t_s in (600.4, 1200.4, 2400.4):
            stage.world.call_at(t_s, lambda: stage.world.event("lost", stage.radio.drop(wearable.address)))
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))
        await asyncio.sleep(3625)
        assert not following.done()
        assert stage.numbers() == list(range(120))
        assert hub.gaps == 0
        assert sum("lost 1" in line for line in stage.world.log) == 3
        assert wearable.gateway
        assert wearable.gateway.notifications > hub.seen  # some were really lost in flight

    play_twice(scene, tmp_path, lambda: Air(packet_s=0.05))


def test_a_bad_link(tmp_path: Path) -> None:
    """A third of all packets lost: slow, and now and then the supervision timeout, but nothing is missing."""

    def air() -> Air:
        return Air(packet_s=0.002, delay_s=0.05, loss=0.35, seed=3)

    async def scene(stage: Stage) -> None:
        await _night(stage, 20)

    play_twice(scene, tmp_path, air)
