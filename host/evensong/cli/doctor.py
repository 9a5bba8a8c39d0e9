"""`evensong doctor`: what this machine has and what it lacks, each in one sentence with what to do."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import typer

from evensong.cli.panels import BEGIN
from evensong.errors import EvensongError

FREE_BYTES_WANTED = 200 << 20  # a year of nights is about 20 MB; the rest is for SQLite and the logs


@dataclass(frozen=True, slots=True)
class Finding:
    """well: True good, False missing, None not needed by everyone and missing here."""

    what: str
    well: bool | None
    sentence: str


def register(app: typer.Typer) -> None:
    @app.command(rich_help_panel=BEGIN)
    def doctor() -> None:
        """Look for what this machine lacks: Python parts, MicroPython, Bluetooth, serial ports, disk, recordings.

        Ends with exit status 1 if something that a hub needs is missing.

        Example: evensong doctor
        """
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        findings = list(examine())
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in findings:
            mark = {True: "[green]ok[/]", False: "[red]missing[/]", None: "[yellow]absent[/]"}[finding.well]
            table.add_row(mark, finding.what, escape(finding.sentence))
        Console().print(table)
        if any(finding.well is False for finding in findings):
            raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    yield Finding("Python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}.")
    yield _part("demo and replays", ("bumble",), "virtual")
    yield _micropython()
    yield _part("Nexus", ("fastapi", "sqlalchemy", "alembic", "uvicorn", "jinja2"), "nexus")
    yield _part("WFDB recordings", ("wfdb",), "formats")
    yield _told("Bluetooth", _bluetooth)
    yield _told("serial ports", _serial)
    yield _disk()
    yield _recordings()


def _part(what: str, modules: tuple[str, ...], extra: str) -> Finding:
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return Finding(what, True, "Installed.")
    return Finding(what, None, f"{', '.join(missing)} not installed: pip install -e '.[{extra}]' in your clone.")


def _micropython() -> Finding:
    if find_spec("micropython_unix") is None:
        return Finding("MicroPython", None, "Not found; the virtual wearable then runs its firmware under CPython.")
    from evensong.virtual.interpreters import command_of

    version = "import sys; print('.'.join(str(n) for n in sys.implementation.version[:3]))"
    command = [*command_of("micropython"), "-c", version]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    if done.returncode:
        return Finding("MicroPython", False, f"It does not run here: {done.stderr.strip() or done.returncode}.")
    return Finding("MicroPython", True, f"{done.stdout.strip()}, as the virtual wearable runs it.")


def _told(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except EvensongError as error:
        return Finding(what, None, error.message)


def _bluetooth() -> str:
    import asyncio

    from evensong.hub.link.ble import check_adapter

    asyncio.run(check_adapter())
    return "An adapter is there and powered."


def _serial() -> str:
    from evensong.hub.link.serial import list_ports

    ports = list_ports()
    return f"{', '.join(ports)}." if ports else "None; a wearable on a USB cable would show up here."


def _disk() -> Finding:
    home = Path.home()
    free = shutil.disk_usage(home).free
    if free < FREE_BYTES_WANTED:
        return Finding("disk", False, f"Only {free >> 20} MB free at {home}: a journal that cannot grow loses nights.")
    return Finding("disk", True, f"{free >> 30} GB free at {home}.")


def _recordings() -> Finding:
    from evensong.recordings import data_folder

    folder = data_folder()
    if folder.is_dir():
        return Finding("recordings", True, f"At {folder}.")
    return Finding("recordings", None, f"None at {folder}: set EVENSONG_DATA to run tests and figures on real nights.")
