"""`evensong nexus`: run the service, and say which hubs may send nights to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from evensong.cli.panels import BEDSIDE

PORT = 8420


def default_store() -> Path:
    """Where a Nexus keeps its nights unless told otherwise: the user's data folder (XDG base directories)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "evensong" / "nexus.sqlite3"


StorePath = Annotated[
    Path,
    typer.Option(
        "--store",
        default_factory=default_store,
        show_default="nexus.sqlite3 in ~/.local/share/evensong",
        help="SQLite file of the nights; made if there is none.",
        dir_okay=False,
    ),
]
HubName = Annotated[str, typer.Argument(help="What you call the hub, such as `bedroom`.")]


def register(app: typer.Typer) -> None:
    nexus = typer.Typer(help="Keep nights from hubs and show them, on this machine.", no_args_is_help=True)
    app.add_typer(nexus, name="nexus", rich_help_panel=BEDSIDE)
    nexus.command()(run)
    nexus.command()(enroll)
    nexus.command()(hubs)
    nexus.command()(revoke)


def run(
    store: StorePath,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes any free one.")] = PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on: the loopback, until there are accounts.")
    ] = "127.0.0.1",
    fd: Annotated[
        int | None, typer.Option(min=3, help="Take over a listening socket instead, from the process that starts this.")
    ] = None,
) -> None:
    """Run the Nexus: pages for people, an API for hubs.

    It listens on this machine only. Stop it with Ctrl-C or SIGTERM; requests under way are finished first.
    Begin by enrolling a hub in another terminal: `evensong nexus enroll bedroom`.

    Example: evensong nexus run --port 8420
    """
    from evensong.nexus.serve import inherit, listen, open_and_serve

    def started(address: str) -> None:
        print(f"Evensong Nexus: {address}  (nights in {store}; Ctrl-C stops it)", flush=True)

    open_and_serve(store, listen(port, host) if fd is None else inherit(fd), started)


def enroll(name: HubName, store: StorePath) -> None:
    """Let a hub send nights: prints its token, once.

    Put the token into the hub's evensong.toml. Only a fingerprint of it is kept here: if it is lost, revoke and enroll
    again. Output is the token alone, so that scripts can read it; what to do with it goes to standard error.

    Example: evensong nexus enroll bedroom
    """
    from evensong.nexus.store import Store

    with Store.open(store) as opened, opened.errors():
        token = opened.enroll(name)
    print(f"Token of {name}, shown only now; it goes into the hub's evensong.toml, under [hub.nexus]:", file=sys.stderr)
    print(token)


def hubs(store: StorePath) -> None:
    """List the hubs that were ever enrolled, and how many nights each has sent.

    Example: evensong nexus hubs
    """
    from evensong.nexus.store import Store

    with Store.open(store) as opened, opened.errors():
        found = opened.hubs()
    if not found:
        print("No hub is enrolled yet: `evensong nexus enroll bedroom` does it.", file=sys.stderr)
    for hub in found:
        nights = "1 night" if hub.nights == 1 else f"{hub.nights} nights"
        print(f"{hub.name}\t{nights}\t{'revoked' if hub.revoked else 'enrolled'}")


def revoke(name: HubName, store: StorePath) -> None:
    """Take a hub's token back: it can send nothing more. Its nights stay, and are its own if it is enrolled again.

    Example: evensong nexus revoke bedroom
    """
    from evensong.nexus.store import Store

    with Store.open(store) as opened, opened.errors():
        opened.revoke(name)
    print(f"{name} is revoked.", file=sys.stderr)
