"""`evensong hub`: run the bedside daemon, look at what it has, take recordings out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evensong.cli import keyring, tell
from evensong.cli.hub_options import Config, Device, JournalPath, chosen_device, hex_of, settings_of
from evensong.cli.panels import BEDSIDE
from evensong.cli.switch import switch


def register(app: typer.Typer) -> None:
    hub = typer.Typer(help="The bedside daemon: wearables in, nights out.", no_args_is_help=True)
    app.add_typer(hub, name="hub", rich_help_panel=BEDSIDE)
    for command in (run, status, export, settings):
        hub.command()(command)
    keyring.register(hub)
    tell.register(hub)


def run(
    config: Config = None,
    journal: JournalPath = None,
    serial: Annotated[
        list[str] | None, typer.Option("--serial", metavar="PORT", help="Serial port of a wearable; may be repeated.")
    ] = None,
    no_bluetooth: Annotated[bool, switch("--no-bluetooth", "Leave the Bluetooth adapter alone.")] = False,
) -> None:
    """Run the hub until Ctrl-C or SIGTERM.

    It looks for wearables over Bluetooth Low Energy and on the serial ports it is given, takes in what they recorded,
    stages nights, and sends documents to a Nexus if the settings name one. Everything lies in one journal file; the hub
    may be stopped or killed at any time, and what a wearable was told is safe is never lost.

    Example: evensong hub run --config evensong.toml
    """
    import asyncio

    from evensong.clock import SystemClock
    from evensong.hub.daemon import run as run_daemon
    from evensong.hub.logs import configure

    chosen = settings_of(config, journal)
    if serial:
        chosen = chosen.model_copy(update={"serial": (*chosen.serial, *serial)})
    if no_bluetooth:
        chosen = chosen.model_copy(update={"bluetooth": False})
    configure(chosen.log, SystemClock())
    asyncio.run(run_daemon(chosen))


def status(
    config: Config = None,
    journal: JournalPath = None,
    as_json: Annotated[bool, switch("--json", "One JSON object on standard output, for programs.")] = False,
) -> None:
    """Show wearables, links, nights and their ledger, from the journal. The hub may be running or not.

    The ledger counts samples: taken by the wearable, stored in its flash, transferred into the journal, staged, and
    forwarded to the Nexus. If all five agree, nothing is missing.

    Example: evensong hub status --config evensong.toml
    """
    import json

    from evensong.hub.journal import Journal
    from evensong.hub.status import status as look

    chosen = settings_of(config, journal)
    with Journal.open(chosen.journal, read_only=True) as opened, opened.errors():
        found = look(opened, chosen.battery_mah)
    if as_json:
        print(json.dumps(found))
    else:
        from rich.console import Console

        from evensong.cli.hub_status import show

        show(found, Console())


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.evr", help="The recording to write.", dir_okay=False)],
    device: Device = None,
    incarnation: Annotated[
        str | None, typer.Option(metavar="HEX", help="A timeline from before the wearable was erased; else the latest.")
    ] = None,
    config: Config = None,
    journal: JournalPath = None,
) -> None:
    """Write what a wearable recorded as a recording, frame by frame as it came.

    `evensong stage` on it gives the very digest that the hub has, and `evensong replay` plays it.

    Example: evensong hub export --config evensong.toml --out night.evr
    """
    from evensong.hub.export import export as write
    from evensong.hub.journal import Journal

    with Journal.open(settings_of(config, journal).journal, read_only=True) as opened, opened.errors():
        which = chosen_device(opened, device)
        frames = write(opened, which, out, None if incarnation is None else hex_of(incarnation, 4))
    print(f"{out}: {frames} frames")


def settings(config: Config = None) -> None:
    """List every setting with its value and meaning.

    Example: evensong hub settings --config evensong.toml
    """
    from rich.console import Console
    from rich.table import Table

    from evensong.config import described, load

    table = Table(box=None, pad_edge=False)
    for title in ("setting", "value", "meaning"):
        table.add_column(title, overflow="fold")
    for row in described(load(config)):
        table.add_row(*row)
    Console().print(table)
