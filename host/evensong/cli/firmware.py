"""`evensong firmware`: updates for wearables, and the key that signs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evensong.cli.panels import BEDSIDE

ARCHS = ("any", "xtensawin", "rv32imc", "x64")


def register(app: typer.Typer) -> None:
    firmware = typer.Typer(help="Updates for wearables, and the key that signs them.", no_args_is_help=True)
    app.add_typer(firmware, name="firmware", rich_help_panel=BEDSIDE)
    firmware.command()(key)
    firmware.command()(bundle)


def key(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the key goes; keep it secret.")],
) -> None:
    """Make a key that signs updates (RSA-3072). `evensong flash --update-key` gives a wearable its public half.

    Example: evensong firmware key --out updates.key
    """
    from evensong.flashing.bundle import new_key

    new_key(out)
    print(f"{out}: whoever has this file can put firmware on wearables that were flashed with it.")


def bundle(
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The key that signs it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The update.")],
    arch: Annotated[str, typer.Option(help=f"Of native code: {', '.join(ARCHS)}. `any` compiles none.")] = "any",
    version: Annotated[str | None, typer.Option(help="Instead of this package's own.")] = None,
    minimum: Annotated[
        str | None, typer.Option(help="The oldest version that may follow it; left out, none that is older.")
    ] = None,
) -> None:
    """Compile this firmware and sign it as an update for `evensong wearable update`.

    Example: evensong firmware bundle --key updates.key --out firmware.update
    """
    from dataclasses import replace

    from evensong.errors import InputError
    from evensong.flashing.bundle import MAGIC, public_part, sign
    from evensong.flashing.layout import compiled
    from evensong.whole_file import write_whole

    if arch not in ARCHS:
        raise InputError(f"{arch!r} is none of {', '.join(ARCHS)}.")
    of = None if arch == "any" else arch
    public_part(key)  # a wrong key is said before anything is compiled
    firmware = compiled(of)
    if version is not None:
        firmware = replace(firmware, version=version)
    signed = sign(firmware, minimum or firmware.version, of, key)
    write_whole(out, signed, "update", MAGIC)
    print(f"{out}: firmware {firmware.version}, {len(firmware.files)} files, {len(signed)} bytes")
