"""The hub's keys: one small file for its owner only, and which key answers a wearable's challenge.

The file is replaced as a whole and synchronised, under a lock that the daemon and the command line share; it is read
again at every challenge, so a label added while the hub runs counts at once. Keys leave it for `Channel.prove` only.

A wearable's entry holds the label's secret until the first session that proves a key, then never again: a hub that is
stolen cannot use the label. `keys` are by epoch: the one in use, and the one that a change under way may have led to.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evensong.errors import ConfigError
from evensong_wire.models import Challenge
from evensong_wire.sealing import first_key

FORMAT = "evensong-keyring"
ROTATE_AFTER_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Entry:
    """root: the label's secret, until a session has proved a key. keys: by epoch. since_utc_ms: when the newest key was
    first proved."""

    device_id: bytes
    name: str = ""
    root: bytes | None = field(default=None, repr=False)
    keys: dict[int, bytes] = field(default_factory=dict, repr=False)
    since_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The key to prove; by_label: it is the label's, and the wearable's wearer has to let this hub in."""

    key: bytes = field(repr=False)
    by_label: bool = False


def answer_to(challenge: Challenge, entry: Entry | None) -> Answer | str:
    """Which key answers, or a sentence why none does."""
    epoch = challenge.key_epoch
    if epoch == 0:
        return "it has no key and does not talk without one: flash it, or set `open` in its settings"
    if entry is None:
        return "this hub has no key for it: `evensong hub keyring add` takes the one on its label"
    if entry.root is not None and challenge.adopting:
        return Answer(entry.root, by_label=True)
    if epoch in entry.keys:
        return Answer(entry.keys[epoch])
    if entry.root is not None:
        return "it belongs to another hub: hold its button for five seconds to let this one in"
    if epoch > max(entry.keys, default=0):
        return (
            f"this hub's key was revoked: another hub was let in (key {epoch}, this hub has {max(entry.keys)}); "
            "to let this one in again, `evensong hub keyring add` and hold its button"
        )
    return f"its key {epoch} is older than this hub's: it was flashed again, so add its new label"


class Keyring:
    """path: made with the first entry. Every method raises ConfigError, in a sentence without secrets, if the file
    cannot be used or can be read by others."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[Entry]:
        """In order of their ids."""
        return [entry for _, entry in sorted(self._read().items())]

    def of(self, device_id: bytes) -> Entry | None:
        return self._read().get(device_id)

    def mark(self) -> int:
        """Differs after every change."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0

    def add(self, device_id: bytes, root: bytes, name: str = "") -> None:
        """A wearable by its label; what was known of it before is forgotten."""
        with self._changed() as entries:
            entries[device_id] = Entry(device_id, name, root, {1: first_key(root, device_id)})

    def remove(self, device_id: bytes) -> bool:
        """False if there was none."""
        with self._changed() as entries:
            return entries.pop(device_id, None) is not None

    def prepare(self, device_id: bytes, epoch: int, key: bytes) -> None:
        """Keep the key that a change may lead to, before the wearable hears of it."""
        with self._changed() as entries:
            entry = entries[device_id]
            entries[device_id] = replace(entry, keys={**entry.keys, epoch: key})

    def proved(self, device_id: bytes, epoch: int, utc_ms: int) -> None:
        """A session with the key of this epoch, or one that led to it, was proved by both sides: older keys and the
        label's secret go."""
        entry = self.of(device_id)
        if entry is None or (entry.root is None and min(entry.keys) == epoch and entry.since_utc_ms is not None):
            return
        with self._changed() as entries:
            entry = entries[device_id]
            fresh = entry.since_utc_ms is None or min(entry.keys) < epoch
            entries[device_id] = replace(
                entry,
                root=None,
                keys={number: key for number, key in entry.keys.items() if number >= epoch},
                since_utc_ms=utc_ms if fresh else entry.since_utc_ms,
            )

    def rotation_due(self, device_id: bytes, epoch: int, utc_ms: int) -> bool:
        """The first key could be derived from the label by whoever reads it; later ones age."""
        entry = self.of(device_id)
        if entry is None or entry.since_utc_ms is None:
            return False
        return epoch == 1 or utc_ms - entry.since_utc_ms >= ROTATE_AFTER_MS

    @contextlib.contextmanager
    def _changed(self) -> Iterator[dict[bytes, Entry]]:
        """Change the entries within; they are durable afterwards."""
        with self._sentences():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(self.path.name + ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                entries = self._read()
                yield entries
                self._write(entries)

    def _read(self) -> dict[bytes, Entry]:
        with self._sentences():
            try:
                with self.path.open("rb") as file:
                    if os.fstat(file.fileno()).st_mode & 0o077:
                        raise ConfigError(f"Others may read the keys in {self.path}: `chmod 600 {self.path}`.")
                    text = file.read()
            except FileNotFoundError:
                return {}
        try:
            document = json.loads(text)
            if document["format"] != FORMAT or document["version"] != 1:
                raise ValueError
            return {entry.device_id: entry for entry in map(_entry, document["wearables"].items())}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"{self.path} is not a keyring that this version can read: move it aside and add the labels again."
            ) from None

    def _write(self, entries: dict[bytes, Entry]) -> None:
        document = {
            "format": FORMAT,
            "version": 1,
            "wearables": {entry.device_id.hex(): _plain(entry) for _, entry in sorted(entries.items())},
        }
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(f"The keyring {self.path} cannot be used: {error.strerror}.") from error


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "label": entry.root.hex() if entry.root else None,
        "keys": {str(epoch): key.hex() for epoch, key in sorted(entry.keys.items())},
        "since_utc_ms": entry.since_utc_ms,
    }


def _entry(item: tuple[str, dict[str, Any]]) -> Entry:
    device_id, plain = item
    keys = {int(epoch): bytes.fromhex(key) for epoch, key in plain["keys"].items()}
    root = bytes.fromhex(plain["label"]) if plain["label"] is not None else None
    return Entry(bytes.fromhex(device_id), str(plain["name"]), root, keys, plain["since_utc_ms"])
