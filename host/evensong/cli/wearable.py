"""`evensong wearable`: look at one wearable, set it, test it, bring it another firmware, over BLE or a serial line."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from evensong.cli.panels import BEDSIDE

if TYPE_CHECKING:
    from evensong.hub.link.errand import Errand
    from evensong_wire.models import Hello

Where = Annotated[
    str | None,
    typer.Option("--at", metavar="PORT|ADDRESS", help="Serial port or BLE address; else the first one that is heard."),
]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings of the hub that has its key.")]
T = TypeVar("T")

SCAN_S = 10.0
# macOS gives UUIDs instead of addresses.
_ADDRESS = re.compile(r"(?i)([0-9a-f]{2}:){5}[0-9a-f]{2}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
QUIET_S = 2.0
LEVELS = {0: "debug", 1: "info", 2: "warning", 3: "error"}


def register(app: typer.Typer) -> None:
    wearable = typer.Typer(
        help="One wearable, with this computer's key for it. A hub that is connected to it has to be stopped first.",
        no_args_is_help=True,
    )
    app.add_typer(wearable, name="wearable", rich_help_panel=BEDSIDE)
    wearable.command("list")(list_)
    for command in (status, log, set_, selftest, update):
        wearable.command(command.__name__.strip("_"))(command)


def list_(config: Config = None) -> None:
    """The wearables that this computer has keys for, and the serial ports where one may be.

    Example: evensong wearable list
    """
    from evensong.config import load
    from evensong.hub.keyring import Keyring
    from evensong.hub.link.serial import usb_ports

    entries = Keyring(load(config).hub.keyring).entries()
    for entry in entries:
        print(f"{entry.device_id.hex()}  {entry.name or '(no name)'}")
    if not entries:
        print("No key of a wearable yet: `evensong flash` makes one, `evensong hub keyring add` takes a label.")
    for port in usb_ports():
        print(f"{port.path}  {port.product or 'serial port'}")


def status(at: Where = None, config: Config = None) -> None:
    """Who it is, what it still holds, and which firmware runs.

    Example: evensong wearable status --at /dev/ttyUSB0
    """
    from evensong_wire.frames import CommandCode

    async def look(errand: Errand, hello: Hello) -> None:
        firmware = await errand.ask(CommandCode.FIRMWARE)
        battery = f"{hello.battery_mv} mV" + (f", {hello.battery_pct} %" if hello.battery_pct is not None else "")
        print(f"{hello.name} ({hello.device_id.hex()}), {hello.board}")
        print(f"battery   {battery}")
        print(f"firmware  {firmware}")
        print(f"holds     from frame {hello.first_seq} of boot {hello.first_boot_id} on")

    _run(look, at, config)


def log(at: Where = None, config: Config = None) -> None:
    """Lines of its own log that no hub has taken yet. They stay there.

    Example: evensong wearable log
    """
    from evensong_wire.models import Log

    async def read(errand: Errand, _: Hello) -> None:
        frames = await errand.hear(QUIET_S)
        lines = [(frame.header, frame.body) for frame in frames if isinstance(frame.body, Log)]
        if not lines:
            print("It holds no line of its log that a hub has not taken.")
        for header, line in lines:
            level = LEVELS.get(line.level, str(line.level))
            text = "".join(letter for letter in line.text if letter.isprintable())
            print(f"boot {header.boot_id}  {header.time_ms / 1000:10.1f} s  {level}: {text}")

    _run(read, at, config)


def set_(
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="Such as name=Mia.")],
    at: Where = None,
    config: Config = None,
) -> None:
    """Change settings of the wearable; it refuses by name what it does not know.

    They are name, night_h (hours that the flight check reckons with), battery_mah, prompts (mood check-ins a day),
    services (heart rate for 0 nobody, 1 phones with a bond, 2 everybody), status_every_s, open (1: without a key it
    talks to whoever asks).

    Example: evensong wearable set name=Mia night_h=9
    """
    from evensong.errors import InputError
    from evensong_wire.frames import CommandCode

    wanted: dict[str, str | int] = {}
    for word in settings:
        key, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"{word!r} is not KEY=VALUE, such as name=Mia.")
        wanted[key] = int(value) if value.lstrip("-").isdecimal() else value

    async def change(errand: Errand, hello: Hello) -> None:
        await errand.ask(CommandCode.CONFIGURE, json.dumps(wanted).encode())
        print(f"{hello.device_id.hex()} keeps {', '.join(wanted)}; a new name is heard after its next restart.")

    _run(change, at, config)


def selftest(at: Where = None, config: Config = None) -> None:
    """Let it look at its own parts. Ends with status 1 if one is broken.

    Lay it still, with a finger on its light sensor. If it records, the sensors are interrupted for a moment.

    Example: evensong wearable selftest --at /dev/ttyUSB0
    """

    async def test(errand: Errand, _: Hello) -> list[str]:
        return await errand.self_test()

    parts = _run(test, at, config)
    for part in parts:
        mark, _, what = part.partition(" ")
        print(f"{ {'1': 'ok', '0': 'broken'}.get(mark, 'absent'):7} {what}")
    if any(part.startswith("0 ") for part in parts):
        raise typer.Exit(1)


def update(
    bundle: Annotated[Path, typer.Argument(metavar="UPDATE", help="What `evensong firmware bundle` made.")],
    at: Where = None,
    config: Config = None,
) -> None:
    """Bring it another firmware. It checks the signature, restarts, and goes back by itself unless the new one is well.

    An update that was cut off goes on where it was. It has proven itself a minute after its start.

    Example: evensong wearable update firmware.update
    """
    from rich.console import Console
    from rich.progress import Progress

    from evensong.errors import InputError
    from evensong.flashing.bundle import version_in
    from evensong.hub.link.port import LinkLost
    from evensong_wire.frames import CommandCode

    try:
        content = bundle.read_bytes()
    except OSError as error:
        raise InputError(f"The update {bundle} cannot be read: {error.strerror}.") from error
    version = version_in(content)

    async def bring(errand: Errand, hello: Hello) -> None:
        with Progress(console=Console()) as bars:
            bar = bars.add_task(f"{version} to {hello.name}", total=1.0)
            try:
                await errand.update(content, lambda fraction: bars.update(bar, completed=fraction))
            except LinkLost as error:
                raise LinkLost(f"{error.message} Run the command again: it goes on where it was.") from error
        await errand.ask(CommandCode.RESTART)
        print(f"{hello.device_id.hex()} starts with {version}; `evensong wearable status` says whether it stays.")

    _run(bring, at, config)


def _run(errand_of: Callable[[Errand, Hello], Awaitable[T]], at: str | None, config: Path | None) -> T:
    from evensong.clock import SystemClock
    from evensong.config import load
    from evensong.hub.keyring import Keyring
    from evensong.hub.link.errand import Errand
    from evensong.hub.trust import Trust

    hub = load(config).hub

    async def meet() -> T:
        trust = Trust(Keyring(hub.keyring), unauthenticated=hub.unauthenticated)
        errand = Errand(await _port(at), trust, SystemClock())
        try:
            return await errand_of(errand, await errand.greet())
        finally:
            await errand.close()

    return asyncio.run(meet())


async def _port(at: str | None):  # type: ignore[no-untyped-def]
    from evensong.errors import InputError, Unavailable
    from evensong.hub.link import ble
    from evensong.hub.link.serial import SerialPort

    if at is not None and at.startswith("/"):
        return SerialPort.open(at)
    if at is not None and not _ADDRESS.fullmatch(at):
        raise InputError(f"{at} is neither the path of a serial port nor a BLE address: `evensong wearable list`.")
    found = await ble.find(SCAN_S, lambda address: at is None or address.lower() == at.lower())
    if found is None:
        raise Unavailable(
            f"No wearable is heard{f' at {at}' if at else ''}: is it near, and is no hub connected to it?"
        )
    return await ble.BlePort.connect(found)
