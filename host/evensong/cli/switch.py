"""Options that take no value: given or not."""

from __future__ import annotations

from typing import Any

import typer


def switch(name: str, says: str) -> Any:
    """As `typer.Option`, which would put `<bool>` behind the name, as if it wanted `--json true`."""
    return typer.Option(name, metavar="", help=says)
