"""What `stage` and `evaluate` print: tables for people. Figures come in, nothing is computed but their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from evensong.staging import Hypnogram, Samples

STAGE_NAMES = ("wake", "light", "deep", "rem")


def print_nights(samples: Samples, hypnogram: Hypnogram, answer: str) -> None:
    """A short report for each night of a recording."""
    from evensong.staging import find, lay_out, summarise

    console = Console(highlight=False)
    spans = find(samples, lay_out(samples))
    if not spans:
        console.print("No night was found in this recording: every epoch is [bold]unknown[/].")
    for span in spans:
        night = summarise(hypnogram, span)
        table = Table(title=f"Night from {_clock(span.start_epoch)} to {_clock(span.end_epoch)} of the recording "
                            f"(by {span.how}), {answer} answer", title_justify="left", box=None, show_header=False)  # fmt: skip
        table.add_row("time in bed", _minutes(night.tib_min))
        table.add_row("total sleep time", _minutes(night.tst_min))
        table.add_row("sleep onset latency", _minutes(night.sol_min))
        table.add_row("wake after sleep onset", _minutes(night.waso_min))
        table.add_row("sleep efficiency", "-" if night.se_percent is None else f"{night.se_percent} %")
        table.add_row("REM latency", _minutes(night.rem_latency_min))
        shares = (("light", night.light_min), ("deep", night.deep_min), ("REM", night.rem_min))
        table.add_row("stages", ", ".join(f"{name} {_minutes(value)}" for name, value in shares))
        table.add_row("unknown", f"{night.unknown_percent} % of the time in bed, counted as neither sleep nor wake")
        console.print(table)


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
    coverage = figures["coverage_where_decided"]
    console.print(f"Where it decides ({100 * sum(coverage) / len(coverage):.0f} % of the epochs): kappa "
                  + ", ".join(f"{name} {_spread(task['kappa_where_decided'])}" for name, task in figures["tasks"].items()))  # fmt: skip
    if per_night:
        console.print(_nights(figures))


def _tasks(figures: dict[str, Any]) -> Table:
    table = Table(title="Agreement with polysomnography", title_justify="left")
    for heading in (
        "",
        "kappa, pooled",
        "per night: median (IQR)",
        "at 80 % coverage",
        "ECE",
        "accuracy",
        "always asleep",
    ):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, task in figures["tasks"].items():
        low, middle, high = task["night_quartiles"]
        table.add_row(
            name, _spread(task["kappa"]), f"{middle:.3f} ({low:.2f} to {high:.2f})", _spread(task["at_coverage"]["0.8"]),
            _spread(task["ece"]), _spread(task["accuracy"]), f"kappa 0, accuracy {task['always_asleep_accuracy']:.3f}",
        )  # fmt: skip
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


def _nights(figures: dict[str, Any]) -> Table:
    table = Table(title="Kappa of each night", title_justify="left")
    for heading in ("night", "epochs", *figures["tasks"]):
        table.add_column(heading, justify="right")
    for night in figures["per_night"]:
        kappas = (f"{value:.3f}" for value in night["kappa"].values())
        table.add_row(night["night"] + ("*" if night["seen"] else ""), f"{night['epochs']:,}", *kappas)
    return table


def _spread(values: list[float]) -> str:
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.3f} ± {deviation:.3f}"


def _minutes(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{int(value // 60)} h {value % 60:g} min" if value >= 60 else f"{value:g} min"


def _clock(epoch: int) -> str:
    sign, halves = ("-", -epoch) if epoch < 0 else ("", epoch)
    return f"{sign}{halves // 120}:{halves // 2 % 60:02d}:{halves % 2 * 30:02d}"
