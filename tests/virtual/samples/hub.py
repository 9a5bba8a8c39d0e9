"""A sample hub: plain bleak, sqlite in a thread, httpx to a sample Nexus; nothing of the virtual clock in it but the
few lines at the end, which make it a process of its own."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import struct
import sys
from collections.abc import Callable
from typing import TypeVar

import httpx
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

T = TypeVar("T")


def uuid(n: int) -> str:
    return f"a1b2{n:04x}-5c3d-4e5f-8a9b-0c1d2e3f4a5b"


class Hub:
    def __init__(self, journal: str, note: Callable[..., None]) -> None:
        self.journal = journal
        self.note = note
        self.seen = self.twice = self.gaps = self.uploads = self.failed = 0
        self.mtu = 0
        self._random = random.Random(1)
        self._connect(
            lambda db: db.execute(
                "create table if not exists record(device, number, body, primary key(device, number))"
            )
        )

    def _connect(self, do: Callable[[sqlite3.Connection], T]) -> T:
        db = sqlite3.connect(self.journal)
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=normal")
        with db:
            result = do(db)
        db.close()
        return result

    def next_number(self, device: str) -> int:
        query = "select coalesce(max(number) + 1, 0) from record where device = ?"
        return int(self._connect(lambda db: db.execute(query, (device,)).fetchone()[0]))

    async def follow(self, device: str) -> None:
        wait_s = 1.0
        while True:
            try:
                found = await BleakScanner.find_device_by_address(device, timeout=10)
                if found is None:
                    raise BleakError("not seen")
                await self._connection(found)
                wait_s = 1.0
            except (BleakError, TimeoutError) as error:
                self.note("hub failed", type(error).__name__)
            await asyncio.sleep(wait_s * self._random.uniform(1, 1.2))
            wait_s = min(wait_s * 2, 60)

    async def _connection(self, found: BLEDevice) -> None:
        gone = asyncio.Event()
        arrived: asyncio.Queue[bytes] = asyncio.Queue()
        async with BleakClient(found, lambda _: gone.set(), timeout=10) as client:
            self.mtu = client.mtu_size
            await client.start_notify(uuid(2), lambda _, value: arrived.put_nowait(bytes(value)))
            number = self.next_number(found.address)
            await client.write_gatt_char(uuid(3), struct.pack("<I", number), response=True)
            self.note("hub follows from", number)
            storing = asyncio.create_task(self._store(found.address, number, arrived))
            await gone.wait()
            storing.cancel()
        self.note("hub lost the link")

    async def _store(self, device: str, wanted: int, arrived: asyncio.Queue[bytes]) -> None:
        while True:
            body = await arrived.get()
            (number,) = struct.unpack_from("<I", body)
            self.gaps += number > wanted
            wanted = number + 1
            new = await asyncio.to_thread(self._insert, (device, number, body))
            self.seen += 1
            self.twice += 1 - new

    def _insert(self, row: tuple[str, int, bytes]) -> int:
        return self._connect(lambda db: db.execute("insert or ignore into record values(?, ?, ?)", row).rowcount)

    async def upload(self, url: str, client: httpx.AsyncClient) -> None:
        """Once a minute the number of records, with a timeout that virtual time would pass at once."""
        while True:
            await asyncio.sleep(60)
            count = await asyncio.to_thread(
                self._connect, lambda db: db.execute("select count(*) from record").fetchone()[0]
            )
            try:
                answer = await client.post(url, json={"count": count})
                self.uploads += 1
                self.note("uploaded", answer.json()["count"])
            except httpx.HTTPError as error:
                self.failed += 1
                self.note("upload failed", type(error).__name__)


async def _main(loop: object, journal: str, url: str, device: str) -> None:
    from evensong.virtual.adapter import install_in_child
    from evensong.virtual.fenced_http import FencedTransport

    await install_in_child(loop)  # type: ignore[arg-type]
    running = asyncio.get_running_loop()
    hub = Hub(journal, lambda *what: print(f"{running.time():.6f}", *what, flush=True))
    stop = asyncio.Event()
    running.add_signal_handler(signal.SIGTERM, stop.set)
    transport = FencedTransport() if os.getenv("HUB_FENCED") else None
    async with httpx.AsyncClient(transport=transport, timeout=5) as client:
        tasks = [asyncio.create_task(hub.follow(device))]
        if url:
            tasks.append(asyncio.create_task(hub.upload(url, client)))
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    hub.note("stopped in order;", hub.uploads, "uploads,", hub.failed, "failed")


if __name__ == "__main__":
    from evensong.virtual.child import Child

    with asyncio.Runner(loop_factory=Child) as runner:
        runner.run(_main(runner.get_loop(), *sys.argv[1:]))
