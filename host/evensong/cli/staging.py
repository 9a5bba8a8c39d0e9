"""`evensong stage` and `nights`: hypnograms from recordings."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from evensong.cli import passports
from evensong.cli.answers import Answer, answer_of, corrections_of, samples_of
from evensong.cli.panels import NIGHTS
from evensong.cli.switch import switch
from evensong.whole_file import whole

Recorded = Annotated[
    list[Path],
    typer.Argument(metavar="FILE.evr...", help="The recording; if it was split, all its files."),
]
Corrections = Annotated[
    Path | None,
    typer.Option(metavar="FILE.json", help="What the wearer says against it: off-wrist, nap, lights-off, not-sleep..."),
]


def register(app: typer.Typer) -> None:
    """Add the commands that make hypnograms."""
    app.command(rich_help_panel=NIGHTS)(stage)
    app.command(rich_help_panel=NIGHTS)(nights)


def stage(
    recordings: Recorded,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.csv", help="Where to write the hypnogram; else it is printed."),
    ] = None,
    abstain: Annotated[
        bool, typer.Option(metavar="", help="Say `unknown` where the data do not tell; else the likeliest stage.")
    ] = True,
    digest: Annotated[bool, switch("--digest", "Print the SHA-256 of the hypnogram file, nothing else.")] = False,
    answer: Annotated[
        Answer,
        typer.Option(
            metavar="ANSWER",
            help="live: said when an epoch ends, as the wearable does; settled: ten minutes later; final: at wake-up.",
        ),
    ] = "final",
    corrections: Corrections = None,
) -> None:
    """Stage a recording: wake, light, deep, rem or unknown for each 30 s, with probabilities.

    Rows: epoch,t_s,stage,p_wake,p_light,p_deep,p_rem; epoch k begins 30 k seconds after the recording's t = 0. All
    arithmetic is in integers, so the same recording and model give the same bytes, and the same digest, everywhere.
    Beside FILE.csv goes its passport, FILE.csv.passport.json, which `evensong verify` checks.

    Several files are read as the parts of one recording, in any order. Corrections lie over the recording and are
    named in the passport; docs/corrections.md has their format.

    Example: evensong stage night.evr --out hypnogram.csv
    """
    samples = samples_of(recordings)
    corrected = corrections_of(corrections)
    staged, model_sha256 = answer_of(samples, answer, corrected, abstain=abstain)
    hypnogram = staged.hypnogram
    if out:
        passport = passports.issue(
            out, recordings, samples, hypnogram, model_sha256, answer, corrected,
            abstain=abstain, corrected_by=corrections,
        )  # fmt: skip
        with ExitStack() as files:  # neither takes its name before both are whole
            text = hypnogram.csv_bytes()
            file = files.enter_context(whole(out, "hypnogram", text[: text.index(b"\n") + 1]))
            file.write(text)
            file.flush()
            if passports.may_have_one(out):
                files.enter_context(whole(passports.beside(out), "passport", b"{")).write(passport.to_bytes())
    if digest:
        typer.echo(hypnogram.digest())
    elif out is None and not sys.stdout.isatty():
        typer.echo(hypnogram.csv_bytes().decode(), nl=False)
    else:
        from evensong.cli.staging_report import print_nights

        print_nights(staged, answer)


def nights(
    recordings: Recorded,
    corrections: Corrections = None,
    as_json: Annotated[bool, switch("--json", "One JSON object instead of a table.")] = False,
) -> None:
    """When was the night, and how far can it be trusted?

    From LIGHTS_OFF and RISE events if the recording has them, else from movement and heart rate. Two stretches of rest
    are one night if at most an hour lies between them and no more than the shorter lasts. Times are hours, minutes and
    seconds of the recording's clock, from its t = 0; seconds in the JSON.

    Example: evensong nights night.evr
    """
    from evensong.cli.staging_report import HOW, extent
    from evensong.staging import judge
    from evensong.staging.hypnogram import EPOCH_S

    staged, _ = answer_of(samples_of(recordings), "final", corrections_of(corrections))
    spans = staged.nights
    qualities = [judge(staged.series, span, staged.hypnogram) for span in spans]
    if as_json:
        rows = [
            {
                "start_t_s": span.start_epoch * EPOCH_S,
                "end_t_s": span.end_epoch * EPOCH_S,
                "how": span.how,
                "nap": span.is_nap,
                "risen": span.risen,
                "quality": quality.as_json(),
            }
            for span, quality in zip(spans, qualities, strict=True)
        ]
        typer.echo(json.dumps({"nights": rows}))
        return
    if not spans:
        typer.echo("No night was found: nothing but movement or a fast heart, or less than an hour of rest.")
    for span, quality in zip(spans, qualities, strict=True):
        hours = (span.end_epoch - span.start_epoch) * EPOCH_S / 3600
        kind = "a nap, " if span.is_nap else ""
        typer.echo(f"{extent(span)} of the recording, {hours:.1f} h, {kind}{HOW[span.how]}: {quality.verdict}")
        for finding in quality.findings:
            typer.echo(f"  {finding.text}")
