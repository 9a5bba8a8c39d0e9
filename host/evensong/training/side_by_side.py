"""Pieces of work that do not depend on each other, several at a time, each in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_shared: Any = None  # of a process that was started here: what it was sent, once


def results(
    work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task], jobs: int
) -> Iterator[Result]:
    """What `work(shared, task)` gives for each task, in the order in which they are done.

    work: a function of a module, for it is named to the other processes. jobs: 1 works in this process, others are not
    started then. Whoever stops asking, by Ctrl-C or otherwise, ends the processes; what they were at is lost.
    """
    if jobs < 2:
        yield from (work(shared, task) for task in tasks)
        return
    # Fresh processes: a fork of one that has used PyTorch may hang.
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_take, initargs=(shared,)) as pool:
        pending = [pool.submit(_work, work, task) for task in tasks]
        try:
            for each in as_completed(pending):
                yield each.result()
        finally:
            if not all(each.done() for each in pending):
                for child in active_children():  # the pool calls itself broken then, and ends
                    child.terminate()


def _take(shared: object) -> None:
    global _shared  # noqa: PLW0603  there is no other way from a process's beginning to its work
    _shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked


def _work(work: Callable[[Any, Task], Result], task: Task) -> Result:
    return work(_shared, task)
