"""The page of a report: figures in, one folder out. Nothing is computed here that `figures` could hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
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
from evensong.training.report.spread import mean, spread
from evensong.training.report.tables import COLOURS, ZERO_TO_ONE, tables
from evensong.ui import hypnogram
from evensong.ui.axis import Axis
from evensong.ui.templating import STATIC, environment

ROOM = Path(__file__).parent
COVERAGES = tuple(round(0.3 + 0.05 * i, 2) for i in range(15))
_FOUR = "four stages"


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
        decided=f"{100 * mean(figures['coverage_where_decided']):.0f} %",
        where_decided=", ".join(f"{n} {spread(t['kappa_where_decided'])}" for n, t in figures["tasks"].items()),
        held=", ".join(f"{name.upper()} {mean(n):.3g}" for name, n in figures["intervals_that_hold"].items()),
        per_night=_per_night(figures), reliability=_reliability(figures), coverage=_coverage(found),
        stages=[str(stage) for stage in STAGED], confusion=_confusion(figures), tables=tables(figures),
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
        ("kappa, pooled", [spread(task["kappa"]) for task in tasks], True),
        ("per night, median (quartiles)", [f"{m:.2f} ({low:.2f} to {high:.2f})" for low, m, high in quartiles], False),
        ("at 80 % coverage", [spread(task["at_coverage"]["0.8"]) for task in tasks], False),
        ("calibration error", [spread(task["ece"]) for task in tasks], False),
        ("accuracy", [spread(task["accuracy"]) for task in tasks], False),
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
    return chart("nights", "Kappa of each night", text, marks, x, Scale(0, 1, ZERO_TO_ONE, "Cohen's kappa"))


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
    x = Scale(0, 1, ZERO_TO_ONE, "probability that it gave to what it said")
    text = "Dots on the dashed line: of what it calls 70 % likely, 70 % is right."
    y = Scale(0, 1, ZERO_TO_ONE, "share that was right")
    return chart("reliability", "Does it know how sure to be?", text, marks, x, y, diagonal=True)


def _coverage(found: Sequence[Split]) -> Markup:
    marks = [
        Mark(task, css, [(c, mean([scores.at_coverage(task, s.truth, s.p, c) for s in found])) for c in COVERAGES],
             dots=False)
        for task, css in COLOURS.items()
    ]  # fmt: skip
    x = Scale(0.3, 1, (0.4, 0.6, 0.8, 1.0), "share of the epochs it decides, the surest first", percent=True)
    text = "The fewer epochs it decides, the surer ones, the better they agree."
    y = Scale(0, 1, ZERO_TO_ONE, "Cohen's kappa of these")
    return chart("coverage", "What does abstaining buy?", text, marks, x, y)


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
