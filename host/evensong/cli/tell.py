"""`evensong hub tell`: have the running hub tell a wearable something, and wait for what it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli.hub_options import Config, Device, JournalPath
from evensong.cli.switch import switch

if TYPE_CHECKING:
    from evensong.hub.journal import Journal

Wait = Annotated[float, typer.Option("--wait", min=1, max=600, help="Seconds to wait for the wearable's answer.")]
PLANS = ("full", "lean", "spare")


def register(hub: typer.Typer) -> None:
    tell = typer.Typer(help="Tell a wearable something through the running hub.", no_args_is_help=True)
    hub.add_typer(tell, name="tell")
    for command in (flightcheck, plan, cue, alarm):
        tell.command()(command)


def flightcheck(config: Config = None, journal: JournalPath = None, device: Device = None, wait: Wait = 60.0) -> None:
    """Check now whether the night would complete: battery, clock, spool, link, skin contact.

    If it would not, a thinner plan is proposed; `evensong hub tell plan` or a press on the wearable agrees to it.

    Example: evensong hub tell flightcheck --config evensong.toml
    """
    from evensong.hub import documents
    from evensong.hub.evening import evening_of
    from evensong_wire.frames import CommandCode

    def found(opened: Journal, device_id: bytes, made_utc_ms: int) -> str | None:
        rows = [row for row, each, _ in documents.timelines(opened) if each == device_id]
        evening = evening_of(opened, rows[-1])
        return evening.sentence() if (evening.check_utc_ms or 0) >= made_utc_ms else None

    _tell(config, journal, device, wait, CommandCode.FLIGHT_CHECK, b"", found)


def plan(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="full, lean or spare: see docs/power.md.")],
    config: Config = None,
    journal: JournalPath = None,
    device: Device = None,
    wait: Wait = 60.0,
) -> None:
    """Agree, as the wearer, to a plan for the coming night. It ends with that night.

    Example: evensong hub tell plan lean --config evensong.toml
    """
    from evensong.errors import InputError
    from evensong_wire.frames import CommandCode

    if name.lower() not in PLANS:
        raise InputError(f"There is no plan {name!r}: say {', '.join(PLANS[:-1])} or {PLANS[-1]}.")
    _tell(config, journal, device, wait, CommandCode.PLAN, bytes([PLANS.index(name.lower())]))


def cue(
    strength: Annotated[int, typer.Option(min=1, max=3, help="1 gentle to 3 strong.")] = 1,
    pulses: Annotated[int, typer.Option(min=1, max=5, help="Pulses of light and vibration.")] = 2,
    config: Config = None,
    journal: JournalPath = None,
    device: Device = None,
    wait: Wait = 60.0,
) -> None:
    """Play a gentle cue. The wearable refuses it while its wearer has cues switched off.

    Example: evensong hub tell cue --strength 1 --config evensong.toml
    """
    from evensong_wire.frames import CommandCode

    _tell(config, journal, device, wait, CommandCode.CUE, bytes([strength, pulses]))


def alarm(
    earliest: Annotated[str | None, typer.Option("--from", metavar="HH:MM", help="Local time; not before.")] = None,
    latest: Annotated[str | None, typer.Option("--to", metavar="HH:MM", help="Local time; then in any case.")] = None,
    off: Annotated[bool, switch("--off", "No alarm.")] = False,
    config: Config = None,
    journal: JournalPath = None,
    device: Device = None,
    wait: Wait = 60.0,
) -> None:
    """Set the alarm on the wearable, which then needs no hub. Without --from it rings at --to and not before.

    Example: evensong hub tell alarm --from 06:30 --to 07:00 --config evensong.toml
    """
    from evensong.errors import InputError
    from evensong_wire.frames import CommandCode

    arg = b""
    if not off:
        if latest is None:
            raise InputError("Say when the alarm rings at the latest: --to 07:00, or --off for none.")
        now = datetime.now().astimezone()
        to = _next(latest, now)
        since = to if earliest is None else _next(earliest, to - timedelta(days=1))
        arg = b"".join(int(at.timestamp()).to_bytes(4, "little") for at in (since, to))
    _tell(config, journal, device, wait, CommandCode.ALARM, arg)


def _next(text: str, after: datetime) -> datetime:
    """The first time of day `HH:MM` after an instant, in its zone."""
    from evensong.errors import InputError

    try:
        at = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007, a time of day
    except ValueError:
        raise InputError(f"{text!r} is no time of day: write it as 07:00.") from None
    found = after.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return found if found > after else found + timedelta(days=1)


def _tell(
    config: Path | None,
    path: Path | None,
    device: str | None,
    wait_s: float,
    code: int,
    arg: bytes,
    then: Callable[[Journal, bytes, int], str | None] | None = None,
) -> None:
    """then: what to print instead of the bare reply, None while it is not there."""
    import time

    from evensong.cli.hub_options import chosen_device, settings_of
    from evensong.clock import SystemClock
    from evensong.errors import InputError, Unavailable
    from evensong.hub import requests
    from evensong.hub.journal import Journal
    from evensong.hub.lock import is_running

    where = settings_of(config, path).journal
    if not is_running(where):
        raise Unavailable(f"No hub runs on {where}: start it with `evensong hub run`, it holds the link.")
    with Journal.open(where) as opened, opened.errors():
        device_id = chosen_device(opened, device)
        made_ms = SystemClock().utc_ms()
        row = requests.leave(opened, device_id, code, arg, made_ms)
        until_s = time.monotonic() + wait_s
        said = None
        while time.monotonic() < until_s:
            outcome = requests.outcome(opened, row)
            if outcome.status is not None and outcome.status != 0:
                raise InputError(f"The wearable refuses: {outcome.body or 'no reason given'}.")
            if outcome.status == 0:
                said = then(opened, device_id, made_ms) if then else outcome.body or "Done."
                if said is not None:
                    break
            time.sleep(0.25)
        if said is None:
            told = "was told, and has not answered" if requests.outcome(opened, row).sent else "is not in reach"
            raise Unavailable(f"The wearable {told} within {wait_s:.0f} s.")
    print(said)
