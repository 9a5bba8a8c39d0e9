"""One night from the wearable's board to the page: what the page shows is what `stage` says of the recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evensong.recordings import container
from evensong.recordings.framing import Source, write_samples
from evensong.recordings.repairs import Repairs
from evensong.recordings.synth import synthesize
from evensong.staging import stage
from evensong.staging.intake import gather
from evensong.virtual.replay import NEXUS_STORE, replay
from evensong.virtual.server_process import serve_nexus


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journey") / "night.evr"
    samples, _ = synthesize(seed=11, hours=3.0)
    write_samples(path, samples, Source("synthetic", "11", None, synthetic=True), Repairs())
    return path


@pytest.fixture(scope="module")
def nexus(recording: Path) -> Iterator[httpx.Client]:
    """A Nexus that got the night by way of wearable, radio and hub, with a link lost and the hub killed."""
    kept = recording.parent / "kept"
    replay(recording, faults="link:1,kill-hub:1", seed=4, folder=kept)
    with serve_nexus(kept / NEXUS_STORE) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_the_night_at_the_nexus_is_the_one_that_was_recorded(nexus: httpx.Client, recording: Path) -> None:
    read = container.read(recording)
    hypnogram = stage(gather(read.frames, read.header.starts()))
    listed = nexus.get("/api/v1/nights").json()
    assert listed["total"] == 1
    document = nexus.get(f"/api/v1/nights/{listed['nights'][0]['document_id']}").json()
    assert document["state"] == "final"
    assert document["synthetic"]
    assert document["passport"]["hypnogram_sha256"] == hypnogram.digest()
    steps = document["ledger"]["samples"]
    assert len({steps[step] for step in ("sampled", "stored", "transferred", "staged")}) == 1
    assert document["ledger"]["gaps"] == []


def test_the_page_shows_the_night_and_says_that_it_is_synthetic(nexus: httpx.Client) -> None:
    document_id = nexus.get("/api/v1/nights").json()["nights"][0]["document_id"]
    page = nexus.get(f"/nights/{document_id}")
    assert page.status_code == 200
    for piece in ("<svg", "Ledger", "Passport", "ynthetic", "Final"):
        assert piece in page.text
    assert document_id in nexus.get("/").text
