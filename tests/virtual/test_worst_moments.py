"""The worst moments: a link that goes with a packet, a hub that dies between its disk and its word."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .scenes import Stage, play_twice


def test_link_lost_with_a_packet(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="10000", FW_BURST="10")
        for at_s in (100, 500, 900):
            stage.world.call_at(at_s, stage.radio.drop_with_next_packet, wearable.address)
        wearable.start()
        hub = await stage.hub_here()
        following = asyncio.create_task(hub.follow(wearable.address))
        await asyncio.sleep(1505)
        assert not following.done()
        assert stage.numbers() == list(range(50))
        assert (hub.gaps, hub.twice) == (0, 0)
        assert wearable.output.read_text().count("lost") == 3
        assert wearable.gateway
        assert wearable.gateway.notifications > hub.seen

    play_twice(scene, tmp_path)


def test_hub_dies_between_its_disk_and_its_word(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="10000")
        wearable.start()
        await asyncio.sleep(1)
        hub = stage.hub_process(wearable)
        await asyncio.sleep(100)
        hub.kill_unheard()
        await asyncio.sleep(100)
        assert hub.alive  # the sample hub has nothing to say while the link holds
        stage.radio.drop(wearable.address)
        await asyncio.sleep(5)
        assert not hub.alive
        stage.hub_process(wearable)
        await asyncio.sleep(400)
        assert stage.numbers() == list(range(20))

    play_twice(scene, tmp_path)
