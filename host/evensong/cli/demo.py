"""`evensong demo`: one synthetic night through the whole line, then the page that shows it."""

from __future__ import annotations

import errno
import signal
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from evensong.cli.nexus import PORT
from evensong.cli.panels import BEGIN
from evensong.cli.switch import switch


def register(app: typer.Typer) -> None:
    @app.command(rich_help_panel=BEGIN)
    def demo(
        leave: Annotated[bool, switch("--exit", "End when the night is over instead of leaving the page up.")] = False,
        signal_level: Annotated[
            bool, switch("--signal", "From waveforms: light and acceleration, chips, drivers. Some minutes.")
        ] = False,
        port: Annotated[
            int, typer.Option(min=0, max=65535, help="Port of the page; if it is taken, any free one.")
        ] = PORT,
    ) -> None:
        """Play a synthetic night from a virtual wearable to the Nexus page, and leave the page up.

        Everything on the way is the real thing: the firmware on MicroPython, a BLE stack over a virtual radio, the hub,
        its journal and stager, the Nexus. Only the wearer is made up: the night is synthetic and says so.

        Example: evensong demo --exit
        """
        import httpx
        from rich.console import Console

        from evensong.cli.replay import play, play_signal, show, show_signal
        from evensong.recordings import DEMO_NIGHT
        from evensong.virtual.replay import NEXUS_STORE
        from evensong.virtual.server_process import serve_nexus

        console = Console()
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evensong-demo-")))
            if signal_level:
                console.print(
                    "Eight synthetic hours as light and acceleration: chips, drivers, beats, wearable, radio, hub, "
                    "stager, Nexus. This takes some minutes."
                )
                result = play_signal(DEMO_NIGHT, keep=home / "night", console=console)
                whole = show_signal(result, console)
            else:
                console.print("Eight synthetic hours: wearable, radio, hub, stager, Nexus. The link is lost once.")
                result = play(DEMO_NIGHT, faults="link:1", seed=1, keep=home / "night", console=console)
                whole = show(result, console)
            store = home / "night" / NEXUS_STORE
            try:
                url = stack.enter_context(serve_nexus(store, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                console.print(f"Port {port} is taken; the page gets another.")
                url = stack.enter_context(serve_nexus(store))
            night = httpx.get(f"{url}api/v1/nights", params={"limit": 1}, trust_env=False).json()["nights"][0]
            console.print(f"The night's page: {url}nights/{night['document_id']}", soft_wrap=True, highlight=False)
            if leave:
                console.print("It goes with the demo; without --exit it stays up until Ctrl-C.")
            else:
                console.print("Ctrl-C ends the demo.")
                _until_told()
            if not whole:
                raise typer.Exit(1)


def _until_told() -> None:
    """Wait for SIGINT or SIGTERM; either ends the demo in order."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
