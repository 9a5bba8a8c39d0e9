"""The hub as a process, as people start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pty_wearable import on_a_pty
from simulated_wearable import Wearable

from evensong.hub.journal import Journal

STOP_LIMIT_S = 5.0


def hub(*arguments: str, config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "evensong", "hub", *arguments, "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "evensong.toml"
    path.write_text(
        f'[hub]\njournal = "{tmp_path / "journal.sqlite3"}"\nkeyring = "{tmp_path / "keyring.json"}"\n'
        'bluetooth = false\nunauthenticated = true\n[hub.log]\nformat = "json"\n'
    )
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_takes_in_a_serial_wearable_and_stops_in_order(config: Path, number: int) -> None:
    wearable = Wearable()
    for _ in range(20):
        wearable.heart_rate(12)
    with on_a_pty(wearable) as line:
        process = hub("run", "--serial", line.path, config=config)
        try:
            line.wait_for(lambda w: not w.spool)
            with line.lock:
                wearable.heart_rate()
            line.poke()
            process.send_signal(number)
            _, log = process.communicate(timeout=STOP_LIMIT_S)
        finally:
            process.kill()
    assert process.returncode == 0
    events = [json.loads(each)["event"] for each in log.splitlines()]
    assert events[0] == "started"
    assert events[-1] == "stopped"
    with Journal.open(config.parent / "journal.sqlite3") as journal:
        assert journal.db.execute("SELECT sum(samples) >= 240 FROM frame").fetchone() == (1,)


def test_killed_and_started_again_it_goes_on_where_it_was(config: Path) -> None:
    wearable = Wearable()
    with on_a_pty(wearable) as line:
        for _ in range(3):
            with line.lock:
                for _ in range(10):
                    wearable.heart_rate()
            process = hub("run", "--serial", line.path, config=config)
            line.wait_for(lambda w: not w.spool)
            process.kill()
            process.communicate()
            with line.lock:
                wearable.disconnect()
    with Journal.open(config.parent / "journal.sqlite3") as journal:
        numbers = [seq for (seq,) in journal.db.execute("SELECT seq FROM frame ORDER BY id")]
        assert numbers == list(range(31))
        assert journal.db.execute("SELECT duplicates FROM device").fetchone() == (0,)


def test_status_and_export_read_beside_a_running_hub(config: Path, tmp_path: Path) -> None:
    wearable = Wearable()
    for _ in range(100):
        wearable.heart_rate(12)
    with on_a_pty(wearable) as line:
        process = hub("run", "--serial", line.path, config=config)
        try:
            line.wait_for(lambda w: not w.spool)
            said, _ = hub("status", "--json", config=config).communicate(timeout=20)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOP_LIMIT_S)
    found = json.loads(said)
    assert found["running"] is True
    (seen,) = found["wearables"]
    assert seen["device_id"] == wearable.device_id.hex()
    assert seen["timelines"][0]["transferred"] == 1200
    assert found["links"][0]["state"] == "connected"


def test_a_second_hub_on_the_same_journal_is_refused(config: Path) -> None:
    with on_a_pty(Wearable()) as line:
        first = hub("run", "--serial", line.path, config=config)
        try:
            line.wait_for(lambda w: not w.spool)
            second = hub("run", "--serial", line.path, config=config)
            _, said = second.communicate(timeout=20)
        finally:
            first.kill()
            first.communicate()
    assert second.returncode == 1
    assert said.splitlines()[-1].startswith("evensong: A hub runs on")


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["run"], "[hub]\nbluetooth = false\n", "There is nothing to listen to"),
        (["run"], "[hub]\nbluetoth = false\n", "there is no setting `hub.bluetoth`"),
        (["run"], '[hub]\ndevices = ["e5"]\n', "`hub.devices`"),
        (["run"], '[hub]\nserial = ["/dev/x"]\njournal = "/proc/none/j"\n', "cannot be used"),
        (["status"], '[hub]\njournal = "/nowhere/j"\n', "There is no journal at /nowhere/j"),
        (["export", "--out", "x.evr"], '[hub]\njournal = "/nowhere/j"\n', "There is no journal at /nowhere/j"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, arguments: list[str], settings: str, sentence: str) -> None:
    config = tmp_path / "evensong.toml"
    config.write_text(settings)
    process = hub(*arguments, config=config)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert sentence in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
