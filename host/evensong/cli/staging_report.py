"""What `stage` and `evaluate` print: tables for people. Figures come in, nothing is computed but their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from evensong.training.report.spread import mean, spread

if TYPE_CHECKING:
    from evensong.staging import NightSpan, Staged, Summary

STAGE_NAMES = ("wake", "light", "deep", "rem")
ANSWERS = {
    "live": "live answer: each epoch as the wearable called it at its end",
    "settled": "settled answer: each epoch as it was called ten minutes later",
    "final": "final answer: with the whole night known",
}

HOW = {  # who said when a night was
    "events": "as its events say",
    "lights-off": "its start as its event says, its end detected",
    "rise": "its start detected, its end as its event says",
    "detected": "detected",
    "corrected": "as the wearer corrected it",
}


def extent(span: NightSpan) -> str:
    """`0:00:00 to 7:00:00`: hours, minutes and seconds from the recording's t = 0."""
    return f"{_clock(span.start_epoch)} to {_clock(span.end_epoch)}"


def print_nights(staged: Staged, answer: str) -> None:
    """A short report for each night of a recording."""
    from evensong.staging import judge, summarise

    console = Console(highlight=False)
    hypnogram, spans = staged.hypnogram, staged.nights
    if not spans:
        console.print("No night was found in this recording: every epoch is [bold]unknown[/].")
    for span in spans:
        night = summarise(hypnogram, span)

        def told(minutes: float | None, name: str, night: Summary = night) -> str:
            return _told(minutes, night.intervals_min[name] if answer == "final" else None)

        kind = "Nap" if span.is_nap else "Night"
        title = f"{kind} from {extent(span)} of the recording ({HOW[span.how]}), {ANSWERS[answer]}"
        table = Table(title=title, title_justify="left", box=None, show_header=False)
        table.add_row("time in bed", _minutes(night.tib_min))
        table.add_row("total sleep time", told(night.tst_min, "tst"))
        table.add_row("sleep onset latency", _minutes(night.sol_min))
        table.add_row("wake after sleep onset", told(night.waso_min, "waso"))
        table.add_row("sleep efficiency", "-" if night.se_percent is None else f"{night.se_percent} %")
        table.add_row("REM latency", _minutes(night.rem_latency_min))
        table.add_row("light", _minutes(night.light_min))
        table.add_row("deep", told(night.deep_min, "deep"))
        table.add_row("REM", told(night.rem_min, "rem"))
        table.add_row("unknown", f"{night.unknown_percent} % of the time in bed, counted as neither sleep nor wake")
        quality = judge(staged.series, span, hypnogram)
        table.add_row("quality", quality.verdict.value)
        for finding in quality.findings:
            table.add_row("", finding.text)
        console.print(table)
    if spans and answer == "final":
        console.print("In brackets: where polysomnography would put it in 90 of 100 nights, unknown epochs included.")


def print_evaluation(figures: dict[str, Any], *, cross_validated: bool, per_night: bool) -> None:
    """The report of `evaluate`."""
    console = Console(highlight=False)
    seen = figures["subjects_seen_in_training"]
    how = (
        f"retrained for every fold, {figures['splits']} division(s) by subject"
        if cross_validated
        else "one finished model"
    )
    console.print(f"{figures['nights']} nights, {figures['epochs']:,} scored epochs, {how}")
    if seen and not cross_validated:
        console.print(
            f"[yellow]{len(seen)} of these nights were in the model's training: their figures flatter (marked *).[/]"
        )
    console.print(_tasks(figures))
    console.print(_confusion(figures))
    coverage = 100 * mean(figures["coverage_where_decided"])
    decided = (f"{name} {spread(task['kappa_where_decided'])}" for name, task in figures["tasks"].items())
    console.print(f"Where it decides ({coverage:.0f} % of the epochs): kappa {', '.join(decided)}")
    held = (f"{name.upper()} {mean(counts):.3g}" for name, counts in figures["intervals_that_hold"].items())
    console.print(f"90 % intervals that contain the reference, of {figures['nights']} nights: {', '.join(held)}")
    if figures["earlier_answers"]:
        console.print(_answers(figures))
    if figures["robustness"]:
        console.print(_robustness(figures))
    if per_night:
        console.print(_nights(figures))


