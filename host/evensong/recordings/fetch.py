"""Fetch the open data sets from PhysioNet: only the files that importers read, resumable, checked by SHA-256.

The list of files and their hashes is the project's own SHA256SUMS.txt. A file is written beside its place as `.part`,
continued from there next time, and renamed when its hash is right; so whatever has its name is whole.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx

from evensong.errors import InputError, Unavailable

PHYSIONET = "https://physionet.org/files"
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class DataSet:
    """path: of the version below PHYSIONET. wanted: which of its files importers read. size: what they come to."""

    path: str
    wanted: re.Pattern[str]
    size: str


DATA_SETS = {
    "sleep-accel": DataSet("sleep-accel/1.0.0", re.compile(r"(heart_rate|labels|motion)/[^/]+\.txt"), "2.4 GB"),
    "slpdb": DataSet("slpdb/1.0.0", re.compile(r"slp\w+\.(hea|ecg|st)"), "1 MB"),
    "mmash": DataSet("mmash/1.0.0", re.compile(r"MMASH\.zip"), "24 MB"),
}


def fetch(
    name: str,
    directory: Path,
    only: str = "",
    *,
    base: str = PHYSIONET,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> int:
    """Fetch a data set's files into a folder; return how many were missing there.

    only: part of a path, to fetch some of them. progress is told file, bytes so far and bytes in all (0: unknown).

    Raises:
        InputError: there is no such set, nothing in it matches, or what came is not what it should be.
        Unavailable: the server cannot be reached.
    """
    if name not in DATA_SETS:
        raise InputError(f"There is no open data set {name!r}: there are {', '.join(DATA_SETS)}.")
    data_set = DATA_SETS[name]
    root = f"{base}/{data_set.path}"
    try:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
            sums = client.get(f"{root}/SHA256SUMS.txt").raise_for_status().text
            wanted = {path: sha for path, sha in _listed(sums) if data_set.wanted.fullmatch(path) and only in path}
            if not wanted:
                raise InputError(f"{name} has no file whose path contains {only!r}.")
            missing = {path: sha for path, sha in wanted.items() if not (directory / path).is_file()}
            for path, sha in missing.items():
                _fetch_file(client, f"{root}/{path}", directory / path, sha, progress)
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"{error.request.url} answered {error.response.status_code}: try again later.", 60) from None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"{httpx.URL(base).host} cannot be reached ({type(error).__name__}): check the network and run this again, "
            "it goes on where it stopped.",
            60,
        ) from None
    except OSError as error:
        raise InputError(f"{directory} cannot be written: {error.strerror or error}.") from None
    if name == "mmash":
        _unpack(directory / "MMASH.zip", directory)
    return len(missing)


def _listed(sums: str) -> list[tuple[str, str]]:
    """Return (path, SHA-256) of each line `hash path` that stays below the folder it is fetched to."""
    rows = [row.split(maxsplit=1) for row in sums.splitlines()]
    return [
        (row[1].lstrip("*").strip(), row[0].lower())
        for row in rows
        if len(row) == 2 and re.fullmatch(r"[0-9a-fA-F]{64}", row[0]) and ".." not in row[1]
    ]


def _fetch_file(
    client: httpx.Client, url: str, place: Path, sha: str, progress: Callable[[str, int, int], None]
) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(place.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
        if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:  # else it is whole already
            response.raise_for_status()
            resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
            have = have if resumed else 0
            total = have + int(response.headers.get("Content-Length", -have))
            with part.open("ab" if resumed else "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    have += len(chunk)
                    progress(place.name, have, total)
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha:
        part.unlink()
        raise InputError(f"{url} is not the file that SHA256SUMS.txt lists: it was deleted, run this again.")
    part.replace(place)


def _unpack(archive: Path, directory: Path) -> None:
    """Unpack MMASH's tables, and nothing else that an archive may hold."""
    try:
        with zipfile.ZipFile(archive) as package:
            for member in package.infolist():
                inner = re.search(r"(DataPaper/user_\d+/\w+\.csv)$", PurePosixPath(member.filename).as_posix())
                if inner and not (directory / inner[1]).exists():
                    (directory / inner[1]).parent.mkdir(parents=True, exist_ok=True)
                    (directory / inner[1]).write_bytes(package.read(member))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{archive} cannot be unpacked ({error}): delete it and run this again.") from None
