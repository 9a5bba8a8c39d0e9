"""Jinja for the Nexus: its own templates first, then those that hub and Nexus share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from evensong.ui.templating import environment


@cache
def _environment() -> jinja2.Environment:
    return environment(Path(__file__).parent / "templates")


def render(template: str, **context: Any) -> str:
    return _environment().get_template(template).render(context)
