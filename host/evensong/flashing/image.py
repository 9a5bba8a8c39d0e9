"""MicroPython's images as they are published, for one chip each: one file from the bootloader's offset on.

Ours has one thing more, a partition `spool` for the samples: 512 KiB at the end of the one for files, which is made
smaller by as much. Everything else in an image stays byte for byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from evensong.errors import InputError, Unavailable

from . import partitions
from .partitions import APP, DATA, Partition

IMAGE_MAGIC = 0xE9  # of the bootloader, and of the application
SPOOL_BYTES = 512 << 10
SPOOL = "spool"
UNDEFINED = 0x06  # subtype of data partitions that are nobody else's business
_HEADER_BYTES = 24
_MOST_BYTES = 16 << 20
_FLASH_BYTES = 4 << 20


@dataclass(frozen=True)
class ChipKind:
    """name: as esptool says it. offset: of the bootloader in flash. arch: as mpy-cross says it, for native code."""

    name: str
    image_chip_id: int
    offset: int
    arch: str


# Ids and offsets as in esptool's targets; what MicroPython's `sys.implementation._mpy` calls the architecture.
KINDS = {
    kind.name: kind
    for kind in (
        ChipKind("ESP32", 0, 0x1000, "xtensawin"),
        ChipKind("ESP32-S3", 9, 0, "xtensawin"),
        ChipKind("ESP32-C3", 5, 0, "rv32imc"),
    )
}


@dataclass(frozen=True)
class Image:
    kind: ChipKind
    content: bytes
    name: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def load(path: Path, sha256: str | None = None) -> Image:
    """Raises InputError if it cannot be read, is no image for a chip of ours, or has another hash."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"The image {path} cannot be read: {error.strerror or error}.") from error
    return checked(content, path.name, sha256)


def fetch(url: str, sha256: str, transport: httpx.BaseTransport | None = None) -> Image:
    """Download an image. Without the right hash it is not used."""
    content = bytearray()
    try:
        with (
            httpx.Client(transport=transport, timeout=30, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise InputError(f"{url} is larger than any image: nothing was flashed.")
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"{url} cannot be fetched: the server answers {error.response.status_code}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{url} cannot be fetched: {error}.") from error
    return checked(bytes(content), url.rsplit("/", 1)[-1], sha256)


def checked(content: bytes, name: str, sha256: str | None) -> Image:
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256.lower():
        raise InputError(
            f"{name} is not the image it should be (its SHA-256 is {hashlib.sha256(content).hexdigest()}): nothing was "
            "flashed."
        )
    return Image(_kind_of(content, name), content, name)


def _kind_of(content: bytes, name: str) -> ChipKind:
    if len(content) < _HEADER_BYTES or content[0] != IMAGE_MAGIC:
        raise InputError(f"{name} is no image for an ESP32: take a .bin file from micropython.org/download.")
    chip_id = int.from_bytes(content[12:14], "little")
    for kind in KINDS.values():
        if kind.image_chip_id == chip_id:
            try:
                table = partitions.read(_table_in(content, kind))
            except ValueError:
                break
            apps = [part.offset - kind.offset for part in table if part.kind == APP]
            if (
                any(part.label == "vfs" for part in table)
                and apps
                and content[apps[0] : apps[0] + 1] == bytes([IMAGE_MAGIC])
            ):
                return kind
    known = ", ".join(KINDS)
    raise InputError(
        f"{name} is no whole MicroPython image for one of {known}: take a .bin from micropython.org/download."
    )


def _table_in(content: bytes, kind: ChipKind) -> bytes:
    at = partitions.TABLE_OFFSET - kind.offset
    return content[at : at + partitions.TABLE_BYTES]


def with_spool(image: Image) -> Image:
    """The image with a partition for the spool. The same for an image that has one."""
    table = partitions.read(_table_in(image.content, image.kind))
    if any(part.label == SPOOL for part in table):
        return image
    at = partitions.TABLE_OFFSET - image.kind.offset
    content = bytearray(image.content)
    content[at : at + partitions.TABLE_BYTES] = partitions.write(_with_spool(table))
    return replace(image, content=bytes(content))


def _with_spool(table: list[Partition]) -> list[Partition]:
    """The one for files is cut to what 4 MB hold, and gives the spool its end."""
    changed: list[Partition] = []
    for part in table:
        if part.label != "vfs":
            changed.append(part)
            continue
        end = min(part.offset + part.size, _FLASH_BYTES)
        changed.append(replace(part, size=end - SPOOL_BYTES - part.offset))
        changed.append(Partition(DATA, UNDEFINED, end - SPOOL_BYTES, SPOOL_BYTES, SPOOL))
    return changed
