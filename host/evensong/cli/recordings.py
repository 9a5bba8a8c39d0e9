"""`evensong import`, `export`, `synth`, `info` and `fetch`: files in, files out; nothing half-written stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli.panels import RECORDINGS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from evensong.recordings.container import Recording, RecordingHeader
    from evensong.recordings.framing import Source
    from evensong.recordings.repairs import Repairs
    from evensong.recordings.samples import Samples

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE.evr", help="Where to write the recording.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the data set.")]
Recorded = Annotated[Path, typer.Argument(metavar="FILE.evr", help="The recording.")]


def register(app: typer.Typer) -> None:
    """Add the commands about files of frames."""
    importing = typer.Typer(
        help="Make a recording from a public data set or from tables of your own. What had to be repaired is said.",
        no_args_is_help=True,
    )
    importing.command("sleep-accel")(sleep_accel)
    importing.command("slpdb")(slpdb)
    importing.command("mmash")(mmash)
    importing.command("csv")(import_csv)
    app.add_typer(importing, name="import", rich_help_panel=RECORDINGS)
    exporting = typer.Typer(help="Write a recording in formats that others read.", no_args_is_help=True)
    exporting.command("csv")(export_csv)
    app.add_typer(exporting, name="export", rich_help_panel=RECORDINGS)
    app.command(rich_help_panel=RECORDINGS)(synth)
    app.command(rich_help_panel=RECORDINGS)(info)
    app.command(rich_help_panel=RECORDINGS)(fetch)


def sleep_accel(
    directory: Folder, subject: Annotated[str, typer.Option(metavar="ID", help="For example 46343.")], out: Out
) -> None:
    """A night of sleep-accel (Walch 2019): wrist heart rate and movement.

    Takes PhysioNet's folder (raw acceleration in motion/, turned into counts by the firmware's own integers) and one
    with activity/ instead. t = 0 is the start of the PSG; its extent, but no stage, gets into the recording.

    Example: evensong import sleep-accel sleep-accel --subject 46343 --out night.evr
    """
    from evensong.recordings import sleep_accel as source

    with _counted(directory / "motion" / f"{subject}_acceleration.txt") as progress:
        repairs = _repairs()
        samples = source.read(directory, subject, repairs, progress)
    _write(out, samples, repairs, _source("sleep-accel", subject, source.CITATION))


def slpdb(
    directory: Folder, record: Annotated[str, typer.Option(metavar="ID", help="For example slp01a.")], out: Out
) -> None:
    """A record of slpdb (MIT-BIH Polysomnographic Database): RR intervals of an ECG.

    Takes PhysioNet's WFDB files (.hea and .ecg) and the text that ann2rr prints (.rr). t = 0 is the record's start.

    Example: evensong import slpdb slpdb --record slp03 --out night.evr
    """
    from evensong.recordings import slpdb as source

    repairs = _repairs()
    samples = source.read(directory, record, repairs)
    _write(out, samples, repairs, _source("slpdb", record, source.CITATION))


def mmash(
    directory: Folder, user: Annotated[str, typer.Option(metavar="N", help="For example 1 or user_1.")], out: Out
) -> None:
    """A day and night of MMASH (Rossi 2020): beats and wrist movement.

    t = 0 is midnight before day 1, so t_s is that day's clock in seconds. Bed times are not put into the recording.

    Example: evensong import mmash mmash --user 1 --out day.evr
    """
    from evensong.recordings import mmash as source

    repairs = _repairs()
    samples = source.read(directory, user, repairs)
    _write(out, samples, repairs, _source("mmash", f"user_{user.removeprefix('user_')}", source.CITATION))


def import_csv(
    out: Out,
    heart_rate: Annotated[Path | None, typer.Option(metavar="FILE", help="Rows t_s,bpm.")] = None,
    beats: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rows t_s,ibi_ms or t_s,ibi_ms,quality (0-100); t_s ends the interval."),
    ] = None,
    activity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows t_s,count per 30 s epoch; t_s begins it.")
    ] = None,
    accel: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows t_s,x_g,y_g,z_g: raw acceleration, instead of --activity.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rows t_s,event or t_s,event,value: LIGHTS_OFF, RISE, WEAR_OFF, MOOD, ..."),
    ] = None,
) -> None:
    """Tables of your own, comma separated, times in seconds on one clock (t = 0 where you like, negative allowed).

    Columns are found by their names in the first line, others are passed over; without names they are taken in the
    order shown. What `evensong export csv` wrote, events, wear and moods too, is read back as it was.

    Example: evensong import csv --beats beats.csv --activity activity.csv --events events.csv --out night.evr
    """
    from evensong.recordings import csv_import as source

    with _counted(accel) as progress:
        repairs = _repairs()
        samples = source.read(
            repairs,
            heart_rate=heart_rate,
            beats=beats,
            activity=activity,
            accel=accel,
            events=events,
            progress=progress,
        )
    named = next(path.stem for path in (beats, heart_rate, activity, accel, events) if path)
    _write(out, samples, repairs, _source("csv", named.encode("utf-8", "replace").decode(), None))


def export_csv(
    recording: Recorded, out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables.")]
) -> None:
    """Beats, heart rate, activity and events as tables in recording time; `evensong import csv` reads them back.

    Example: evensong export csv night.evr --out night_csv
    """
    from evensong.recordings.container import read
    from evensong.recordings.export_csv import export

    found = read(recording)
    _say(found.damage)
    for name, rows in export(found, out).items():
        typer.echo(f"{out / name}: {rows:,} rows")


def synth(
    out: Out,
    seed: Annotated[int, typer.Option(min=0, help="Decides the night; the same seed, the same night.")] = 1,
    hours: Annotated[float, typer.Option(help="From lights-off to rising, 1 to 16.")] = 8.0,
) -> None:
    """A synthetic night, plausible and seeded, and labelled as synthetic: for demos and tests, never for training.

    Example: evensong synth --seed 7 --hours 7 --out night.evr
    """
    from evensong.recordings import synth as source
    from evensong.recordings.framing import Source

    samples, _ = source.synthesize(seed, hours)
    _write(out, samples, _repairs(), Source("synthetic", f"seed {seed}, {hours:g} h", None, synthetic=True))


def info(recording: Recorded) -> None:
    """What is in a recording: source, span, samples, frames by kind, and damage.

    A damaged recording is shown as far as it can be read; then the exit status is 1.

    Example: evensong info night.evr
    """
    from evensong.recordings.container import read

    found = read(recording)
    _stdout().print(_table(found))
    _say(found.damage)
    if found.damage:
        raise typer.Exit(1)


def _table(found: Recording) -> RichTable:
    from collections import Counter

    from rich.table import Table as RichTable

    from evensong.recordings.framing import samples_of

    header, samples = found.header, samples_of(found)
    table = RichTable(box=None, pad_edge=False, show_header=False)
    table.add_row("source", _origin(header))
    table.add_row("device", header.device_id.hex())
    if samples.first_ms is not None and samples.last_ms is not None:
        span = (samples.last_ms - samples.first_ms) / 3_600_000
        table.add_row("span", f"{samples.first_ms / 1000:,.0f} s to {samples.last_ms / 1000:,.0f} s, {span:.1f} h")
    for what, count in (
        ("heart rate", len(samples.heart_ms)),
        ("beats", len(samples.beat_ms)),
        ("epochs of activity", len(samples.epoch)),
        ("wear changes", len(samples.wear)),
        ("mood check-ins", len(samples.mood)),
        ("events", len(samples.events)),
    ):
        if count:
            table.add_row(what, f"{count:,}")
    kinds = Counter(_kind(frame.header.kind) for frame in found.frames)
    listed = ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common())
    table.add_row("frames", f"{len(found.frames):,}: {listed}" if kinds else "none: nothing is recorded")
    table.add_row("boots", str(len(header.boots)))
    for sentence in header.repairs:
        table.add_row("repaired", _printable(sentence))
    if header.citation:
        table.add_row("cite", _printable(header.citation))
    return table


def _origin(header: RecordingHeader) -> str:
    return _printable(f"{header.source} {header.source_id or ''}{', SYNTHETIC' if header.synthetic else ''}")


def _printable(text: str) -> str:
    # A recording may come from anybody; its words shall not command the terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _kind(kind: int) -> str:
    from evensong_wire.frames import Kind

    return Kind(kind).name.lower() if kind in set(Kind) else f"0x{kind:02x}"


def fetch(
    name: Annotated[str, typer.Argument(metavar="SET", help="sleep-accel, slpdb or mmash.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.")],
    only: Annotated[str, typer.Option(metavar="TEXT", help="Only files whose path contains this, e.g. 46343.")] = "",
) -> None:
    """Fetch an open data set from PhysioNet: what the importers read of it, checked by its list of hashes.

    Run it again after an interruption: it goes on where it stopped. sleep-accel has 2.4 GB of raw acceleration.

    Example: evensong fetch sleep-accel --only 46343 --out sleep-accel
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from evensong.recordings.fetch import fetch as fetch_files

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=_stderr(), transient=True) as bars:
        task = bars.add_task(f"Asking for {name}", total=None)

        def show(file: str, done: int, total: int) -> None:
            bars.update(task, description=file, completed=done, total=total or None)

        fetched = fetch_files(name, out, only, progress=show)
    typer.echo(f"{fetched} files fetched into {out}." if fetched else f"Nothing was missing in {out}.")


