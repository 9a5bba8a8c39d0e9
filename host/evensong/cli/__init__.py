"""The command line: one file for each group of commands. A person's mistake costs one sentence and exit status 1."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from evensong.cli import (
    beats,
    bench,
    demo,
    doctor,
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
from evensong.errors import EvensongError

# Before NumPy comes, which each command imports for itself. Staging multiplies small matrices: a second thread costs
# more than it gives, a third of the time of a night on two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="evensong",
    help="An open, local-first sleep and mood monitor whose wearer stays in charge.",
    epilog="Begin with `evensong demo`: one night from a virtual wearable to the Nexus page.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph; "rich" keeps their breaks
    pretty_exceptions_enable=False,
)
for group in (
    demo,
    recordings,
    beats,
    staging,
    passports,
    replay,
    hub,
    flash,
    wearable,
    firmware,
    nexus,
    bench,
    doctor,
):
    group.register(app)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("evensong"))
        raise typer.Exit


@app.callback()
def _evensong(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; the entry point that `pyproject.toml` names."""
    try:
        app()
    except EvensongError as error:
        print(f"evensong: {error.message}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("evensong: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away: `evensong ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
