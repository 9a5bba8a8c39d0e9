"""Real I/O inside fences: HTTP to a real server process and SQLite in threads take no virtual time, in the world's own
process and in a hub that is a process of its own."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from evensong.virtual.fenced_http import FencedTransport
from evensong.virtual.loop import Stuck, VirtualLoop
from evensong.virtual.server_process import serve

from .scenes import Scene, Stage, play, play_twice

APP = """
import asyncio, json, random
delays = random.Random(1)
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    await asyncio.sleep(delays.random() / 50)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
"""


@contextmanager
def _nexus(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True)
    (folder / "sample_nexus.py").write_text(APP)
    command = [sys.executable, "-m", "uvicorn", "sample_nexus:app", "--log-level", "warning"]
    with serve(lambda fd: [*command, "--fd", str(fd)], folder) as url:
        yield url


def _uploading(url: str, **extra: str) -> Scene:
    async def scene(stage: Stage) -> None:
        wearable = stage.wearable(FW_PERIOD_MS="30000")
        wearable.start()
        await asyncio.sleep(1)
        hub = stage.hub_process(wearable, url, **extra)
        await asyncio.sleep(1830)
        hub.terminate()
        await asyncio.sleep(5)
        stage.world.event(stage.hub_said())

    return scene


def test_hub_process_reaches_a_real_server(tmp_path: Path) -> None:
    """30 uploads at seeded virtual minutes, each of which takes up to 20 real milliseconds."""
    with _nexus(tmp_path / "nexus") as url:
        world = play_twice(_uploading(url, HUB_FENCED="1"), tmp_path)
    said = "\n".join(world.log)
    assert "30 uploads, 0 failed" in said
    assert "uploaded 58" in said


def test_without_a_fence_virtual_timeouts_end_real_requests(tmp_path: Path) -> None:
    with _nexus(tmp_path / "nexus") as url:
        world = play(_uploading(url), tmp_path / "1")
    said = "\n".join(world.log)
    assert "30 uploads" not in said
    assert said.count("upload failed ReadTimeout") > 10


def test_a_server_that_never_answers_meets_the_clients_own_timeout(tmp_path: Path) -> None:
    """Past the fence's limit virtual time goes on."""

    async def scene(loop: VirtualLoop) -> float:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            async with httpx.AsyncClient(transport=FencedTransport(limit_s=0.2), timeout=5) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        assert runner.run(scene(loop)) >= 5


def test_fences_end_in_the_order_in_which_they_began() -> None:
    """Each piece of real work waits for the one that began after it, so in real time they end the other way round."""
    order: list[int] = []
    done = [threading.Event() for _ in range(6)]
    done[5].set()

    def real_work(number: int) -> None:
        assert done[number + 1].wait(30)
        done[number].set()

    async def work(number: int) -> None:
        await asyncio.to_thread(real_work, number)
        order.append(number)

    async def scene() -> float:
        await asyncio.gather(*map(work, range(5)))
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(scene()) == 0
    assert order == [0, 1, 2, 3, 4]


def test_waiting_for_nothing_is_said() -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Stuck, match="Nothing will ever happen"):
        runner.run(asyncio.Event().wait())  # type: ignore[arg-type]
