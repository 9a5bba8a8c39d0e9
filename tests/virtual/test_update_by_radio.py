"""Updates over BLE, from the commands that a person types to the switch of slots, its confirmation and its way back:
the real firmware on MicroPython, the real commands, Bumble between them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.flashing import bundle, layout

from .slotted import Desk, play


async def cut_at(desk: Desk, size: int) -> bytes:
    """The link is lost when so much of an update has come. Returns what the wearable has then."""
    while True:
        await asyncio.sleep(0.1)
        for path in desk.wearable.folder.glob("update-*"):
            if path.stat().st_size >= size:
                desk.radio.drop(desk.wearable.address)
                return path.read_bytes()


async def an_update_comes_and_stays(desk: Desk) -> None:
    wearable, update = desk.wearable, desk.folder / "firmware.update"
    made = CliRunner().invoke(
        app, ["firmware", "bundle", "--key", str(desk.signer), "--out", str(update), "--version", "0.2.0"]
    )
    assert made.exit_code == 0, made.output
    wearable.start()
    await asyncio.sleep(5)
    cut = asyncio.create_task(cut_at(desk, 30_000))
    status, said = await desk.evensong("wearable", "update", str(update))
    assert status == 1
    assert said.endswith(" Run the command again: it goes on where it was.\n")
    assert len(await cut) > 24_000
    await asyncio.sleep(5)
    status, said = await desk.evensong("wearable", "update", str(update))
    assert status == 0, said
    assert "starts with 0.2.0" in said
    await asyncio.sleep(10)
    assert wearable.boots == 2
    assert wearable.kept("trial") == "b2"
    assert "firmware  b 0.2.0 trial" in (await desk.evensong("wearable", "status"))[1]
    await asyncio.sleep(60)  # it has been well for a minute
    assert (wearable.kept("slot"), wearable.kept("trial"), wearable.kept("floor")) == ("b", "", "0.2.0")
    assert "firmware  b 0.2.0 confirmed" in (await desk.evensong("wearable", "status"))[1]

    # what is older is refused in a sentence, and nothing of it is kept
    older = desk.folder / "older.update"
    older.write_bytes(bundle.sign(layout.Firmware("0.1.9", {}), "0.1.0", None, desk.signer))
    status, said = await desk.evensong("wearable", "update", str(older))
    assert status == 1
    assert "older than what this wearable may run" in said
    assert wearable.kept("trial") == ""
    assert not list(wearable.folder.glob("update-*"))


async def an_update_that_fails_goes_away_by_itself(desk: Desk) -> None:
    wearable, update = desk.wearable, desk.folder / "firmware.update"
    broken = layout.Firmware("0.3.0", {"evensong_firmware/main.mpy": b"no .mpy at all"})
    update.write_bytes(bundle.sign(broken, "0.3.0", None, desk.signer))
    wearable.start()
    await asyncio.sleep(5)
    status, said = await desk.evensong("wearable", "update", str(update))
    assert status == 0, said
    await asyncio.sleep(30)
    assert wearable.boots == 5  # three of them were the update's
    assert (wearable.kept("slot"), wearable.kept("trial"), wearable.kept("floor")) == ("a", "", "")
    assert "firmware  a 0.1.0 confirmed failed b" in (await desk.evensong("wearable", "status"))[1]


def test_an_update_comes_by_radio_and_stays(tmp_path: Path) -> None:
    play(an_update_comes_and_stays, tmp_path)


def test_an_update_that_cannot_run_is_rolled_back(tmp_path: Path) -> None:
    play(an_update_that_fails_goes_away_by_itself, tmp_path)