def _tasks(figures: dict[str, Any]) -> Table:
    """Tasks side by side, so that it fits 80 columns."""
    table = Table(title="Agreement with polysomnography", title_justify="left")
    table.add_column("")
    tasks = figures["tasks"]
    for name in tasks:
        table.add_column(name, justify="right")
    quartiles = [task["night_quartiles"] for task in tasks.values()]
    table.add_row("kappa, pooled", *(f"[bold]{spread(task['kappa'])}[/]" for task in tasks.values()))
    table.add_row("per night, median", *(f"{middle:.3f}" for _, middle, _ in quartiles))
    table.add_row("per night, quartiles", *(f"{low:.2f} to {high:.2f}" for low, _, high in quartiles))
    table.add_row("at 80 % coverage", *(spread(task["at_coverage"]["0.8"]) for task in tasks.values()))
    table.add_row("calibration error", *(spread(task["ece"]) for task in tasks.values()))
    table.add_row("accuracy", *(spread(task["accuracy"]) for task in tasks.values()))
    table.add_row("always asleep: kappa 0, accuracy", *(f"{t['always_asleep_accuracy']:.3f}" for t in tasks.values()))
    return table


def _answers(figures: dict[str, Any]) -> Table:
    """The answers side by side: the same epochs, by what could be known."""
    table = Table(title="The three answers: kappa, pooled", title_justify="left")
    table.add_column("")
    for name in figures["tasks"]:
        table.add_column(name, justify="right")
    table.add_column("decides, %", justify="right")
    for name, answer in {"final": figures, **figures["earlier_answers"]}.items():
        tasks = answer["tasks"].values()
        coverage = f"{100 * mean(answer['coverage_where_decided']):.0f}"
        table.add_row(name, *(spread(task["kappa"]) for task in tasks), coverage)
        table.add_row("  where it decides", *(spread(task["kappa_where_decided"]) for task in tasks))
        table.add_row("  calibration error", *(spread(task["ece"]) for task in tasks))
    table.caption = (
        "live: nothing measured after the epoch; settled: nothing measured later than ten minutes after it. The counts "
        "of sleep-accel were smoothed with up to 285 s of what followed; so late, they hold nothing yet to come."
    )
    return table


def _confusion(figures: dict[str, Any]) -> Table:
    table = Table(title="Of the reference's epochs (rows), percent staged as", title_justify="left")
    for heading in ("", *STAGE_NAMES, "epochs"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, row, i in zip(STAGE_NAMES, figures["confusion"], range(4), strict=True):
        total = sum(row)
        shares = [f"{100 * n / total:.0f}" if total else "-" for n in row]
        shares[i] = f"[bold]{shares[i]}[/]"
        table.add_row(name, *shares, f"{total // figures['splits']:,}")
    table.caption = "The diagonal is the recall of each stage."
    return table


def _robustness(figures: dict[str, Any]) -> Table:
    table = Table(title="The same nights measured worse: kappa, and its change", title_justify="left")
    table.add_column("")
    for name in figures["tasks"]:
        table.add_column(name, justify="right")
    clean = {name: mean(task["kappa"]) for name, task in figures["tasks"].items()}
    table.add_row("as recorded", *(f"{kappa:.3f}" for kappa in clean.values()))
    for condition, tasks in figures["robustness"].items():
        kappas = {name: mean(values) for name, values in tasks.items()}
        table.add_row(condition, *(f"{kappa:.3f} {kappa - clean[name]:+.3f}" for name, kappa in kappas.items()))
    return table


def _nights(figures: dict[str, Any]) -> Table:
    table = Table(title="Kappa of each night", title_justify="left")
    for heading in ("night", "epochs", *figures["tasks"]):
        table.add_column(heading, justify="right")
    for night in figures["per_night"]:
        kappas = (f"{value:.3f}" for value in night["kappa"].values())
        table.add_row(night["night"] + ("*" if night["seen"] else ""), f"{night['epochs']:,}", *kappas)
    return table


def _minutes(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{int(value // 60)} h {value % 60:g} min" if value >= 60 else f"{value:g} min"


def _told(minutes: float | None, interval: tuple[float, float] | None) -> str:
    """What was staged as this, and its interval; below it if much is unknown, for that is not counted."""
    if minutes is None or interval is None:
        return _minutes(minutes)
    low, high = interval
    least = "at least " if minutes < low else ""
    return f"{least}{_minutes(minutes)} ({_minutes(round(low))} to {_minutes(round(high))})"


def _clock(epoch: int) -> str:
    sign, halves = ("-", -epoch) if epoch < 0 else ("", epoch)
    return f"{sign}{halves // 120}:{halves // 2 % 60:02d}:{halves % 2 * 30:02d}"
