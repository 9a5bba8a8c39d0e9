"""The stranger of `test_stranger` wants to bring a wearable another firmware; so does somebody who stole a hub's key.

It proves our layer on Bumble, and the firmware's own check of signatures; nothing of NimBLE.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evensong.flashing import bundle, layout
from evensong_wire.frames import CommandCode
from evensong_wire.models import Challenge, Command, HubHello, Refusal

from .on_air import Air, Stranger, word
from .slotted import Desk, play

HARMLESS = layout.Firmware("0.3.0", {"evensong_firmware/main.mpy": b"it does not even start"})
SLOTS = ("slot", "trial", "floor")


def left_of_updates(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.wearable.folder.glob("update-*"))


async def strangers_update(desk: Desk, sniffed: dict[str, Air]) -> None:
    wearable = desk.wearable
    stranger = Stranger(desk.radio)
    await stranger.device.power_on()
    wearable.start()
    await asyncio.sleep(5)

    # The owner brings a signed update, which fails and goes away again; the stranger hears all of it.
    signed = bundle.sign(HARMLESS, "0.3.0", None, desk.signer)
    (desk.folder / "signed").write_bytes(signed)
    assert (await desk.evensong("wearable", "update", str(desk.folder / "signed")))[0] == 0
    recorded = [written for written in sniffed[wearable.address].writes if written]
    assert signed[:40] not in b"".join(recorded), "it is sealed on the air"
    await asyncio.sleep(30)
    assert [wearable.kept(name) for name in SLOTS] == ["a", "", ""]
    boots = wearable.boots

    # Byte for byte what the owner said, and then the same update in words of the stranger's own, signed as it is.
    await stranger.meet(wearable.address)
    for written in recorded:
        if stranger.ended.is_set():
            break
        await stranger.say(written, wait_s=0.01)
    assert {type(frame.body) for frame in stranger.heard} <= {Challenge, Refusal}
    async with asyncio.timeout(30):
        await stranger.ended.wait()
    await asyncio.sleep(3)
    await stranger.meet(wearable.address)
    assert [type(body) for body in await stranger.say(word(HubHello(b"stranger", 1)))] == [Challenge]
    for step in (
        b"\0" + bytes(8) + len(signed).to_bytes(3, "little"),
        *(b"\1" + at.to_bytes(3, "little") + signed[at : at + 180] for at in range(0, len(signed), 180)),
        b"\2",
        b"\2",
    ):
        assert await stranger.say(word(Command(1, CommandCode.UPDATE, step))) == []
    assert await stranger.say(word(Command(2, CommandCode.RESTART, b""))) == []
    async with asyncio.timeout(30):
        await stranger.ended.wait()
    assert left_of_updates(desk) == []
    assert (wearable.boots, [wearable.kept(name) for name in SLOTS]) == (boots, ["a", "", ""])


async def a_thief_updates(desk: Desk, _: dict[str, Air]) -> None:
    """With a hub's key, without the key that signs: the wearable takes it in, and throws it away."""
    wearable = desk.wearable
    wearable.start()
    await asyncio.sleep(5)
    bundle.new_key(desk.folder / "another.key")
    signed = bundle.sign(HARMLESS, "0.3.0", None, desk.signer)
    last = len(signed) - 1
    for attempt, why in (
        (bundle.sign(HARMLESS, "0.3.0", None, desk.folder / "another.key"), "signature is not by the key"),
        (signed[:60] + bytes([signed[60] ^ 1]) + signed[61:], "signature is not by the key"),
        (signed[:last] + bytes([signed[last] ^ 0x80]), "flash did not keep evensong_firmware/main.mpy"),
    ):
        (desk.folder / "update").write_bytes(attempt)
        status, said = await desk.evensong("wearable", "update", str(desk.folder / "update"))
        assert status == 1
        assert why in said
        assert left_of_updates(desk) == []
    assert (wearable.boots, [wearable.kept(name) for name in SLOTS]) == (1, ["a", "", ""])


@pytest.mark.parametrize("scene", [strangers_update, a_thief_updates])
def test_nobody_else_updates_a_wearable(scene, tmp_path: Path, sniffed: dict[str, Air]) -> None:  # type: ignore[no-untyped-def]
    play(lambda desk: scene(desk, sniffed), tmp_path)
