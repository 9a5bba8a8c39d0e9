"""`evensong flash`: from a bare ESP32 board to a tested wearable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli.panels import BEDSIDE
from evensong.cli.switch import switch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from evensong.flashing.image import Image
    from evensong.flashing.job import Flashed, Watcher


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=BEDSIDE)(flash)


def flash(
    port: Annotated[
        str | None,
        typer.Option("--port", metavar="PORT", help="Path or rfc2217://HOST:PORT; else the one there is."),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="FILE|URL", help="MicroPython for this chip; left out, what is there stays."),
    ] = None,
    sha256: Annotated[str | None, typer.Option(metavar="HEX", help="What the image's SHA-256 has to be.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the wearable is called, at most 20 bytes.")] = None,
    update_key: Annotated[
        Path | None,
        typer.Option("--update-key", metavar="FILE", help="Take updates by radio that this key signed (firmware key)."),
    ] = None,
    replace_key: Annotated[
        bool, switch("--replace-key", "A new key and label; hubs that had the old one have to add it again.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings of the hub that gets the key."),
    ] = None,
    erase: Annotated[
        bool, switch("--erase", "Erase everything first, what was recorded and its keys too; needs --image.")
    ] = False,
) -> None:
    """Make a wearable of an ESP32 board: MicroPython, the firmware, a name, a test of its parts, a key with its label.

    It may be repeated at any time, also after a cable that was pulled: what is there already is not written again, and
    a wearable keeps its settings and what it recorded. While a board is away, the command waits for it.

    Example: evensong flash --image ESP32_GENERIC_S3.bin --name Mia --update-key updates.key
    """
    from rich.console import Console

    from evensong.config import load
    from evensong.errors import InputError
    from evensong.flashing import job, loader
    from evensong.flashing.bundle import public_part
    from evensong.flashing.port import check_usable, choose
    from evensong.hub.link.serial import usb_ports

    loader.check_installed()
    if name is not None and len(name.encode()) > job.MOST_NAME_BYTES:
        raise InputError(f"The name {name!r} has more than {job.MOST_NAME_BYTES} bytes: the radio has no room for it.")
    if erase and image is None:
        raise InputError("After --erase the board is empty: give it MicroPython with --image.")
    chosen = _image(image, sha256)
    key = public_part(update_key) if update_key else None
    port = port or choose(usb_ports())
    check_usable(port)
    labels = _Labels(load(config).hub.keyring, name or "")
    console = Console(file=sys.stdout)  # the very file: mpremote's prints are kept out by replacing sys.stdout
    if erase:
        console.print(f"Erasing the board at {port} ...")
        loader.erase(port)
    with _Bars(console) as watcher:
        order = job.Order(port, chosen, name, key, labels.new_key, replace_key or erase)
        flashed = job.Job(order, watcher).run()
    _show(flashed, console)
    labels.show(console)
    if any(part.well is False for part in flashed.parts):
        raise typer.Exit(1)


def _image(image: str | None, sha256: str | None) -> Image | None:
    from evensong.errors import InputError
    from evensong.flashing.image import fetch, load

    if image is None:
        return None
    if image.startswith(("http://", "https://")):
        if sha256 is None:
            raise InputError("An image from the network needs its --sha256: anybody between could replace it.")
        return fetch(image, sha256)
    return load(Path(image), sha256)


class _Labels:
    """Makes a wearable's key: into this computer's keyring before the wearable has it, and on a label at the end."""

    def __init__(self, keyring: Path, name: str) -> None:
        self._keyring = keyring
        self._name = name
        self._label: str | None = None

    def new_key(self, device_id: str) -> bytes:
        from evensong.hub.keyring import Keyring
        from evensong.keys import label_of, new_root, wearable_key_file

        device, root = bytes.fromhex(device_id), new_root()
        Keyring(self._keyring).add(device, root, self._name)
        self._label = label_of(device, root)
        return wearable_key_file(root, device)

    def show(self, console: Console) -> None:
        """Once, and only to a person: it opens the wearable for whoever reads it."""
        if self._label is None:
            return
        if not console.is_terminal:
            console.print(f"Its key is in {self._keyring}; the label is shown on a terminal only (--replace-key).")
            return
        import segno

        print("\nThe wearable's label. It lets another hub in: print it or copy it, and keep it as you would a key.\n")
        segno.make(self._label, error="m").terminal(compact=True)
        print(f"\n{self._label}")


class _Bars:
    """A `Watcher` that draws a bar for each step."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._console = console
        self._bars = Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False)
        self._now: TaskID | None = None

    def __enter__(self) -> Watcher:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._bars.stop()

    def _end(self) -> None:
        if self._now is not None:
            self._bars.update(self._now, completed=1.0)
            self._bars.stop_task(self._now)

    def step(self, what: str) -> None:
        self._end()
        self._now = self._bars.add_task(what, total=1.0)

    def progress(self, fraction: float) -> None:
        if self._now is not None:
            self._bars.update(self._now, completed=fraction)

    def unplugged(self, port: str) -> None:
        self._now = None
        self._console.print(f"The board at {port} went away: plug it in again, this goes on by itself.")


def _show(flashed: Flashed, console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for part in flashed.parts:
        mark = {True: "[green]ok[/]", False: "[red]broken[/]", None: "[yellow]absent[/]"}[part.well]
        table.add_row(mark, escape(part.name), escape(part.seen))
    console.print(table)
    console.print(f"Firmware {flashed.version} on {escape(flashed.chip)}; this wearable is {flashed.device_id}.")
