"""The model card: what a model is for, what it is not for, what it was made from, and how well it does (Mitchell 2019).

Markdown, because it lies beside the model file and is read there.
"""

from __future__ import annotations

from typing import Any

from evensong.staging import Model
from evensong.training.report.spread import mean
from evensong.training.train import ATTRIBUTION

INTENDED = (
    "Staging of nights of sleepers like those of the training from wrist heart rate and movement: for their own use, "
    "research, and home automation that can live with mistakes. Each epoch has a probability; `unknown` is an answer."
)
LIMITS = (
    "No medical device: it neither diagnoses sleep disorders nor rules them out.",
    "Wake is the weakest stage: who lies awake without moving looks asleep, and about a tenth of a night is wake.",
    "Without movement wake is uncertain; without heart rate nothing is staged; off the wrist is never sleep.",
    "Two human scorers agree with a kappa of about .76 (five classes); no stager from the wrist comes near that.",
)
LIMITS_OF_SLEEP_ACCEL = (
    "Trained on adults without known sleep disorders, one night each, in a laboratory.",
    "Children, pregnancy, shift work, heart-rate medication, pacemakers and arrhythmia were not in the training.",
    "Men with apnea (slpdb): most epochs stay `unknown`, and what is decided is less often right.",
)


def card(model: Model, figures: dict[str, Any] | None = None, how: str = "") -> str:
    """The card of a model. figures: of `evaluation.figures`, if it was evaluated; how: on what, in words."""
    facts = model.facts
    limits = LIMITS + (LIMITS_OF_SLEEP_ACCEL if facts["data"] == ATTRIBUTION else ())
    lines = [
        "# Model card: Evensong sleep stager",
        "",
        f"- **Arrays** SHA-256 `{model.sha256}`",
        f"- **Recipe** {facts['recipe']}; int8 weights, integer inference",
        f"- **Trained on** {len(facts['subjects'])} subjects, {facts['epochs']:,} scored epochs of 30 s",
        f"- **Says `unknown`** below probability {facts['threshold'] / 10_000:.2f}, from nights that did not train",
        f"- **Licence** {facts['licence']}",
        "",
        "## Intended use",
        "",
        INTENDED,
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in limits),
        "",
        "## Data",
        "",
        str(facts["data"]),
        "",
        f"Subjects: {', '.join(facts['subjects'])}.",
        "",
    ]
    if figures:
        lines += ["## Agreement with polysomnography", "", how, "", *_agreement(figures), ""]
    else:
        lines += ["## Agreement with polysomnography", "", "Not measured here: `evensong evaluate DIR --cv 7`", ""]
    return "\n".join(lines)


def _agreement(figures: dict[str, Any]) -> list[str]:
    rows = [
        "| | kappa, pooled | at 80 % coverage | calibration error | always asleep: accuracy |",
        "|---|---|---|---|---|",
    ]
    for name, task in figures["tasks"].items():
        kappa, covered, ece = (mean(values) for values in (task["kappa"], task["at_coverage"]["0.8"], task["ece"]))
        rows.append(f"| {name} | {kappa:.3f} | {covered:.3f} | {ece:.3f} | {task['always_asleep_accuracy']:.3f} |")
    return rows
