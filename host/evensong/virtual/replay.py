"""`replay`: a recording through the whole line - virtual wearable, radio, hub and Nexus - with faults where asked for.

The tape is made from the recording's frames; everything after that is the real thing, on the virtual clock. The same
recording, faults and seed give the same order of events (`ReplayResult.turns_digest`).
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from evensong.errors import EvensongError, InputError, Unavailable, is_no_room
from evensong.hub import documents
from evensong.hub.evening import Evening, evening_of
from evensong.hub.journal import Journal
from evensong.nexus.store import Store
from evensong.recordings import container

from . import conditions, require_linux
from .faults import Fault, parse, schedule
from .heard import Heard
from .interpreters import Interpreter
from .line import JOURNAL, KEYRING, Line, Played
from .reckoning import Reckoning, is_finished, reckon
from .server_process import serve_nexus
from .tape import Tape, tape_of
from .wearable import Hardware
from .world import World

FAULTS_FROM_S = 60.0  # after the first connection
UTC_AT_ZERO_MS = 1_767_304_800_000  # 2026-01-01T22:00:00Z, for recordings that do not say when they were made
ROOM_BYTES = 1 << 20  # less than this, and what failed failed for want of it
NEXUS_STORE = "nexus.sqlite3"


@dataclass(frozen=True)
class ReplayResult:
    """sessions: nights that the Nexus lists. on_tape: samples that the recording holds. interpreter: the firmware's."""

    reckoning: Reckoning
    sessions: int
    on_tape: int
    interpreter: Interpreter
    virtual_s: float
    wall_s: float
    turns_digest: str
    folder: Path | None

    evening: Evening | None = None  # with conditions
    heard: Heard | None = None  # at signal level

    def figures(self) -> dict[str, Any]:
        """The line that `evensong replay --json` ends with."""
        evening = conditions.figures(self.evening) if self.evening else {}
        return {**asdict(self.reckoning), "sessions": self.sessions, "wall_s": round(self.wall_s, 2), **evening}


def replay(
    recording: Path,
    *,
    faults: str = "",
    under: str = "",
    seed: int = 1,
    folder: Path | None = None,
    hardware: Hardware | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> ReplayResult:
    """Play a recording. under: conditions, as `conditions` writes them. folder: a new one that keeps journal, Nexus
    store (`nexus.sqlite3`) and logs; else they go.

    progress: gets the part that is done, 0 to 1. Raises InputError for a recording or faults that cannot be played,
    `Stuck` if the line does not come to its end.
    """
    require_linux()
    wanted = parse(faults)
    found = conditions.parse(under)
    header, tape = _read(recording)
    strikes = schedule(wanted, seed, min(FAULTS_FROM_S, tape.end_ms / 2000), tape.end_ms / 1000)
    utc_ms = _utc_at_start_ms(header, tape)
    hardware = hardware or Hardware(device_id=header.device_id.hex())
    return through(
        conditions.Played(found, tape, utc_ms) if found else tape,
        header,
        utc_at_start_ms=utc_ms,
        on_tape=tape.samples,
        strikes=strikes,
        finished=is_finished,
        reckon=reckon,
        seed=seed,
        folder=folder,
        hardware=hardware,
        progress=progress,
        hub_from_s=tape.end_ms / 1000 + 1 if found and found.hub_away else 0.0,
        look=_evening if found else None,
    )


def through(
    played: Played,
    header: container.RecordingHeader,
    *,
    utc_at_start_ms: int,
    on_tape: int,
    strikes: list[Fault],
    finished: Callable[[Path, int], bool],
    reckon: Callable[[Path], Reckoning],
    seed: int,
    folder: Path | None,
    hardware: Hardware,
    progress: Callable[[float], None],
    hub_from_s: float = 0.0,
    look: Callable[[Path], Evening] | None = None,
    listen: Callable[[Path], Heard] | None = None,
) -> ReplayResult:
    """Play what the wearable senses through the whole line. finished, reckon, look, listen: of the journal's path."""
    began_s = time.monotonic()
    with _kept_in(folder) as here:
        with Store.open(here / NEXUS_STORE) as store, store.errors():
            token = store.enroll("replay")
        with serve_nexus(here / NEXUS_STORE) as url:
            world = World()
            config = _hub_config(here, url, token, seed, header)
            line = Line(world, here, played, config, utc_at_start_ms, hardware, seed, hub_from_s)
            world.run(line.play(strikes, lambda end_ms: finished(line.journal, end_ms), progress))
            sessions = int(httpx.get(f"{url}api/v1/nights", params={"limit": 1}, trust_env=False).json()["total"])
        return ReplayResult(
            reckoning=reckon(line.journal),
            sessions=sessions,
            on_tape=on_tape,
            interpreter=hardware.interpreter,
            virtual_s=world.time(),
            wall_s=time.monotonic() - began_s,
            turns_digest=world.digest(),
            folder=folder,
            evening=look(line.journal) if look else None,
            heard=listen(line.journal) if listen else None,
        )


def _evening(path: Path) -> Evening:
    with Journal.open(path, read_only=True) as journal:
        return evening_of(journal, documents.timelines(journal)[-1][0])


def _read(recording: Path) -> tuple[container.RecordingHeader, Tape]:
    read = container.read(recording)
    tape = tape_of(read.frames, read.header.starts())
    if not tape.samples:
        raise InputError(f"{recording} holds no samples that could be played.")
    return read.header, tape


def _utc_at_start_ms(header: container.RecordingHeader, tape: Tape) -> int:
    if header.utc_at_zero_ms is None:
        return UTC_AT_ZERO_MS
    return header.utc_at_zero_ms - tape.time_zero_ms


def _hub_config(folder: Path, url: str, token: str, seed: int, header: container.RecordingHeader) -> str:
    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)  # TOML quotes as JSON does

    return f"""[hub]
journal = {text(str(folder.resolve() / JOURNAL))}
keyring = {text(str(folder.resolve() / KEYRING))}
seed = {seed}
[hub.nexus]
url = {text(url)}
token = {text(token)}
[hub.origin]
synthetic = {"true" if header.synthetic else "false"}
source = {text(" ".join(filter(None, (header.source, header.source_id)))[:300])}
citation = {text((header.citation or "")[:300])}
"""


@contextlib.contextmanager
def _kept_in(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="evensong-replay-") as made, _told_if_full(Path(made).parent):
            yield Path(made)
        return
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError(f"{folder} is there already: name a new folder, so that nothing gets mixed up.") from None
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    with _told_if_full(folder):
        yield folder


@contextlib.contextmanager
def _told_if_full(folder: Path) -> Iterator[None]:
    """Whoever runs out of room first, Nexus, hub or wearable, would tell of its own file, which nobody asked for."""
    try:
        yield
    except (EvensongError, OSError, httpx.HTTPError):
        if _has_room(folder):
            raise
        raise Unavailable(
            f"There is no room for the replay in {folder}: free some space there, or take a folder on another disk "
            "(--keep names it, TMPDIR where nothing is kept)."
        ) from None


def _has_room(folder: Path) -> bool:
    """Looked for by writing: `statvfs` knows neither quotas nor limits."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(ROOM_BYTES))
    except OSError as error:
        return not is_no_room(error)
    return True
