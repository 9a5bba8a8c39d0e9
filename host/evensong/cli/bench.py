"""`evensong bench`: figures with what they were measured on; the last line of each is one JSON object."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import typer

from evensong.cli.panels import FIGURES

Figures = dict[str, Any]


def register(app: typer.Typer) -> None:
    bench = typer.Typer(help="Measure, and print figures; the last line is one JSON object.", no_args_is_help=True)
    app.add_typer(bench, name="bench", rich_help_panel=FIGURES)

    @bench.command()
    def wire() -> None:
        """Size of beats and of a night on the wire, and the speed of decoding. Reads EVENSONG_DATA.

        Example: evensong bench wire
        """
        from evensong.cli.bench_wire import run

        _print(run)

    @bench.command()
    def firmware() -> None:
        """Least heap, allocation and instructions per sample of the firmware on MicroPython.

        Example: evensong bench firmware
        """
        from evensong.cli.bench_firmware import run

        _print(run)

    @bench.command()
    def staging() -> None:
        """Time and size of staging a night, and whether its bits are the specified ones. Reads EVENSONG_DATA.

        Example: evensong bench staging
        """
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # one core; read when numpy is imported
        from evensong.cli.bench_staging import run

        _print(run)


def _print(run: Callable[[], Figures]) -> None:
    figures = run()
    print(json.dumps(figures))
