"""`evensong flash`: everything from a bare board to a tested wearable, in order, and again after a pulled cable.

Each step looks first at what is there already, so that repeating the whole costs little and a run that was cut off
goes on where it was: pieces of MicroPython's image by the loader's MD5, files by their SHA-256. A wearable that
records is not left without firmware at any moment: the new one goes into the slot that does not run.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from evensong.errors import InputError, Unavailable
from evensong.keys import WEARABLE_KEY_FILE

from . import layout, loader
from .bundle import manifest_of
from .image import Image, with_spool
from .loader import Chip
from .port import Unplugged, check_usable
from .repl import BoardFailed, NoMicroPython, Repl, opened

MOST_PULLS = 20
MOST_NAME_BYTES = 20  # as the firmware's config has it
PLUG_LIMIT_S = 120.0
_LOOK_S = 0.2
_SPARE_BYTES = 16_384  # a file system works best with some blocks free


class Watcher(Protocol):
    """Who is told what the job does."""

    def step(self, what: str) -> None:
        """Another step begins."""

    def progress(self, fraction: float) -> None:
        """Of this step."""

    def unplugged(self, port: str) -> None:
        """The line went dead; the job waits for it."""


@dataclass(frozen=True)
class Part:
    """What the self-test says of one part. well: None where the board has none."""

    name: str
    well: bool | None
    seen: str


@dataclass(frozen=True)
class Flashed:
    """chip: by esptool, or what MicroPython says of its machine. written: bytes of files that went over at last."""

    chip: str
    version: str
    parts: tuple[Part, ...]
    written: int

    @property
    def device_id(self) -> str:
        """16 hex digits, as the firmware says it."""
        return next(part.seen.split(" ")[-1] for part in self.parts if part.name == "board")


@dataclass(frozen=True)
class Order:
    """image: None if MicroPython is there and stays. new_key: makes the content of the key file for this device id (16
    hex digits), called at most once; replace_key: also where there is one."""

    port: str
    image: Image | None = None
    name: str | None = None
    update_key: bytes | None = None
    new_key: Callable[[str], bytes] | None = None
    replace_key: bool = False


class Job:
    """pause: waits so many seconds; tests put the cable back in it."""

    def __init__(self, order: Order, watcher: Watcher, pause: Callable[[float], None] = time.sleep) -> None:
        self._order = order
        self._watch = watcher
        self._pause = pause
        self._chip: Chip | None = None
        self._key: bytes | None = None

    def run(self) -> Flashed:
        """Raises EvensongError: what is wrong, in one sentence."""
        loader.check_installed()
        check_usable(self._order.port)
        for _ in range(MOST_PULLS):
            try:
                return self._once()
            except Unplugged:
                self._watch.unplugged(self._order.port)
                self._wait_for_port()
        return self._once()

    def _wait_for_port(self) -> None:
        for _ in range(int(PLUG_LIMIT_S / _LOOK_S)):
            self._pause(_LOOK_S)
            try:
                return check_usable(self._order.port)
            except Unavailable:
                continue
        raise Unplugged(self._order.port)

    def _once(self) -> Flashed:
        order, watch = self._order, self._watch
        if self._chip is None and order.image is not None:
            watch.step("MicroPython")
            self._chip = loader.install(order.port, with_spool(order.image), watch.progress)
        watch.step("firmware")
        with self._micropython() as repl:
            written, version = self._files(repl)
            watch.step("self-test")
            parts = self._self_test(repl)
            self._give_key(repl, next(part.seen.split(" ")[-1] for part in parts if part.name == "board"))
            described = self._chip.described if self._chip else str(repl.ask("sys.implementation[2]"))
            repl.restart()
        return Flashed(described, version, parts, written)

    @contextmanager
    def _micropython(self) -> Iterator[Repl]:
        port = self._order.port
        try:
            with opened(port) as repl:
                yield repl
        except NoMicroPython:
            if self._chip is not None:
                raise
            chip = loader.identify(port)
            raise NoMicroPython(
                f"The board at {port} is an {chip.described} without MicroPython: give it one with --image."
            ) from None

    # --- firmware and settings ---

    def _files(self, repl: Repl) -> tuple[int, str]:
        """(bytes that were written, version)."""
        firmware = layout.compiled(self._arch(repl))
        manifest = manifest_of(firmware, minimum=firmware.version).encode()
        inside = {**firmware.files, layout.MANIFEST: manifest}
        slot, running = self._slot(repl, inside)
        wanted = {f"{slot}/{path}": content for path, content in inside.items()}
        wanted[layout.FLOOR] = firmware.version.encode()
        if self._order.update_key is not None:
            wanted[layout.UPDATE_KEY] = self._order.update_key
        stored = self._stored(repl, layout.SETTINGS)
        if self._order.name is not None or not stored:
            wanted[layout.SETTINGS] = layout.settings_with(stored, self._order.name)
        last = {layout.SLOT: slot.encode(), layout.MAIN: layout.STARTER.read_bytes()}
        written = self._put(repl, wanted, firmware.size) + self._put(repl, last, 0)
        if running != slot:
            self._put_away(repl)
        return written, firmware.version

    def _arch(self, repl: Repl) -> str | None:
        mpy = int(repl.ask("getattr(sys.implementation,'_mpy',0)"))
        if mpy & 0xFF != layout.MPY_VERSION:
            raise InputError(
                f"MicroPython on the board runs .mpy files of version {mpy & 0xFF}, not {layout.MPY_VERSION}: give "
                "it a newer one with --image."
            )
        return layout.ARCHS.get(mpy >> 10)

    def _slot(self, repl: Repl, inside: Mapping[str, bytes]) -> tuple[str, str]:
        """(the slot to write, the one that runs now). The one that runs, if it holds just this firmware."""
        running = self._stored(repl, layout.SLOT).decode(errors="replace")
        if running not in layout.SLOTS:
            return "a", ""
        trial = self._stored(repl, layout.TRIAL)
        if not trial and not self._missing(repl, {f"{running}/{path}": content for path, content in inside.items()}):
            return running, running
        return ("b" if running == "a" else "a"), running

    def _stored(self, repl: Repl, path: str) -> bytes:
        script = f"try:\n f=open({path!r},'rb')\n print(binascii.hexlify(f.read()).decode())\nexcept OSError: print()"
        return bytes.fromhex(repl.run(script).strip())

    def _missing(self, repl: Repl, wanted: Mapping[str, bytes]) -> dict[str, bytes]:
        there = repl.hashes(list(wanted))
        return {path: content for path, content in wanted.items() if there[path] != hashlib.sha256(content).hexdigest()}

    def _put(self, repl: Repl, wanted: Mapping[str, bytes], room_for: int) -> int:
        missing = self._missing(repl, wanted)
        total = sum(map(len, missing.values()))
        if room_for:
            self._check_room(repl, total)
        gone = 0

        def done(n: int) -> None:
            nonlocal gone
            gone += n
            self._watch.progress(gone / max(1, total))

        repl.put(missing, done)
        if self._missing(repl, wanted):
            raise BoardFailed(
                f"Files on the board at {self._order.port} read back differently: its flash may be worn out."
            )
        return total

    def _check_room(self, repl: Repl, total: int) -> None:
        free = int(repl.ask("(lambda s:s[0]*s[3])(os.statvfs(''))"))
        if total and free < total + _SPARE_BYTES:
            raise BoardFailed(
                f"The board at {self._order.port} has {free >> 10} KB free and needs {(total + _SPARE_BYTES) >> 10}: "
                "flash it with --erase, which also erases what it recorded."
            )

    def _put_away(self, repl: Repl) -> None:
        """No update is on trial any more, and none half-way here."""
        repl.run(
            f"for p in os.listdir():\n if p in ({layout.TRIAL!r},'failed') or p.startswith('update-'): os.remove(p)"
        )

    # --- what it is, and its keys ---

    def _self_test(self, repl: Repl) -> tuple[Part, ...]:
        slot = self._stored(repl, layout.SLOT).decode()
        said = repl.run(f"sys.path.insert(0,{slot!r})\nfrom evensong_firmware import selftest\nselftest.run()")
        try:
            rows = [json.loads(line) for line in said.splitlines() if line.startswith("[")]
            found = tuple(Part(str(name), {1: True, 0: False}.get(well), str(seen)) for name, well, seen in rows)
        except ValueError:
            found = ()
        if not any(part.name == "board" and part.well for part in found):
            raise BoardFailed(
                f"The firmware on the board at {self._order.port} does not know its own board: {said[:200]!r}."
            )
        return found

    def _give_key(self, repl: Repl, device_id: str) -> None:
        order = self._order
        if order.new_key is None:
            return
        self._watch.step("key")
        if self._key is None and (order.replace_key or not self._stored(repl, WEARABLE_KEY_FILE)):
            self._key = order.new_key(device_id)
        if self._key is not None:
            self._put(repl, {WEARABLE_KEY_FILE: self._key}, 0)
