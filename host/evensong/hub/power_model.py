"""The battery model: from the currents of `power_parts.toml` to what a wearable draws with each plan, low and high.

`python -m evensong.hub.power_model` writes what is made from it: the firmware's `power/currents.py` and the tables of
docs/power.md; with `--check` it writes nothing and says what is stale. Nothing here was measured on a wearable of ours.
"""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from evensong_firmware.power import states
from evensong_firmware.power.energy import MOST_H, lasts_h
from evensong_wire.frames import Plan

PARTS = Path(__file__).with_name("power_parts.toml")
ROOT = Path(__file__).resolve().parents[3]
BURST = 10, 30  # seconds of the heart's measurement in a thinner plan, of so many
Interval = tuple[float, float]


@cache
def parts() -> dict[str, Any]:
    return tomllib.loads(PARTS.read_text(encoding="utf-8"))


def chips() -> list[str]:
    return list(parts()["chip"])


def current_ua(chip: str, plan: Plan) -> tuple[int, int]:
    """What is drawn from the cell in a night with this plan, (low, high) in microamperes."""
    low, high = (sum(each[k] for each in loads(chip, plan).values()) for k in (0, 1))
    return round(low), round(high)


def loads(chip: str, plan: Plan) -> dict[str, Interval]:
    """The same by part, in microamperes."""
    found, own, shares = parts(), parts()["chip"][chip], parts()["shares"]
    on = {Plan.FULL: 1.0, Plan.LEAN: states.WINDOW_S / states.EVERY_S, Plan.SPARE: 0.0}[plan]
    lit = 1.0 if plan is Plan.FULL else BURST[0] / BURST[1]
    bounds = ("low", "high")

    def chip_ua(bound: str) -> float:
        awake = shares[f"awake_{bound}"] / 100
        between = awake * own[f"awake_{bound}"] + (1 - awake) * own[f"asleep_{bound}"]
        return float(on * own[f"awake_{bound}"] + (1 - on) * between)

    def both(amount: Any) -> Interval:
        return amount("low"), amount("high")

    table = {
        "chip": both(chip_ua),
        "radio": both(lambda bound: on * found["radio"][bound]),
        "optical sensor": both(
            lambda bound: lit * (found["optical"][f"chip_{bound}"] + found["optical"][f"led_{bound}"])
        ),
    }
    return table | {each["name"]: (each[bounds[0]], each[bounds[1]]) for each in found["always"]}


def currents_py() -> str:
    """The text of the firmware's `power/currents.py`."""
    lines = [
        '"""GENERATED from evensong.hub.power_parts by `python -m evensong.hub.power_model`; change it there.',
        "",
        "What a wearable draws from its cell in a night, (low, high) in microamperes, for each of the wire's plans.",
        '"""',
        "",
        "CURRENT_UA = {",
    ]
    lines += [f'    "{chip}": ({", ".join(str(current_ua(chip, plan)) for plan in Plan)}),' for chip in chips()]
    return "\n".join([*lines, "}", ""])


def tables_md() -> str:
    """What docs/power.md shows of the model."""
    lines = ["| chip | plan | drawn | 500 mAh last |", "|---|---|---|---|"]
    for chip in chips():
        for plan in Plan:
            low, high = current_ua(chip, plan)
            least, most = lasts_h(chip, plan, 500, 100)
            drawn, lasts = f"{low / 1000:.1f} to {high / 1000:.1f} mA", f"{least} to {most} h"
            lines.append(f"| {chip} | {plan.name} | {drawn} | {lasts}{' or more' if most == MOST_H else ''} |")
    lines += ["", "| input | low, µA | high, µA | source | read there |", "|---|---|---|---|---|"]
    for name, low, high, part in rows():
        lines.append(f"| {name} | {low:,} | {high:,} | {part['source']} | {'yes' if part['opened'] else '**no**'} |")
    return "\n".join([*lines, ""])


def rows() -> list[tuple[str, int, int, dict[str, Any]]]:
    """(input, low, high, where it is from) of every input."""
    found = parts()
    table = []
    for chip, part in found["chip"].items():
        table.append((f"{chip}, awake", part["awake_low"], part["awake_high"], part))
        table.append((f"{chip}, light sleep", part["asleep_low"], part["asleep_high"], part))
    table.append(("radio, while it is on", found["radio"]["low"], found["radio"]["high"], found["radio"]))
    optical = found["optical"]
    table.append(("optical sensor, its chip", optical["chip_low"], optical["chip_high"], optical))
    table.append(("optical sensor, its LED", optical["led_low"], optical["led_high"], optical))
    table += [(each["name"], each["low"], each["high"], each) for each in found["always"]]
    shares = found["shares"]
    return [*table, ("share awake while the radio is off, %", shares["awake_low"], shares["awake_high"], shares)]


BEGIN, END = "<!-- tables of evensong.hub.power_model -->\n", "<!-- end of tables -->\n"


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """The text of each file that is made from the model, by its path in the repository."""
    page = (root / "docs/power.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        Path("firmware/evensong_firmware/power/currents.py"): currents_py(),
        Path("docs/power.md"): before + BEGIN + tables_md() + END + after,
    }


def main(arguments: list[str]) -> int:
    stale = [path for path, text in outputs().items() if (ROOT / path).read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        if stale:
            print(f"Stale: {', '.join(map(str, stale))}. Run `python -m evensong.hub.power_model`.")
        return 1 if stale else 0
    for path, text in outputs().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
