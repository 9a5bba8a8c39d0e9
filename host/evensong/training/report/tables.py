"""The tables of a report that are not always there: answers, subgroups, robustness, studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evensong.training import scores
from evensong.training.report.charts import Mark, Scale, chart
from evensong.training.report.spread import mean

COLOURS = dict(zip(scores.TASKS, ("wake", "rem", "deep"), strict=True))
ZERO_TO_ONE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Table:
    """words: how many columns, from the left, hold words; the others hold numbers."""

    title: str
    text: str
    headings: tuple[str, ...]
    rows: list[list[str]]
    picture: Markup | None = None
    words: int = 1


def tables(figures: dict[str, Any]) -> list[Table]:
    """Those for which there are figures."""
    found = [_answers(figures)] if figures["earlier_answers"] else []
    found.append(_subgroups(figures))
    if figures["robustness"]:
        found.append(_robustness(figures))
    if figures.get("ablations"):
        found.append(_ablations(figures))
    if figures.get("learning_curve"):
        found.append(_learning(figures))
    return found


def _subgroups(figures: dict[str, Any]) -> Table:
    rows = [
        [f"{row['trait']}, {row['half']}", *(f"{bound:.0f}" for bound in row["bounds"]), str(row["nights"]),
         *(f"{kappa:.3f}" for kappa in row["kappa"].values())]
        for row in figures["subgroups"]
    ]  # fmt: skip
    text = "Halves of the nights by what the recordings tell; the data set names neither age nor sex."
    return Table("Subgroups of nights", text, ("nights by", "from", "to", "nights", *figures["tasks"]), rows)


def _robustness(figures: dict[str, Any]) -> Table:
    clean = {name: mean(task["kappa"]) for name, task in figures["tasks"].items()}
    rows = [["as recorded", *(f"{kappa:.3f}" for kappa in clean.values())]]
    for name, kappas in figures["robustness"].items():
        values = {task: mean(kappas[task]) for task in clean}
        rows.append([name, *(f"{value:.3f} ({value - clean[task]:+.3f})" for task, value in values.items())])
    text = "Kappa, and its change. Nothing was trained on spoilt nights."
    return Table("The same nights measured worse", text, ("", *clean), rows)


def _answers(figures: dict[str, Any]) -> Table:
    rows = []
    for name, answer in {"final": figures, **figures["earlier_answers"]}.items():
        tasks, share = answer["tasks"].values(), f"{100 * mean(answer['coverage_where_decided']):.0f} %"
        rows += [
            [name, *(f"{mean(task['kappa']):.3f}" for task in tasks), ""],
            [f"{name}, where it decides", *(f"{mean(task['kappa_where_decided']):.3f}" for task in tasks), share],
            [f"{name}, calibration error", *(f"{mean(task['ece']):.3f}" for task in tasks), ""],
        ]
    text = (
        "Kappa. Live: nothing measured after the epoch; settled: nothing later than ten minutes after it. The counts "
        "of sleep-accel were smoothed with up to 285 s of what followed; so late, they hold nothing yet to come."
    )
    return Table("The three answers", text, ("", *figures["tasks"], "decides"), rows)


_STUDIED = (
    "Retrained in every fold of one division with one network in place of three, all rows alike: to be compared with "
    "each other, not with the figures on top. 90 %: where it lies in so many draws of as many nights; other seeds move "
    "kappa by about .005."
)


def _ablations(figures: dict[str, Any]) -> Table:
    rows = []
    for name, tasks in figures["ablations"].items():
        rows.append([name, *(f"{task['kappa']:.3f}" for task in tasks.values())])
        if any(task["change"] for task in tasks.values()):  # not of the reference
            rows.append([f"{name}, change", *(f"{task['change']:+.3f}" for task in tasks.values())])
            rows.append([f"{name}, change, 90 %", *(_range(task["change_90"], "+.3f") for task in tasks.values())])
    return Table("Without a kind of features", f"Kappa. {_STUDIED}", ("", *figures["tasks"]), rows)


def _learning(figures: dict[str, Any]) -> Table:
    sizes = {int(size): tasks for size, tasks in figures["learning_curve"].items()}
    marks = [
        Mark(name, css, [(size, tasks[name]["kappa"]) for size, tasks in sizes.items()])
        for name, css in COLOURS.items()
    ]
    x = Scale(0, max(sizes) * 1.05, tuple(sizes), "subjects in training", decimals=0)
    text = "Kappa of the left-out nights by the number of subjects in training."
    picture = chart("learning", "Learning curve", text, marks, x, Scale(0, 1, ZERO_TO_ONE, "Cohen's kappa"))
    rows = []
    for size, tasks in sizes.items():
        rows.append([str(size), *(f"{task['kappa']:.3f}" for task in tasks.values())])
        rows.append([f"{size}, 90 %", *(_range(task["kappa_90"], ".3f") for task in tasks.values())])
    return Table("Would more nights help?", f"Kappa. {_STUDIED}", ("subjects", *figures["tasks"]), rows, picture)


def _range(bounds: Sequence[float], style: str) -> str:
    return " to ".join(format(bound, style) for bound in bounds)
