"""`evensong stage`, `nights`, `evaluate` and `train`: hypnograms from recordings, and what they are worth."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evensong.cli import passports
from evensong.cli.answers import Answer, answer_of, corrections_of, samples_of
from evensong.cli.panels import FIGURES, NIGHTS
from evensong.cli.switch import switch
from evensong.whole_file import check_folder, check_place, whole, write_whole

if TYPE_CHECKING:
    from evensong.staging import Model

Recorded = Annotated[
    list[Path],
    typer.Argument(metavar="FILE.evr...", help="The recording; if it was split, all its files."),
]
Corrections = Annotated[
    Path | None,
    typer.Option(metavar="FILE.json", help="What the wearer says against it: off-wrist, nap, lights-off, not-sleep..."),
]
Labelled = Annotated[
    Path, typer.Argument(metavar="DIR", help="Nights with reference stages, laid out as sleep-accel or slpdb.")
]


def register(app: typer.Typer) -> None:
    """Add the commands about hypnograms."""
    app.command(rich_help_panel=NIGHTS)(stage)
    app.command(rich_help_panel=NIGHTS)(nights)
    app.command(rich_help_panel=FIGURES)(evaluate)
    app.command(rich_help_panel=FIGURES)(train)


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


def evaluate(
    directory: Labelled,
    cv: Annotated[
        int,
        typer.Option(metavar="FOLDS", help="Train anew in each of so many folds, by subject. 0: the shipped model."),
    ] = 0,
    splits: Annotated[
        int, typer.Option(min=1, metavar="N", help="Repeat with so many different divisions (with --cv).")
    ] = 1,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Train so many folds at a time (with --cv).")] = 2,
    per_night: Annotated[bool, switch("--nights", "A line for each night.")] = False,
    robust: Annotated[
        bool,
        switch("--robustness", "Stage test nights measured worse, too: gain, gaps, drift, no movement."),
    ] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another model than the shipped one (without --cv).")
    ] = None,
    to_json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="All figures as JSON, too.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A page with tables and pictures: FOLDER/index.html.")
    ] = None,
    ablations: Annotated[
        bool, switch("--ablations", "Without movement, heart rate, time: three more trainings (with --cv).")
    ] = False,
    learning_curve: Annotated[
        bool, switch("--learning-curve", "On fewer subjects: two or three more trainings (with --cv).")
    ] = False,
) -> None:
    """How well does staging agree with polysomnography? Cohen's kappa, recall, calibration, coverage.

    Without --cv the shipped model is scored, and the subjects it was trained on are marked: their figures flatter.
    Accuracy is printed beside what "always asleep" would reach, because nine tenths of a night are sleep.

    Example: evensong evaluate sleep-accel --cv 7 --report report
    """
    from evensong.cli.staging_report import print_evaluation
    from evensong.errors import InputError
    from evensong.staging.student import shipped_student
    from evensong.training import corpus, evaluation, studies
    from evensong.training.report.card import card

    if (ablations or learning_curve) and not cv:
        raise InputError("--ablations and --learning-curve train anew: say with --cv in how many folds.")
    write_report = _report_writer(report) if report else None
    if to_json:
        check_place(to_json, "file of figures", b"{")

    with _progress("Reading nights") as show:
        labelled = corpus.load(directory, show)
    if cv:
        with _progress("Training and scoring") as show:
            found = evaluation.cross_validate(labelled, cv, splits, jobs, show, robust=robust, early=True)
    else:
        found = evaluation.shipped(labelled, _model(model), robust=robust, student=shipped_student())
    figures = evaluation.figures(found)
    if ablations:
        with _progress("Training without a kind of features") as show:
            figures["ablations"] = studies.ablations(labelled, cv, jobs, show)
    if learning_curve:
        with _progress("Training on fewer subjects") as show:
            figures["learning_curve"] = studies.learning_curve(labelled, cv, jobs, show)
            figures["trained_on"] = studies.subjects_in_training(labelled, cv)
    if to_json:
        write_whole(to_json, (json.dumps(figures, indent=1) + "\n").encode(), "file of figures", b"{")
    print_evaluation(figures, cross_validated=bool(cv), per_night=per_night)
    if report and write_report:
        how = f"{figures['nights']} nights of {directory.resolve().name}, {figures['epochs']:,} scored epochs, "
        how += f"retrained for every one of {cv} folds, {splits} division(s) by subject" if cv else "one finished model"
        about = "" if cv else card(_model(model), figures, f"On {how}.")
        typer.echo(f"{write_report(report, labelled, found, figures, f'{how}.', about)}: the report.")


def train(
    directory: Labelled,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.json", help="Where to write the model.")],
    data: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Whose nights these are and how to cite them, for the model card."),
    ] = None,
    live: Annotated[
        Path | None, typer.Option(metavar="LIVE.json", help="Where to write the live stager's, if it is wanted.")
    ] = None,
) -> None:
    """Train a stager on labelled nights. The same nights always give the same file.

    With --live also the small student for the wearable, which learns from these nights and from the model.

    Beside it goes its model card, FILE.json.card.md. What is it worth? evensong evaluate DIR --model FILE.json, on a
    folder of other nights, or evensong evaluate DIR --cv 7 on this one.

    Example: evensong train my-nights --out model.json --data "Our nights of 2026, not published"
    """
    from evensong.errors import InputError
    from evensong.staging import shipped
    from evensong.training import corpus, evaluation
    from evensong.training.answers import taught
    from evensong.training.measured import measure_night
    from evensong.training.report.card import card
    from evensong.training.streamed import stream_night
    from evensong.training.student import train_student
    from evensong.training.train import ATTRIBUTION, networks_to_train, stated
    from evensong.training.train import train as run

    card_out = out.with_name(out.name + ".card.md")
    check_place(out, "model", b"{")
    check_place(card_out, "model card", b"#")
    if live is not None:
        check_place(live, "model", b"{")
    with _progress("Reading nights") as show:
        labelled = corpus.load(directory, show)
    subjects = {night.subject for night in labelled}
    if len(subjects) < evaluation.LEAST_SUBJECTS:
        raise InputError(f"{directory} holds {len(subjects)} subjects; training needs {evaluation.LEAST_SUBJECTS}.")
    if data is None:
        unnamed = f"Nights of the folder {directory.resolve().name}; whose they are was not said (`train --data`)."
        data = ATTRIBUTION if subjects <= shipped().subjects else unnamed
    with _progress("Training networks") as show:
        done = count(1)
        measured = [measure_night(night) for night in labelled]
        model = run(measured, lambda: show(next(done), networks_to_train()), data=data)
    write_whole(out, model.to_bytes(), "model", b"{")
    write_whole(card_out, card(model).encode(), "model card", b"#")
    typer.echo(f"{out}: {len(labelled)} nights, {model.facts['epochs']:,} epochs, arrays {model.sha256}")
    if live is not None:
        with _progress("Training the student"):
            streamed = [stream_night(night) for night in labelled]
            student = train_student(streamed, taught(model, measured), stated(model))
        write_whole(live, student.to_bytes(), "model", b"{")
        typer.echo(f"{live}: the live stager's {len(student.weights):,} bytes, {student.sha256}")


def _report_writer(folder: Path) -> Callable[..., Path]:
    """Before anything is computed: an hour's training shall not end in what could have been said at once."""
    from evensong.errors import Unavailable

    try:
        from evensong.training.report.page import write
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        raise Unavailable("A report needs Jinja2: in a clone, install it with `pip install -e '.[train]'`.") from None
    check_folder(folder)
    return write


def _model(path: Path | None) -> Model:
    from evensong.errors import InputError
    from evensong.staging import ModelError, load, shipped

    if path is None:
        return shipped()
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ModelError as error:
        raise InputError(f"{path} is no model for this version: {error}.") from None


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield show
