"""`evensong hub`: run the bedside daemon, look at what it has, take recordings out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli import keyring

if TYPE_CHECKING:
    from evensong.config import HubSettings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings; else $EVENSONG_CONFIG, else ~/.config/evensong/evensong.toml."
    ),
]
JournalPath = Annotated[
    Path | None, typer.Option("--journal", metavar="FILE", help="Another journal than the settings name.")
]


def register(app: typer.Typer) -> None:
    hub = typer.Typer(help="The bedside daemon: wearables in, nights out.", no_args_is_help=True)
    app.add_typer(hub, name="hub")
    for command in (run, status, export, settings):
        hub.command()(command)
    keyring.register(hub)


def run(
    config: Config = None,
    journal: JournalPath = None,
    serial: Annotated[
        list[str] | None, typer.Option("--serial", metavar="PORT", help="Serial port of a wearable; may be repeated.")
    ] = None,
    no_bluetooth: Annotated[bool, typer.Option("--no-bluetooth", help="Leave the Bluetooth adapter alone.")] = False,
) -> None:
    """Run the hub until Ctrl-C or SIGTERM.

    It looks for wearables over Bluetooth Low Energy and on the serial ports it is given, takes in what they recorded,
    stages nights, and sends documents to a Nexus if the settings name one. Everything lies in one journal file; the hub
    may be stopped or killed at any time, and what a wearable was told is safe is never lost.
    """
    import asyncio

    from evensong.clock import SystemClock
    from evensong.hub.daemon import run as run_daemon
    from evensong.hub.logs import configure

    chosen = _settings(config, journal)
    if serial:
        chosen = chosen.model_copy(update={"serial": (*chosen.serial, *serial)})
    if no_bluetooth:
        chosen = chosen.model_copy(update={"bluetooth": False})
    configure(chosen.log, SystemClock())
    asyncio.run(run_daemon(chosen))


def status(
    config: Config = None,
    journal: JournalPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for programs.")] = False,
) -> None:
    """Show wearables, links, nights and their ledger, from the journal. The hub may be running or not.

    The ledger counts samples: taken by the wearable, stored in its flash, transferred into the journal, staged, and
    forwarded to the Nexus. If all five agree, nothing is missing.
    """
    import json

    from evensong.hub.journal import Journal
    from evensong.hub.status import status as look

    with Journal.open(_settings(config, journal).journal, read_only=True) as opened, opened.errors():
        found = look(opened)
    if as_json:
        print(json.dumps(found))
    else:
        from rich.console import Console

        from evensong.cli.hub_status import show

        show(found, Console())


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.evr", help="The recording to write.", dir_okay=False)],
    device: Annotated[
        str | None, typer.Option("--device", metavar="ID", help="16 hex digits; may be left out if there is only one.")
    ] = None,
    incarnation: Annotated[
        str | None, typer.Option(metavar="HEX", help="A timeline from before the wearable was erased; else the latest.")
    ] = None,
    config: Config = None,
    journal: JournalPath = None,
) -> None:
    """Write what a wearable recorded as a recording, frame by frame as it came.

    `evensong stage` on it gives the very digest that the hub has, and `evensong replay` plays it.
    """
    from evensong.errors import InputError
    from evensong.hub.export import export as write
    from evensong.hub.journal import Journal

    with Journal.open(_settings(config, journal).journal, read_only=True) as opened, opened.errors():
        if device is None:
            known = [row[0].hex() for row in opened.db.execute("SELECT device_id FROM device ORDER BY device_id")]
            if len(known) != 1:
                raise InputError(f"Say which wearable with --device: the journal has {', '.join(known) or 'none'}.")
            device = known[0]
        frames = write(opened, _hex(device, 8), out, None if incarnation is None else _hex(incarnation, 4))
    print(f"{out}: {frames} frames")


def settings(config: Config = None) -> None:
    """List every setting with its value and meaning."""
    from rich.console import Console
    from rich.table import Table

    from evensong.config import described, load

    table = Table(box=None, pad_edge=False)
    for title in ("setting", "value", "meaning"):
        table.add_column(title, overflow="fold")
    for row in described(load(config)):
        table.add_row(*row)
    Console().print(table)


def _settings(config: Path | None, journal: Path | None) -> HubSettings:
    from evensong.config import load

    chosen = load(config).hub
    return chosen if journal is None else chosen.model_copy(update={"journal": journal})


def _hex(text: str, length: int) -> bytes:
    from evensong.errors import InputError

    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != length:
        raise InputError(f"{text!r} is not {2 * length} hex digits; `evensong hub status` lists the wearables.")
    return found
