"""`evensong replay`: a recording through virtual wearable, radio, hub and Nexus, with faults where asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from evensong.virtual.replay import ReplayResult


def register(app: typer.Typer) -> None:
    @app.command()
    def replay(
        recording: Annotated[Path, typer.Argument(metavar="FILE.evr", help="The recording to play.")],
        faults: Annotated[
            str, typer.Option(help="What goes wrong, and how often: link:3,reboot:1,kill-hub:1", metavar="KIND:N,...")
        ] = "",
        conditions: Annotated[
            str,
            typer.Option(
                help="What the flight check finds at lights-off: battery:12,spool:95,clock:-3600,hub:away",
                metavar="NAME:VALUE,...",
            ),
        ] = "",
        seed: Annotated[
            int, typer.Option(help="Decides the instants of the faults; same seed, same order of events.")
        ] = 1,
        as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON on standard output.")] = False,
        keep: Annotated[
            Path | None, typer.Option(help="Keep journal, export and logs in this new folder.", metavar="DIR")
        ] = None,
    ) -> None:
        """Play a recording through the whole line on a virtual clock: eight hours take some seconds.

        The real firmware runs on MicroPython, the hub and the Nexus are processes of their own; between them lies a
        virtual radio. What happened to every sample is printed at the end. Exit status 1 if a sample was lost
        that no fault explains.
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
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from evensong.virtual.replay import replay

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Starting wearable, hub and Nexus", total=1.0)
        playing = f"Playing {recording.name}"
        return replay(
            recording,
            faults=faults,
            under=under,
            seed=seed,
            folder=keep,
            progress=lambda done: progress.update(task, completed=done, description=playing),
        )


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
    if result.interpreter != "micropython":
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
