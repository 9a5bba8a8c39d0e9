"""Options that several commands of `evensong hub` have, and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evensong.config import HubSettings
    from evensong.hub.journal import Journal

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings; else $EVENSONG_CONFIG, else ~/.config/evensong/evensong.toml."
    ),
]
JournalPath = Annotated[
    Path | None, typer.Option("--journal", metavar="FILE", help="Another journal than the settings name.")
]
Device = Annotated[
    str | None, typer.Option("--device", metavar="ID", help="16 hex digits; may be left out if there is only one.")
]


def settings_of(config: Path | None, journal: Path | None) -> HubSettings:
    from evensong.config import load

    chosen = load(config).hub
    return chosen if journal is None else chosen.model_copy(update={"journal": journal})


def chosen_device(journal: Journal, device: str | None) -> bytes:
    """The wearable that is meant. InputError if that is not clear."""
    from evensong.errors import InputError

    if device is None:
        known = [row[0].hex() for row in journal.db.execute("SELECT device_id FROM device ORDER BY device_id")]
        if len(known) != 1:
            raise InputError(f"Say which wearable with --device: the journal has {', '.join(known) or 'none'}.")
        device = known[0]
    return hex_of(device, 8)


def hex_of(text: str, length: int) -> bytes:
    from evensong.errors import InputError

    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != length:
        raise InputError(f"{text!r} is not {2 * length} hex digits; `evensong hub status` lists the wearables.")
    return found
