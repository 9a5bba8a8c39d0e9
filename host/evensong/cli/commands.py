"""All commands, one file for each group of them."""

from __future__ import annotations

from typing import Annotated

import typer

from evensong.cli import (
    beats,
    bench,
    demo,
    doctor,
    evaluation,
    firmware,
    flash,
    hub,
    nexus,
    passports,
    recordings,
    replay,
    staging,
    wearable,
)

app = typer.Typer(
    name="evensong",
    help="An open, local-first sleep and mood monitor whose wearer stays in charge.",
    epilog="First: `evensong demo`, one night from a virtual wearable to the page that shows it. "
    "Then: `evensong synth --out night.evr`, `evensong nights night.evr`, and `--help` behind each command.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph; "rich" keeps their breaks
    pretty_exceptions_enable=False,
)
for group in (
    demo,
    doctor,
    recordings,
    beats,
    staging,
    evaluation,
    passports,
    replay,
    bench,
    flash,
    wearable,
    firmware,
    hub,
    nexus,
):
    group.register(app)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("evensong"))
        raise typer.Exit


@app.callback()
def _evensong(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Print it.")
    ] = False,
) -> None:
    pass
