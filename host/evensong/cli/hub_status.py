"""`evensong hub status` for people: tables of what `evensong.hub.status` found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

STEPS = ("sampled", "stored", "transferred", "staged", "forwarded")


def show(found: dict[str, Any], console: Console) -> None:
    running = "[green]running[/]" if found["running"] else "[yellow]not running[/]"
    console.print(f"Hub {found['hub_id']}: {running}, journal {_plain(found['journal'])}", highlight=False)
    if found["links"]:
        table = _table("link", "state", "since", "failures", "")
        for link in found["links"]:
            state = link["state"] if found["running"] else f"was {link['state']}"
            table.add_row(
                _plain(link["address"]),
                state,
                _when(link["since_utc_ms"]),
                str(link["failures"] or ""),
                _plain(link["detail"]),
            )
        console.print(table)
    for wearable in found["wearables"]:
        _show_wearable(wearable, console)
    if not found["wearables"]:
        console.print("No wearable has said hello yet.")
    for nexus in found["nexus"]:
        console.print(f"Nexus {_plain(nexus['url'])}: {nexus['waiting'] or 'no'} documents wait.", highlight=False)


def _show_wearable(wearable: dict[str, Any], console: Console) -> None:
    battery = "" if wearable["battery_pct"] is None else f", battery {wearable['battery_pct']} %"
    name, board = _plain(wearable["name"]) or "Wearable", _plain(wearable["board"])
    console.print(
        f"\n[bold]{name}[/] {wearable['device_id']} ({board}, firmware "
        f"{wearable['firmware']}{battery}), last seen {_when(wearable['last_seen_utc_ms'])}; "
        f"{wearable['duplicates']} duplicates, {wearable['damaged']} damaged, {wearable['hostile']} hostile",
        highlight=False,
    )
    if wearable["forecast_h"]:
        plans = ", ".join(f"{name} {low} to {_hours(high)}" for name, (low, high) in wearable["forecast_h"].items())
        console.print(f"Forecast by the battery model (docs/power.md), hours: {plans}", highlight=False)
    if wearable["evening"]:
        console.print(_plain(wearable["evening"]["sentence"]), highlight=False)
    for timeline in wearable["timelines"]:
        table = _table("span", "state", "starts", "hours", "samples", "lost")
        for span in timeline["spans"]:
            counts = [span["samples"][step] for step in STEPS]
            lost_s = sum(gap["lost_s"] for gap in span["gaps"])
            complete = len(set(counts)) == 1
            table.add_row(
                span["kind"],
                f"{span['state']} {span['revision']}",
                _when(span["start_utc_ms"]),
                f"{span['epochs'] / 120:.1f}",
                f"{counts[0]:,}" if complete and counts[0] is not None else _steps(counts),
                f"{lost_s:g} s" if span["gaps"] else "",
                style=None if complete else "yellow",
            )
        console.print(table)
        clocks = [
            f"boot {boot['boot_id']}: {boot['drift_ppm']:+.1f} ppm, residual {boot['residual_ms']:g} ms"
            for boot in timeline["boots"][-3:]
            if boot["drift_ppm"] is not None
        ]
        if clocks:
            console.print("Clock against this hub's: " + "; ".join(clocks), highlight=False)


def _hours(high: int) -> str:
    return "63 or more" if high == 63 else str(high)


def _plain(text: str) -> str:
    """Words from outside, which shall command neither the markup nor the terminal."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))


def _steps(counts: list[int | None]) -> str:
    """The steps that differ from the one before."""
    told = [
        f"{'?' if count is None else f'{count:,}'} {step}"
        for step, count, before in zip(STEPS, counts, [object(), *counts], strict=False)
        if count != before
    ]
    return ", ".join(told)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in ("hours", "lost", "failures") else "left")
    return table


def _when(utc_ms: int | None) -> str:
    if utc_ms is None:
        return "?"
    return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
