"""The smart alarm on a whole wearable, its firmware and weights as `evensong flash` copies them: set through the hub,
which is then away.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from evensong.flashing import layout
from evensong.flashing.firmware_image import build_shim
from evensong.hub import requests
from evensong.hub.journal import Journal
from evensong.hub.keyring import Keyring
from evensong.recordings import container, sleep_accel
from evensong.recordings.framing import Source, write_samples
from evensong.recordings.repairs import Repairs
from evensong.staging.hypnogram import STAGES, Stage
from evensong.staging.intake import gather
from evensong.staging.live import stage_live
from evensong.virtual.radio import Radio
from evensong.virtual.tape import Tape, tape_of
from evensong.virtual.wearable import SHIM, Wearable
from evensong.virtual.world import World
from evensong_wire.frames import CommandCode, EventCode, Ring
from evensong_wire.models import Event, Log

from .on_air import UTC_MS, hub_on
from .signal_scene import frames_in

EPOCH_S = 30
DEEP_FOR = 10  # epochs of deep sleep that are left when the window opens
WINDOW_S = 2400


def flashed(folder: Path) -> Wearable:
    """In slot a what `evensong flash` copies there, and nothing else of Evensong."""
    slot = folder / "a"
    for path, content in layout.compiled("x64").files.items():
        (slot / path).parent.mkdir(parents=True, exist_ok=True)
        (slot / path).write_bytes(content)
    build_shim(SHIM, folder / "shim")
    start = folder / "start.py"
    start.write_text(f"import sys\nsys.path.insert(0, {str(slot)!r})\nimport evensong_firmware.main\n")
    world = World()
    wearable = Wearable(world, Radio(), folder / "wearable", start, MICROPYPATH=f"{folder / 'shim'}:.frozen")
    (wearable.folder / "live.weights").unlink()
    return wearable


@pytest.mark.needs_data
def test_it_wakes_out_of_light_sleep_inside_its_window_while_the_hub_is_away(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window opens in sleep that the stager calls deep. The night is one that the stager learnt from."""
    recording = tmp_path / "night.evr"
    samples = sleep_accel.read(data_dir / "sleep-accel", "1449548", Repairs())
    write_samples(recording, samples, Source("sleep-accel", "1449548", None), Repairs())
    read = container.read(recording)
    tape = tape_of(read.frames, read.header.starts())
    night = stage_live(gather(read.frames, read.header.starts()))
    deep = night.stage == STAGES.index(Stage.DEEP)
    last = next(i for i in range(20, len(deep)) if deep[i - 20 : i].all() and not deep[i])
    opens_s = tape.time_zero_ms // 1000 + int(night.epoch[last] - DEEP_FOR) * EPOCH_S
    window = opens_s, opens_s + WINDOW_S

    wearable = flashed(tmp_path)
    Tape([record for record in tape.records if record[0] < window[1] * 1000]).give(wearable)
    _play(tmp_path, wearable, window)
    monkeypatch.setattr(time, "ticks_ms", lambda: 0, raising=False)
    frames = frames_in(wearable.flash.read_bytes())
    rang = [frame for frame in frames if isinstance(frame.body, Event) and frame.body.code == EventCode.ALARM_RANG]
    assert [frame.body for frame in rang] == [Event(EventCode.ALARM_RANG, Ring.STAGE)]
    assert not [frame.body for frame in frames if isinstance(frame.body, Log)]
    at_s = rang[0].header.time_ms // 1000
    assert window[0] + 60 <= at_s < window[1] - 60, "neither at once nor for want of time"
    epoch = (at_s - tape.time_zero_ms // 1000) // EPOCH_S - 1
    called = night.stage[list(night.epoch).index(epoch)]
    assert STAGES[called] in (Stage.WAKE, Stage.LIGHT, Stage.REM), (
        "as the hub, which staged the whole night, calls the epoch that just ended"
    )


def _play(folder: Path, wearable: Wearable, window_s: tuple[int, int]) -> None:
    world, radio, journal_path = wearable._world, wearable._radio, folder / "journal.sqlite3"
    Keyring(folder / "keyring.json").add(bytes.fromhex(wearable.hardware.device_id), wearable.hardware.root)
    config = folder / "evensong.toml"
    config.write_text(f'[hub]\njournal = "{journal_path}"\nkeyring = "{folder / "keyring.json"}"\n')

    async def scene() -> None:
        hub = hub_on(world, radio, config, folder)
        wearable.start()
        await asyncio.sleep(60)
        arg = b"".join((UTC_MS // 1000 + at_s).to_bytes(4, "little") for at_s in window_s)
        with Journal.open(journal_path) as journal:
            device_id = bytes.fromhex(wearable.hardware.device_id)
            row = requests.leave(journal, device_id, CommandCode.ALARM, arg, UTC_MS + 60_000)
            await asyncio.sleep(60)
            assert requests.outcome(journal, row).status == 0
        hub.kill()
        await asyncio.sleep(window_s[1])
        assert wearable.alive, wearable.output.read_text()
        wearable.kill()

    world.run(scene())
