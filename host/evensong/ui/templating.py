"""Where the shared templates and static files lie, and a Jinja environment over them that escapes everything."""

from __future__ import annotations

from pathlib import Path

import jinja2

ROOM = Path(__file__).parent
STATIC = ROOM / "static"


def environment(*folders: Path) -> jinja2.Environment:
    """Looks into `folders` first, then into the shared templates. A name that a template misses is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, ROOM / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
