"""What `hub status` prints, of wearables that may call themselves anything."""

from __future__ import annotations

import io

from rich.console import Console

from evensong.cli.hub_status import show
from evensong.hub.journal import Journal
from evensong.hub.status import status
from evensong_wire.frames import Kind
from evensong_wire.models import Header, Hello


def test_words_from_outside_command_neither_markup_nor_terminal(journal: Journal) -> None:
    hello = Hello(bytes(8), 0, (0, 1, 0), 7, 3900, 80, 1, 0, 0, 0, 0xFFFF, "[/]\x1b[2J", "[red]\x1b]0;Sim\x07")
    journal.greet(hello, Header(Kind.HELLO, bytes(4), 1, 0, 0), 1)
    journal.note_link("/dev/[/]", "resting", 1, device_id=None, failures=0, detail="[/bold] \x1b[2J")
    out = io.StringIO()
    show(status(journal), Console(file=out, width=200))
    assert "\x1b" not in out.getvalue()
    for words in ("[red]?]0;Sim?", "[/]?[2J", "/dev/[/]", "[/bold] ?[2J"):
        assert words in out.getvalue()
