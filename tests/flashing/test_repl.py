"""The last word to a board: what a dead line may do, and what it may not hide."""

from __future__ import annotations

import os
import pty
import tty
from contextlib import suppress

import pytest
from mpremote.transport_serial import SerialTransport

from evensong.flashing.repl import Repl


def test_a_line_that_died_does_not_keep_a_board_from_being_done() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    transport = SerialTransport(os.ttyname(slave), baudrate=115_200, timeout=1)
    os.close(slave)
    os.close(master)
    Repl("the port", transport).restart()
    with suppress(OSError):
        transport.close()


def test_a_mistake_of_ours_is_not_taken_for_a_dead_line() -> None:
    with pytest.raises(AttributeError):
        Repl("the port", object()).restart()
