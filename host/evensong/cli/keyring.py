"""`evensong hub keyring`: which wearables this hub has keys for. No key is ever shown, or taken from an argument."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evensong.hub.keyring import Keyring

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings that name the keyring; else the usual places."),
]


def register(hub: typer.Typer) -> None:
    keyring = typer.Typer(help="The keys of the wearables that this hub talks to.", no_args_is_help=True)
    hub.add_typer(keyring, name="keyring")
    keyring.command(name="list")(show)
    for command in (add, remove):
        keyring.command()(command)


def add(
    name: Annotated[str, typer.Option(help="What to call the wearable.", show_default="no name")] = "",
    config: Config = None,
) -> None:
    """Add a wearable by its label, which is asked for, or read from standard input.

    The label is what flashing printed, as text or in the QR code. A wearable that was just flashed is met at once; one
    that belongs to another hub lets this one in while its wearer says so: hold its button for five seconds. The hub
    before it is revoked by that. A running hub need not be restarted.

    Example: evensong hub keyring add --name Mia
    """
    from evensong.keys import parse_label

    text = typer.prompt("Label", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    device_id, root = parse_label(text)
    _keyring(config).add(device_id, root, name)
    print(f"{device_id.hex()}: added.")


def show(config: Config = None) -> None:
    """List the wearables, and which of their keys this hub has.

    Example: evensong hub keyring list
    """
    keyring = _keyring(config)
    for entry in keyring.entries():
        if entry.root is not None:
            state = "not met yet; one that belongs to another hub needs its button held"
        else:
            state = f"key {min(entry.keys)}"
        print(" ".join(filter(None, (entry.device_id.hex(), entry.name, f"({state})"))))
    if not keyring.entries():
        print(f"No keys in {keyring.path}: `evensong hub keyring add` takes a label.")


def remove(
    device: Annotated[str, typer.Argument(metavar="ID", help="16 hex digits, as `keyring list` shows them.")],
    config: Config = None,
) -> None:
    """Forget a wearable's key: this hub believes nothing more of what is said in its name.

    For a wearable that was lost or stolen. To shut out a hub that was lost, let in another one instead.

    Example: evensong hub keyring remove e5e700000000a001
    """
    from evensong.errors import InputError

    try:
        found = _keyring(config).remove(bytes.fromhex(device))
    except ValueError:
        found = False
    if not found:
        raise InputError(f"There is no key for {device!r}: `evensong hub keyring list` shows those there are.")
    print(f"{device.lower()}: removed.")


def _keyring(config: Path | None) -> Keyring:
    from evensong.config import load
    from evensong.hub.keyring import Keyring

    return Keyring(load(config).hub.keyring)