def _source(source: str, source_id: str, citation: str | None) -> Source:
    from evensong.recordings.framing import Source

    return Source(source, source_id, citation)


def _repairs() -> Repairs:
    from evensong.recordings.repairs import Repairs

    return Repairs()


def _write(out: Path, samples: Samples, repairs: Repairs, source: Source) -> None:
    from evensong.recordings.container import held
    from evensong.recordings.framing import write_samples

    before = held(out)
    frames = write_samples(out, samples, source, repairs)
    _say(repairs)
    if before and (before.source, before.source_id) != (source.name, source.ident):
        _say([f"{out} held another recording until now: {_origin(before)}."])
    span_h = ((samples.last_ms or 0) - (samples.first_ms or 0)) / 3_600_000
    typer.echo(
        f"{out}: {samples.total:,} samples in {frames:,} frames, {span_h:.1f} h, {out.stat().st_size / 1024:.0f} KB."
    )


def _say(sentences: Iterable[str]) -> None:
    console = _stderr()
    for sentence in sentences:
        console.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _stdout() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def _counted(path: Path | None) -> Iterator[Callable[[int], None]]:
    """A progress bar over the bytes of a file, if there is such a file."""
    if path is None or not path.is_file():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=_stderr(), transient=True) as bars:
        task = bars.add_task(f"Reading {path.name}", total=path.stat().st_size)
        yield lambda count: bars.advance(task, count)
