"""A `Watcher` that pulls the cable as it is told, and plugs it in again when the job waits for it."""

from __future__ import annotations

from evensong.virtual.serial_board.server import SerialBoard

DEVICE_ID = "e5e700000000a0f1"  # of the board on the bench


class Bench:
    """pulls: for a step, the bytes over the line after which the cable is pulled once it has begun; once each."""

    def __init__(self, board: SerialBoard, pulls: dict[str, int] | None = None) -> None:
        self.board = board
        self.steps: list[str] = []
        self._pulls = dict(pulls or {})

    def step(self, what: str) -> None:
        self.steps.append(what)
        if what in self._pulls:
            self.board.pull_after(self._pulls.pop(what))

    def progress(self, fraction: float) -> None:
        assert 0 <= fraction <= 1

    def unplugged(self, port: str) -> None:
        assert port == self.board.url
        self.steps.append("unplugged")

    def pause(self, _: float) -> None:
        """What the job calls while it waits for the port."""
        self.board.plug_in()
