"""`evensong beats`: heart beats out of a recorded photoplethysmogram, by the firmware's own integers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evensong.cli.panels import RECORDINGS


def register(app: typer.Typer) -> None:
    """Add the command about waveforms."""
    app.command(rich_help_panel=RECORDINGS)(beats)


def beats(
    ppg: Annotated[Path, typer.Option(metavar="FILE.csv", help="Rows t_s,ppg: seconds, and light in any unit.")],
    rate: Annotated[float, typer.Option(metavar="HZ", help="Samples a second, 20 to 1000.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.csv", help="Where to write the beats.")],
    accel: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Rows t_s,x_g,y_g,z_g of the same clock and wrist, at any rate."),
    ] = None,
) -> None:
    """Find the heart beats in a photoplethysmogram: rows t_s,ibi_ms,quality.

    t_s is when the pulse rose most steeply, ibi_ms the time since the beat before. Quality is 0 to 100; 50 and above is
    vouched for, and only that should be used. Under movement the detector abstains rather than guess. Without --accel
    it does not know of movement: it vouches for less, and steps may pass for beats all the same.

    What beats and their heights tell of breathing, and the forearm of posture (x along it, as --accel must have it for
    that), is said at the end.

    The signal may be upside down, jitter and have gaps; what was done about it is said. Columns are found by their
    names in the first line; without names they are taken in the order shown.

    Example: evensong beats --ppg wrist.csv --rate 64 --accel wrist_acc.csv --out beats.csv
    """
    from evensong.recordings.ppg_beats import VOUCHED, beats_of, write_beats
    from evensong.recordings.repairs import Repairs

    repairs = Repairs()
    found = beats_of(ppg, rate, accel, repairs)
    write_beats(out, found)
    for sentence in repairs:
        typer.secho(sentence, fg="yellow", err=True)
    good = found.ibi_ms[found.quality >= VOUCHED]
    share = float(good.sum()) / 1000 / found.length_s
    line = f"{out}: {len(found.ibi_ms):,} beats in {found.length_s / 60:.1f} min"
    if len(good):
        line += f", {len(good):,} vouched for, which cover {share:.0%} of the time; "
        line += f"heart rate {60_000 / float(sorted(good)[len(good) // 2]):.0f} bpm (median)"
    else:
        line += ", none vouched for: too much movement, or no pulse in it"
    typer.echo(f"{line}.", err=True)
    if found.breaths:
        rates = sorted(found.breaths)
        typer.echo(f"Breathing: {rates[len(rates) // 2]:.0f} a minute (median of {len(rates)} half minutes).", err=True)
    if found.postures:
        told = ", ".join(f"{name} {seconds / found.length_s:.0%}" for name, seconds in found.postures.most_common())
        typer.echo(f"Posture, by the forearm: {told} of the time.", err=True)
