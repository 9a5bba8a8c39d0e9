"""The page of a report: figures in, one folder out. Nothing is computed here that `figures` could hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from evensong.errors import InputError
from evensong.record import STAGED, Stage
from evensong.training import scores
from evensong.training.corpus import LabelledNight
from evensong.training.evaluation import Split, Staged
from evensong.training.report.charts import Mark, Scale, chart
from evensong.training.report.groups import subgroups
from evensong.ui import hypnogram
from evensong.ui.axis import Axis
from evensong.ui.templating import STATIC, environment

ROOM = Path(__file__).parent
COLOURS = dict(zip(scores.TASKS, ("wake", "rem", "deep"), strict=True))
COVERAGES = tuple(round(0.3 + 0.05 * i, 2) for i in range(15))
_FOUR = "four stages"
_ZERO_TO_ONE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Table:
    """words: how many columns, from the left, hold words; the others hold numbers."""

    title: str
    text: str
    headings: tuple[str, ...]
    rows: list[list[str]]
    picture: Markup | None = None
    words: int = 1


def write(folder: Path, nights: Sequence[LabelledNight], found: Sequence[Split], figures: dict[str, Any], how: str,
          card: str = "") -> Path:  # fmt: skip
    """Write `index.html`, its style sheets and `figures.json` into a folder; return the page's path.

    how: what was evaluated and how, in words. card: the model card, if there is one model. Raises InputError.
    """
    figures = {**figures, "subgroups": subgroups(nights, found)}
    template = environment(ROOM).get_template("report.html")
    page = template.render(
        title=f"{figures['nights']} nights", how=how, tasks=list(figures["tasks"]), nights=figures["nights"],
        seen=len(figures["subjects_seen_in_training"]), agreement=_agreement(figures),
        decided=f"{100 * _mean(figures['coverage_where_decided']):.0f} %",
        where_decided=", ".join(f"{n} {_spread(t['kappa_where_decided'])}" for n, t in figures["tasks"].items()),
        held=", ".join(f"{name.upper()} {_mean(n):.3g}" for name, n in figures["intervals_that_hold"].items()),
        per_night=_per_night(figures), reliability=_reliability(figures), coverage=_coverage(found),
        stages=[str(stage) for stage in STAGED], confusion=_confusion(figures), tables=_tables(figures),
        card=card, version=version("evensong"), **_hypnograms(nights, found, figures),
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STATIC / "evensong.css", folder / "evensong.css")
        shutil.copyfile(ROOM / "report.css", folder / "report.css")
        (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        if card:
            (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        (folder / "index.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written into: {error.strerror or error}.") from None
    return folder / "index.html"


def _agreement(figures: dict[str, Any]) -> list[dict[str, Any]]:
    tasks = figures["tasks"].values()
    quartiles = [task["night_quartiles"] for task in tasks]
    rows = [
        ("kappa, pooled", [_spread(task["kappa"]) for task in tasks], True),
        ("per night, median (quartiles)", [f"{m:.2f} ({low:.2f} to {high:.2f})" for low, m, high in quartiles], False),
        ("at 80 % coverage", [_spread(task["at_coverage"]["0.8"]) for task in tasks], False),
        ("calibration error", [_spread(task["ece"]) for task in tasks], False),
        ("accuracy", [_spread(task["accuracy"]) for task in tasks], False),
        ("always asleep: kappa 0, accuracy", [f"{task['always_asleep_accuracy']:.3f}" for task in tasks], False),
    ]
    return [{"label": label, "figures": values, "strong": strong} for label, values, strong in rows]


def _confusion(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for place, (stage, row) in enumerate(zip(STAGED, figures["confusion"], strict=True)):
        total = sum(row)
        shares = [f"{100 * n / total:.0f}" if total else "-" for n in row]
        epochs = f"{total // figures['splits']:,}"
        rows.append({"stage": str(stage), "shares": shares, "place": place, "epochs": epochs})
    return rows


def _per_night(figures: dict[str, Any]) -> Markup:
    rows = sorted(figures["per_night"], key=lambda night: night["kappa"][_FOUR])
    marks = [
        Mark(task, css, [(i, night["kappa"][task]) for i, night in enumerate(rows, 1)], line=False)
        for task, css in COLOURS.items()
    ]
    marks = [Mark(m.label, m.css, [p for p in m.points if np.isfinite(p[1])], line=False) for m in marks]
    x = Scale(0, len(rows) + 1, (1, len(rows)), "nights, in the order of their four-class kappa", decimals=0)
    worst, best = rows[0], rows[-1]
    text = f"Four-class kappa from {worst['kappa'][_FOUR]:.2f} to {best['kappa'][_FOUR]:.2f}."
    return chart("nights", "Kappa of each night", text, marks, x, Scale(0, 1, _ZERO_TO_ONE, "Cohen's kappa"))


def _reliability(figures: dict[str, Any]) -> Markup:
    least = max(20, figures["epochs"] * figures["splits"] // 500)  # a bin of a few epochs is chance
    marks = [
        Mark(
            task,
            COLOURS[task],
            [(sure, right) for sure, right, n in figures["tasks"][task]["reliability"] if n >= least],
        )
        for task in COLOURS
    ]
    x = Scale(0, 1, _ZERO_TO_ONE, "probability that it gave to what it said")
    text = "Dots on the dashed line: of what it calls 70 % likely, 70 % is right."
    y = Scale(0, 1, _ZERO_TO_ONE, "share that was right")
    return chart("reliability", "Does it know how sure to be?", text, marks, x, y, diagonal=True)


def _coverage(found: Sequence[Split]) -> Markup:
    marks = [
        Mark(task, css, [(c, _mean([scores.at_coverage(task, s.truth, s.p, c) for s in found])) for c in COVERAGES],
             dots=False)
        for task, css in COLOURS.items()
    ]  # fmt: skip
    x = Scale(0.3, 1, (0.4, 0.6, 0.8, 1.0), "share of the epochs it decides, the surest first", percent=True)
    text = "The fewer epochs it decides, the surer ones, the better they agree."
    y = Scale(0, 1, _ZERO_TO_ONE, "Cohen's kappa of these")
    return chart("coverage", "What does abstaining buy?", text, marks, x, y)


def _tables(figures: dict[str, Any]) -> list[Table]:
    tables = [_answers(figures)] if figures["earlier_answers"] else []
    tables.append(_subgroups(figures))
    if figures["robustness"]:
        tables.append(_robustness(figures))
    if figures.get("ablations"):
        tables.append(_ablations(figures))
    if figures.get("learning_curve"):
        tables.append(_learning(figures))
    return tables


def _subgroups(figures: dict[str, Any]) -> Table:
    rows = [
        [f"{row['trait']}, {row['half']}", *(f"{bound:.0f}" for bound in row["bounds"]), str(row["nights"]),
         *(f"{kappa:.3f}" for kappa in row["kappa"].values())]
        for row in figures["subgroups"]
    ]  # fmt: skip
    text = "Halves of the nights by what the recordings tell; the data set names neither age nor sex."
    return Table("Subgroups of nights", text, ("nights by", "from", "to", "nights", *figures["tasks"]), rows)


def _robustness(figures: dict[str, Any]) -> Table:
    clean = {name: _mean(task["kappa"]) for name, task in figures["tasks"].items()}
    rows = [["as recorded", *(f"{kappa:.3f}" for kappa in clean.values())]]
    for name, kappas in figures["robustness"].items():
        values = {task: _mean(kappas[task]) for task in clean}
        rows.append([name, *(f"{value:.3f} ({value - clean[task]:+.3f})" for task, value in values.items())])
    text = "Kappa, and its change. Nothing was trained on spoilt nights."
    return Table("The same nights measured worse", text, ("", *clean), rows)


def _answers(figures: dict[str, Any]) -> Table:
    rows = []
    for name, answer in {"final": figures, **figures["earlier_answers"]}.items():
        for what, key in (("", "kappa"), (", where it decides", "kappa_where_decided"), (", calibration error", "ece")):
            rows.append([name + what, *(f"{_mean(task[key]):.3f}" for task in answer["tasks"].values()), ""])
        rows[-2][-1] = f"{100 * _mean(answer['coverage_where_decided']):.0f} %"
    text = (
        "Kappa. Live: nothing measured after the epoch; settled: nothing later than ten minutes after it. The counts "
        "of sleep-accel were smoothed with up to 285 s of what followed; so late, they hold nothing yet to come."
    )
    return Table("The three answers", text, ("", *figures["tasks"], "decides"), rows)


_STUDIED = "Retrained in every fold of one division with one network in place of three, so below the figures on top."


def _ablations(figures: dict[str, Any]) -> Table:
    (reference, whole), *others = figures["ablations"].items()
    rows = [[reference, *(f"{task['kappa']:.3f}" for task in whole.values())]]
    for name, tasks in others:
        told = (f"{t['kappa']:.3f} ({t['change']:+.3f}: {_range(t['change_90'], '+.3f')})" for t in tasks.values())
        rows.append([name, *told])
    text = f"{_STUDIED} Kappa, its change, and the interval that holds it in 90 % of draws of as many nights."
    return Table("Without a kind of features, one network", text, ("", *figures["tasks"]), rows)


def _learning(figures: dict[str, Any]) -> Table:
    sizes = {int(size): tasks for size, tasks in figures["learning_curve"].items()}
    marks = [
        Mark(name, css, [(size, tasks[name]["kappa"]) for size, tasks in sizes.items()])
        for name, css in COLOURS.items()
    ]
    x = Scale(0, max(sizes) * 1.05, tuple(sizes), "subjects in training", decimals=0)
    text = "Kappa of the left-out nights by the number of subjects in training."
    picture = chart("learning", "Learning curve", text, marks, x, Scale(0, 1, _ZERO_TO_ONE, "Cohen's kappa"))
    rows = [
        [str(size), *(f"{task['kappa']:.3f} ({_range(task['kappa_90'], '.3f')})" for task in tasks.values())]
        for size, tasks in sizes.items()
    ]
    text = f"{_STUDIED} Kappa, and the interval that holds it in 90 % of draws of as many nights."
    return Table("Would more nights help? One network", text, ("subjects", *figures["tasks"]), rows, picture)


def _range(bounds: Sequence[float], style: str) -> str:
    return " to ".join(format(bound, style) for bound in bounds)


def _hypnograms(nights: Sequence[LabelledNight], found: Sequence[Split], figures: dict[str, Any]) -> dict[str, Any]:
    kappas = np.array([row["kappa"][_FOUR] for row in figures["per_night"]])
    order = np.argsort(-np.nan_to_num(kappas), kind="stable")
    three = dict.fromkeys((int(order[0]), int(order[len(order) // 2]), int(order[-1])))
    staged = found[0].nights
    shown = [_against(nights[i], staged[i], kappas[i], f"shown{chr(97 + k)}", large=True) for k, i in enumerate(three)]
    every = [_against(nights[i], staged[i], kappas[i], f"all{_letters(k)}", large=False) for k, i in enumerate(order)]
    return {"shown": shown, "all_nights": every}


def _against(night: LabelledNight, staged: Staged, kappa: float, name: str, *, large: bool) -> dict[str, Any]:
    """The reference and what was staged, over the same axis: from the first to the last scored epoch."""
    place = night.epoch - night.epoch.min()
    n = int(place.max()) + 1
    axis = Axis(n, 0.0, 30_000.0, has_clock=False)
    unsure = staged.p.max(axis=1) < staged.threshold
    truth = _laid_out(n, place, staged.truth, np.zeros(len(place), bool))
    said = _laid_out(n, place, staged.p.argmax(axis=1), unsure)
    draw = hypnogram.hypnogram if large else hypnogram.sparkline
    share = 100 * (1 - unsure.mean())
    words = f"{night.name}: four-class kappa {kappa:.2f}, {share:.0f} % decided"
    drawn = {
        "title": words,
        "truth": draw(truth, axis, f"{name}truth", f"Reference hypnogram of {night.name}"),
        "said": draw(said, axis, f"{name}said", f"Staged hypnogram of {words}"),
    }
    if large:
        rows: list[tuple[int, int, int, int] | None] = [None] * n
        for at, p in zip(place.tolist(), np.rint(1000 * staged.p).astype(int).tolist(), strict=True):
            rows[at] = tuple(p)
        drawn["sure"] = hypnogram.probabilities(rows, f"{name}p", f"Probabilities of the stages of {night.name}")
    return drawn


def _laid_out(n: int, place: NDArray[np.int64], stages: NDArray[np.int64], unsure: NDArray[np.bool_]) -> list[Stage]:
    rows = [Stage.UNKNOWN] * n
    for at, stage, hidden in zip(place.tolist(), stages.tolist(), unsure.tolist(), strict=True):
        if not hidden:
            rows[at] = STAGED[stage]
    return rows


def _letters(number: int) -> str:
    return chr(97 + number // 26) + chr(97 + number % 26)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(values: Sequence[float]) -> str:
    mean = _mean(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.3f} ± {deviation:.3f}"
