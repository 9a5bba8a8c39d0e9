"""`evensong hub`: run the bedside daemon, look at what it has, take recordings out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for programs.")]


def register(app: typer.Typer) -> None:
    hub = typer.Typer(help="The bedside daemon: wearables in, nights out.", no_args_is_help=True)
    app.add_typer(hub, name="hub")
    hub.command()(run)
    hub.command()(settings)


def run(
    config: Config = None,
    journal: JournalPath = None,
    serial: Annotated[
        list[str] | None,
        typer.Option("--serial", metavar="PORT", help="A serial port with a wearable; may be repeated."),
    ] = None,
    no_bluetooth: Annotated[bool, typer.Option("--no-bluetooth", help="Leave the Bluetooth adapter alone.")] = False,
) -> None:
    """Run the hub until Ctrl-C or SIGTERM.

    It looks for wearables over Bluetooth Low Energy and on the serial ports it is given, takes in what they recorded,
    stages nights, and sends documents to a Nexus if the settings name one. Everything lies in one journal file; the hub
    may be stopped or killed at any time, and nothing that a wearable was told is safe is ever lost.
    """
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


def settings(config: Config = None) -> None:
    """List every setting with its value and meaning."""
    from rich.console import Console
    from rich.table import Table

    from evensong.config import described, load

    table = Table(box=None, pad_edge=False)
    for title in ("setting", "value", "meaning"):
        table.add_column(title, overflow="fold")
    for key, value, meaning in described(load(config)):
        table.add_row(key, value, meaning)
    Console().print(table)


def _settings(config: Path | None, journal: Path | None) -> HubSettings:
    from evensong.config import load

    chosen = load(config).hub
    return chosen if journal is None else chosen.model_copy(update={"journal": journal})
