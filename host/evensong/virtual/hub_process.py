"""The hub as a process of its own on the virtual clock: `python -m evensong.virtual.hub_process CONFIG UTC_AT_ZERO_MS
SEED`.

Nothing of the hub is replaced: its daemon runs on plain bleak, which finds the virtual adapter, with a clock and an
HTTP transport that it takes as parameters anyway. It may be killed at any virtual instant, or stopped with SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from .child import Child
from .loop import VirtualClock


async def _daemon(loop: Child, config: Path, clock: VirtualClock) -> None:
    from evensong.config import load
    from evensong.hub.daemon import run

    from .adapter import install_in_child
    from .fenced_http import FencedTransport

    await install_in_child(loop)
    await run(load(config).hub, clock=clock, transport=FencedTransport())


def main(config: str, utc_at_zero_ms: str, seed: str) -> None:
    with asyncio.Runner(loop_factory=Child) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Child)
        clock = VirtualClock(loop, int(utc_at_zero_ms))
        clock.patch_process(int(seed))
        runner.run(_daemon(loop, Path(config), clock))


if __name__ == "__main__":
    main(*sys.argv[1:])
