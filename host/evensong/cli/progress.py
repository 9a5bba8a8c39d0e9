"""How far a command is, on standard error: bars for a person who looks, lines for a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evensong.clock import SystemClock


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """For what takes seconds. Yields what is called with (done, total)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield show


@contextmanager
def long_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """For what takes minutes or hours: with what is left, and a line for each piece where nobody looks.

    what: the pieces, as in "3 of 27 networks trained". Yields what is called with how many more are done.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console, clock = Console(stderr=True, highlight=False, soft_wrap=True), SystemClock()
    began, done = clock.monotonic_s(), 0
    columns = (
        MofNCompleteColumn(" of "), TextColumn(f"{what},"), BarColumn(), TimeElapsedColumn(), TextColumn("gone,"),
        TimeRemainingColumn(), TextColumn("left"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=total)

        def advance(more: int) -> None:
            nonlocal done
            done += more
            bars.update(task, advance=more)
            if not console.is_terminal:
                gone = clock.monotonic_s() - began
                left = f", about {told(gone / done * (total - done))} left" if done < total else ""
                console.print(f"{done} of {total} {what}, {told(gone)} gone{left}")

        yield advance


def told(seconds: float) -> str:
    """A duration as one says it, to the minute where it is long."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
