"""`evensong evaluate` and `train`: what hypnograms are worth, and the models that they come from."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evensong.cli.panels import FIGURES
from evensong.cli.progress import bar, long_bar, told
from evensong.cli.switch import switch
from evensong.clock import SystemClock
from evensong.whole_file import check_folder, check_place, write_whole

if TYPE_CHECKING:
    from evensong.staging import Model
    from evensong.training.corpus import LabelledNight
    from evensong.training.evaluation import Split

STOPPED = 130  # as a shell says of what Ctrl-C ended
_FIGURES, _MODEL, _CARD = ("file of figures", b"{"), ("model", b"{"), ("model card", b"#")  # how each begins
Labelled = Annotated[
    Path, typer.Argument(metavar="DIR", help="Nights with reference stages, laid out as sleep-accel or slpdb.")
]


def register(app: typer.Typer) -> None:
    """Add the commands about labelled nights."""
    app.command(rich_help_panel=FIGURES)(evaluate)
    app.command(rich_help_panel=FIGURES)(train)


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
        bool, switch("--ablations", "Without movement, heart rate, time: one network each (with --cv).")
    ] = False,
    learning_curve: Annotated[
        bool, switch("--learning-curve", "On fewer subjects: one network each (with --cv).")
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
    from evensong.training import corpus, evaluation
    from evensong.training.report.card import card

    if (ablations or learning_curve) and not cv:
        raise InputError("--ablations and --learning-curve train anew: say with --cv in how many folds.")
    write_report = _report_writer(report) if report else None
    if to_json:
        check_place(to_json, *_FIGURES)

    with bar("Reading nights") as show:
        labelled = corpus.load(directory, show)
    missing: list[str] = []
    if cv:
        found, studied, missing = _trained(
            labelled, cv, splits, jobs, robust=robust, ablations=ablations, learning_curve=learning_curve
        )
        how = f"retrained in each of {cv} folds, {len(found)} division(s) by subject"
    else:
        found, studied = evaluation.shipped(labelled, _model(model), robust=robust, student=shipped_student()), {}
        how = "one finished model"
    figures = evaluation.figures(found) | studied
    if to_json:
        write_whole(to_json, (json.dumps(figures, indent=1) + "\n").encode(), *_FIGURES)
    print_evaluation(figures, cross_validated=bool(cv), per_night=per_night)
    stopped = f"Stopped early; missing: {', '.join(missing)}."
    if report and write_report:
        how = f"{figures['nights']} nights of {directory.resolve().name}, {figures['epochs']:,} scored epochs, {how}."
        about = "" if cv else card(_model(model), figures, f"On {how}")
        how += f" {stopped}" if missing else ""
        typer.echo(f"{write_report(report, labelled, found, figures, how, about)}: the report.")
    if missing:
        typer.echo(f"evensong: {stopped}", err=True)
        raise typer.Exit(STOPPED)


def _trained(
    nights: list[LabelledNight], folds: int, splits: int, jobs: int,
    *, robust: bool, ablations: bool, learning_curve: bool,
) -> tuple[list[Split], dict[str, Any], list[str]]:  # fmt: skip
    """Splits, figures of the studies, and in words what Ctrl-C left out. Says beforehand how long it takes."""
    from evensong.training import cost, evaluation, studies

    plan = studies.plan(nights, folds, ablations=ablations, learning_curve=learning_curve)
    each = cost.networks_in_a_fold()
    networks = folds * splits * each + len(plan.trainings)
    seconds = cost.seconds(folds * splits, len(plan.trainings), jobs, SystemClock())
    typer.echo(
        f"{networks} networks to train, {jobs} at a time: about {told(seconds)} on this machine, as fast as it is now. "
        "Ctrl-C ends it early and reports what is whole.",
        err=True,
    )
    studied: dict[str, dict[str, studies.Counts]] = {}
    with long_bar("networks trained", networks) as advance:
        found = evaluation.cross_validate(nights, folds, splits, jobs, lambda: advance(each), robust=robust, early=True)
        if len(found) == splits:
            studied = studies.run(nights, plan, jobs, lambda: advance(1))
    if not found:
        typer.echo("evensong: stopped before a division was whole: there is nothing to report", err=True)
        raise typer.Exit(STOPPED)
    missing = [f"{splits - len(found)} of {splits} divisions"] if len(found) < splits else []
    missing += [name for name in dict.fromkeys(each.variant for each in plan.trainings) if name not in studied]
    return found, studies.figures(plan, studied), missing


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

    written_card = out.with_name(out.name + ".card.md")
    for path, what in ((out, _MODEL), (written_card, _CARD), (live, _MODEL)):
        if path is not None:
            check_place(path, *what)
    with bar("Reading nights") as show:
        labelled = corpus.load(directory, show)
    subjects = {night.subject for night in labelled}
    if len(subjects) < evaluation.LEAST_SUBJECTS:
        raise InputError(f"{directory} holds {len(subjects)} subjects; training needs {evaluation.LEAST_SUBJECTS}.")
    if data is None:
        unnamed = f"Nights of the folder {directory.resolve().name}; whose they are was not said (`train --data`)."
        data = ATTRIBUTION if subjects <= shipped().subjects else unnamed
    with bar("Training networks") as show:
        done = count(1)
        measured = [measure_night(night) for night in labelled]
        model = run(measured, lambda: show(next(done), networks_to_train()), data=data)
    write_whole(out, model.to_bytes(), *_MODEL)
    write_whole(written_card, card(model).encode(), *_CARD)
    typer.echo(f"{out}: {len(labelled)} nights, {model.facts['epochs']:,} epochs, arrays {model.sha256}")
    if live is not None:
        with bar("Training the student"):
            streamed = [stream_night(night) for night in labelled]
            student = train_student(streamed, taught(model, measured), stated(model))
        write_whole(live, student.to_bytes(), *_MODEL)
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
