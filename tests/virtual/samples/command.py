"""`evensong ...` as a process on the virtual clock, with the virtual adapter: nothing of the command is replaced but
the loop that it runs in. `python command.py UTC_AT_ZERO_MS SEED WORD...`
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from evensong.virtual.adapter import install_in_child
from evensong.virtual.child import Child
from evensong.virtual.loop import VirtualClock


def main(utc_at_zero_ms: str, seed: str, *words: str) -> None:
    with asyncio.Runner(loop_factory=Child) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Child)
        VirtualClock(loop, int(utc_at_zero_ms)).patch_process(int(seed))
        runner.run(install_in_child(loop))

        def run(wanted: Coroutine[Any, Any, Any]) -> Any:
            return runner.run(wanted)

        asyncio.run = run  # type: ignore[assignment]
        sys.argv[1:] = words
        from evensong.cli import main as evensong

        evensong()


if __name__ == "__main__":
    main(*sys.argv[1:])
