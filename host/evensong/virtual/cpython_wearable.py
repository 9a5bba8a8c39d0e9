"""The firmware under CPython, where there is no MicroPython wheel: `python -m evensong.virtual.cpython_wearable
MAIN.PY`.

The process takes the same turns with the same `vclock` and `bluetooth` modules as MicroPython does; what CPython
lacks is added to its own modules before the firmware is imported. Tasks of CPython's asyncio run in an order of their
own, so a digest is not comparable with MicroPython's; what reaches the hub is.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import os
import random
import runpy
import sys
import time
import traceback
import types
from pathlib import Path
from typing import Any

from .loop import VirtualLoop
from .turn import NEVER_US

SHIM = Path(__file__).parent / "micropython"
_TICKS_WRAP = 1 << 30
_EPOCH_2000_S = 946684800


def _load(name: str) -> Any:
    """One of the modules written for MicroPython, by file: their folder cannot be on the path, for its `time` and
    `os`."""
    spec = importlib.util.spec_from_file_location(name, SHIM / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class FirmwareLoop(VirtualLoop):
    """Its time is the device's. BLE calls and blocking sleeps of the firmware may pass time inside a callback."""

    def __init__(self, vclock: Any) -> None:
        self._vclock = vclock
        super().__init__()

    def time(self) -> float:
        return float(self._vclock.device_us() / 1e6)

    def _quiet(self) -> list[Any]:
        self.now_us = self._vclock.device_us()
        return super()._quiet()

    def _advance(self, until_us: int) -> None:
        self._vclock.hand_over(NEVER_US if until_us >= NEVER_US else self._vclock.world_us(until_us))
        self._set_now(self._vclock.device_us())


class ThreadSafeFlag:
    """asyncio.ThreadSafeFlag of MicroPython: whoever waits takes it back."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


def _add(module: Any, **names: object) -> None:
    for name, value in names.items():
        setattr(module, name, value)


def _same(function: Any) -> Any:
    return function


def prepare() -> None:
    """Give this process MicroPython's names, on the virtual clock."""
    vclock = _load("vclock")
    ticks0_ms = int(os.environ.get("VCLOCK_TICKS0") or 0)
    epoch_s = _EPOCH_2000_S if os.environ.get("VCLOCK_EPOCH_YEAR") == "2000" else 0
    real_gmtime = time.gmtime

    def rtc_s() -> int:
        return int(vclock.local_us() // 1_000_000)

    def gmtime(seconds: float | None = None) -> time.struct_time:
        return real_gmtime((rtc_s() if seconds is None else seconds) + epoch_s)

    def sleep_us(us: int) -> None:
        vclock.wait_until(vclock.local_us() + max(0, us))

    _add(
        time,
        ticks_ms=lambda: (vclock.local_us() // 1000 + ticks0_ms) % _TICKS_WRAP,
        ticks_us=lambda: (vclock.local_us() + ticks0_ms * 1000) % _TICKS_WRAP,
        ticks_add=lambda ticks, delta: (ticks + delta) % _TICKS_WRAP,
        ticks_diff=lambda a, b: (a - b + _TICKS_WRAP // 2) % _TICKS_WRAP - _TICKS_WRAP // 2,
        sleep_us=sleep_us,
        sleep_ms=lambda ms: sleep_us(ms * 1000),
        sleep=lambda s: sleep_us(int(s * 1_000_000)),
        time=rtc_s,
        time_ns=lambda: vclock.local_us() * 1000,
        gmtime=gmtime,
        localtime=gmtime,
    )
    _add(
        asyncio,
        ThreadSafeFlag=ThreadSafeFlag,
        sleep_ms=lambda ms: asyncio.sleep(ms / 1000),
        wait_for_ms=lambda awaitable, ms: asyncio.wait_for(awaitable, ms / 1000),
        run=lambda main: asyncio.Runner(loop_factory=lambda: FirmwareLoop(vclock)).run(main),
    )
    _add(gc, mem_free=lambda: 0, mem_alloc=lambda: 0, threshold=lambda *_: -1)
    _add(sys, print_exception=traceback.print_exception)
    micropython = types.ModuleType("micropython")
    _add(micropython, const=_same, native=_same, viper=_same, opt_level=lambda *_: 0, kbd_intr=lambda *_: None)
    sys.modules["micropython"] = micropython
    bytes_from = random.Random(int(os.environ.get("VCLOCK_SEED") or 1))  # noqa: S311  the same again is meant
    _add(os, urandom=lambda n: bytes(bytes_from.getrandbits(8) for _ in range(n)))
    random.seed(int(os.environ.get("VCLOCK_SEED") or 1))
    _load("bluetooth")
    if os.environ.get("EVENSONG_CHIPS_FD"):
        _load("machine")
        _load("esp32")
        _add(os, uname=lambda: ("esp32", "esp32", "", "", os.environ["EVENSONG_MACHINE"]))


if __name__ == "__main__":
    prepare()
    sys.path.insert(0, str(Path(sys.argv[1]).parent))
    runpy.run_path(sys.argv[1], run_name="__main__")
