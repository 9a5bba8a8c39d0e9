"""The Nexus as a process: started, spoken to over TCP, stopped; and what it says when it cannot start."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import click.testing
import httpx
import pytest
import typer
from typer.testing import CliRunner

from evensong.cli import nexus
from evensong.errors import EvensongError
from evensong.record import SpanDocument

Build = Callable[..., SpanDocument]
NEXUS = (sys.executable, "-m", "evensong", "nexus")


def say(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NEXUS, *arguments], check=False, capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def running(*arguments: str, pass_fds: tuple[int, ...] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it has said it. Ends in SIGTERM and must then end well."""
    process = subprocess.Popen(
        [*NEXUS, "run", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=pass_fds
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, (line, process.stderr and process.stderr.read())
        yield process, found[0]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
        assert (process.returncode, said) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_a_hub_is_enrolled_sends_a_night_and_finds_it_after_a_restart(tmp_path: Path, make: Build) -> None:
    store = f"--store={tmp_path / 'nexus.sqlite3'}"
    enrolled = say("enroll", "bedroom", store)
    assert enrolled.returncode == 0
    token = enrolled.stdout.strip()
    document = make(epochs=20)
    with (
        running("--port=0", store) as (_, address),
        httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}) as hub,
    ):
        put = hub.put(f"/api/v1/documents/{document.document_id}", content=document.to_json())
        assert put.status_code == 201
    with running("--port=0", store) as (_, address):
        assert httpx.get(f"{address}api/v1/nights/{document.document_id}").content == document.to_json()
    assert commands("hubs", store).stdout == "bedroom\t1 night\tenrolled\n"
    assert commands("revoke", "bedroom", store).exit_code == 0
    assert commands("hubs", store).stdout == "bedroom\t1 night\trevoked\n"


def test_simultaneous_puts_over_tcp_leave_the_highest(tmp_path: Path, make: Build) -> None:
    store = f"--store={tmp_path / 'nexus.sqlite3'}"
    token = commands("enroll", "bedroom", store).stdout.strip()
    revisions = [make(seed=n, epochs=100, document_id=uuid.UUID(int=5), revision=n) for n in range(1, 9)]
    statuses = []
    with running("--port=0", store) as (_, address):

        def put(document: SpanDocument) -> None:
            url = f"{address}api/v1/documents/{document.document_id}"
            answer = httpx.put(url, content=document.to_json(), headers={"authorization": f"Bearer {token}"})
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=put, args=(d,)) for d in revisions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] * 7 + [201]
        listed = httpx.get(f"{address}api/v1/nights").json()
        assert [n["revision"] for n in listed["nights"]] == [8]


def test_it_takes_over_an_inherited_socket_and_answers_without_delay(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        arguments = (f"--fd={listener.fileno()}", f"--store={tmp_path / 'n.sqlite3'}")
        with running(*arguments, pass_fds=(listener.fileno(),)) as (_, address):
            assert address == f"http://127.0.0.1:{port}/"
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert httpx.get(f"{address}api/v1/health").status_code == 200


def test_a_connection_that_idles_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        _, address = stack.enter_context(running("--port=0", f"--store={tmp_path / 'n.sqlite3'}"))
        client = httpx.Client()
        stack.callback(client.close)
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--host=0.0.0.0"], "no accounts yet"),
        (["run", "--host=example.org"], "tunnel"),
        (["run", "--fd=77"], "no listening socket"),
        (["run", "--port=0", "--store=/proc/nowhere/n.sqlite3"], "--store"),
        (["hubs", "--store=/proc/nowhere/n.sqlite3"], "--store"),
        (["revoke", "attic"], "No hub is named"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    error = commands(*arguments).exception
    assert isinstance(error, EvensongError)
    assert words in error.message
    assert error.message.endswith(".")


def test_a_taken_port_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = say("run", f"--port={taken.getsockname()[1]}", f"--store={tmp_path / 'n.sqlite3'}")
    assert done.returncode == 1
    assert re.fullmatch(r"evensong: Port \d+ of 127\.0\.0\.1 is taken.*\n", done.stderr)


def test_help_teaches_the_next_step() -> None:
    assert "evensong nexus enroll bedroom" in commands("run", "--help").output
    assert "once" in commands("enroll", "--help").output
    assert "run" in commands("--help").output


def commands(*arguments: str) -> click.testing.Result:
    """The command group alone, in this process."""
    app = typer.Typer()
    nexus.register(app)
    return CliRunner().invoke(app, ["nexus", *arguments], env={"COLUMNS": "200"})
