"""A `Watcher` that pulls the cable as it is told, and plugs it in again when the job waits for it."""

from __future__ import annotations

from evensong.virtual.serial_board.server import SerialBoard


class Bench:
    """pull: (step, bytes over the line after which the cable is pulled once it has begun); pulled once."""

    def __init__(self, board: SerialBoard, pull: tuple[str, int] | None = None) -> None:
        self.board = board
        self.steps: list[str] = []
        self._pull = pull

    def step(self, what: str) -> None:
        self.steps.append(what)
        if self._pull and self._pull[0] == what:
            self.board.pull_after(self._pull[1])
            self._pull = None

    def progress(self, fraction: float) -> None:
        assert 0 <= fraction <= 1

    def unplugged(self, port: str) -> None:
        assert port == self.board.url
        self.steps.append("unplugged")

    def pause(self, _: float) -> None:
        """What the job calls while it waits for the port."""
        self.board.plug_in()
