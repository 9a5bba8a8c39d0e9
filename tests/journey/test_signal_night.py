"""A whole night that begins as light and acceleration: the demo's eight hours through chips, drivers, beats, spool,
radio, hub and stager to the Nexus's page, with the firmware as boards get it and the heap that it is to live with.

Every test looks at one night that is played once. It takes minutes, so it `starts_first`.
"""

from __future__ import annotations

import faulthandler
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from evensong.flashing.firmware_image import build, build_shim
from evensong.hub.journal import Journal
from evensong.recordings import DEMO_NIGHT, container
from evensong.staging import stage
from evensong.staging.intake import Samples, gather
from evensong.training.scores import confusion, kappa
from evensong.virtual.interpreters import micropython_32
from evensong.virtual.line import JOURNAL
from evensong.virtual.replay import NEXUS_STORE, ReplayResult
from evensong.virtual.server_process import serve_nexus
from evensong.virtual.signal_night import signal_night
from evensong.virtual.wearable import FIRMWARE, SHIM
from evensong_wire.codec import decode
from evensong_wire.frames import EventCode
from evensong_wire.models import Event, Frame, Log, Status

LIMIT_S = 900  # instead of the suite's limit for one test
HEAP_KIB = {"micropython-32": 112, "micropython": 176}

pytestmark = pytest.mark.starts_first


@dataclass(frozen=True)
class Night:
    """shown: what the recording's wearer shows to the sensors, in the recording's time; found: what the hub got, in the
    wearable's, which is switched on in the recording's first epoch."""

    folder: Path
    result: ReplayResult
    frames: list[Frame]
    shown: Samples
    found: Samples


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=sys.__stderr__)
    folder = tmp_path_factory.mktemp("signal")
    build(FIRMWARE, folder / "image" / "firmware")
    build_shim(SHIM, folder / "image" / "shim")
    interpreter = "micropython-32" if micropython_32() else "micropython"
    result = signal_night(
        DEMO_NIGHT,
        folder=folder / "kept",
        image=folder / "image",
        interpreter=interpreter,
        heap_kib=HEAP_KIB[interpreter],
    )
    return _seen(folder / "kept", result)


def _seen(folder: Path, result: ReplayResult) -> Night:
    read = container.read(DEMO_NIGHT)
    shown = gather(read.frames, read.header.starts())
    with Journal.open(folder / JOURNAL, read_only=True) as journal:
        frames = [decode(raw) for (raw,) in journal.db.execute("SELECT raw FROM frame ORDER BY id")]
    boots = {(frame.header.incarnation, frame.header.boot_id) for frame in frames}
    assert len(boots) == 1, "it was never restarted"
    return Night(folder, result, frames, shown, gather(frames, dict.fromkeys(boots, 0)))


def test_every_sample_is_accounted_for_at_all_five_steps(night: Night) -> None:
    found = night.result.reckoning
    steps = {found.sampled, found.stored, found.transferred, found.staged, found.forwarded}
    assert len(steps) == 1
    assert steps.pop() > 0.9 * night.result.on_tape
    assert (found.gaps, found.lost_s, found.duplicates) == (0, 0, 0)
    assert night.result.sessions == 1


def test_nothing_was_dropped_and_nothing_went_wrong(night: Night) -> None:
    statuses = [frame.body for frame in night.frames if isinstance(frame.body, Status)]
    assert statuses[-1].dropped == 0
    assert statuses[-1].sampled == statuses[-1].stored
    assert not [frame.body for frame in night.frames if isinstance(frame.body, Log)]
    events = {frame.body.code for frame in night.frames if isinstance(frame.body, Event)}
    assert EventCode.SENSOR_FAULT not in events
    assert (night.folder / "wearable" / "output.log").read_text() == ""


def test_the_page_shows_the_night(night: Night) -> None:
    with (
        serve_nexus(night.folder / NEXUS_STORE) as url,
        httpx.Client(base_url=url, trust_env=False) as nexus,
    ):
        document_id = nexus.get("/api/v1/nights").json()["nights"][0]["document_id"]
        document = nexus.get(f"/api/v1/nights/{document_id}").json()
        page = nexus.get(f"/nights/{document_id}")
        front = nexus.get("/").text
    assert document["state"] == "final"
    assert document["synthetic"]
    assert document["passport"]["hypnogram_sha256"] == night.result.reckoning.digest
    assert document["ledger"]["gaps"] == []
    assert page.status_code == 200
    for piece in ("<svg", "Ledger", "Passport", "ynthetic", "Final"):
        assert piece in page.text
    assert document_id in front


def test_its_beats_are_the_hearts(night: Night) -> None:
    heard = night.result.heard
    assert heard
    assert heard.beats == len(night.shown.beats)
    assert heard.found > 0.95 * heard.beats, "sensitivity"
    assert heard.vouched > 0.95 * heard.beats
    assert heard.right > 0.995 * heard.vouched, "what it vouches for is right"


def test_its_hypnogram_is_nearly_that_of_the_recording(night: Night) -> None:
    """The recording's has beats and counts as they were made up; here they went through noise and movement."""
    of_shown, of_found = stage(night.shown), stage(night.found)
    assert of_found.digest() == night.result.reckoning.digest
    epoch = of_shown.epoch - night.shown.epochs.start
    common, i, j = np.intersect1d(epoch, of_found.epoch, return_indices=True)
    assert len(common) > 950
    likeliest = confusion(of_shown.p[i].argmax(axis=1), of_found.p[j].argmax(axis=1), 4)
    assert kappa(likeliest) > 0.85
    assert (of_shown.stage[i] == of_found.stage[j]).mean() > 0.8, "what is said, `unknown` included"
