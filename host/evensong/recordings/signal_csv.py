"""Sampled signals out of tables: columns found by name, and times that somebody's logger stamped.

Stamps may jitter, come in bursts with one stamp for many samples, repeat, or pause. Where they agree with an even rate
between two pauses, samples are laid evenly; where they do not, stamps are believed.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from evensong.errors import InputError
from evensong.recordings.columns import Floats, in_order, read_columns
from evensong.recordings.first_line import columns_named
from evensong.recordings.repairs import Repairs

PAUSE_S = 0.25  # without a sample: a gap, not jitter
PERIODS = 4.0  # and for slow signals: this many periods
SPREAD = 0.05  # by which the rate that stamps show may differ from the stated one
LOST = 2.5  # periods between two stamps from which on samples are missing, not late
BURSTS = 0.2  # share of repeated stamps from which on they are taken for bursts


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples without a gap. t_s: rising; values: shape (len(t_s), columns)."""

    t_s: Floats
    values: Floats


def _columns(path: Path, first: bytes, names: tuple[str, ...], rate_hz: float) -> tuple[int, ...]:
    """`columns_named`, and for samples without times how to give them some."""
    try:
        return columns_named(path, first, names)
    except InputError:
        if not re.fullmatch(rb'[\w."+-]+', first.strip()):
            raise
    script = f"awk -v hz={rate_hz:g} '/[0-9]/ {{printf \"%.4f,%s\\n\", (n++)/hz, $1}}'"
    command = f"{script} {shlex.quote(str(path))} > timed.csv"
    raise InputError(f"{path} has 1 column, not {','.join(names)}: give its samples times, as with\n{command}")


def read_signal(path: Path, names: tuple[str, ...], repairs: Repairs, rate_hz: float | None = None) -> list[Stretch]:
    """Return the stretches of a table whose columns are named, time in seconds first. rate_hz: what its rate should be.

    Raises:
        InputError: the file makes no sense, or its stamps contradict the rate.
    """
    named = partial(columns_named, names=names) if rate_hz is None else partial(_columns, names=names, rate_hz=rate_hz)
    rows, lines = read_columns(path, named, delimiter=",", repairs=repairs)
    if len(rows) < 2:
        raise InputError(f"{path} holds {len(rows)} sample: that is no signal.")
    if (np.diff(rows[:, 0]) == 0).mean() > BURSTS:
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        repairs.append(f"{path.name}: many samples share a time; laid out evenly between the first and the last.")
        rows[:, 0] = _unfold(rows[:, 0])
    else:
        rows = in_order(rows, lines, path, repairs)
    period = float(np.median(np.diff(rows[:, 0])))
    if rate_hz is not None:
        period = _checked(path, rows[:, 0], period, rate_hz)
    ends = np.flatnonzero(np.diff(rows[:, 0]) > max(PAUSE_S, PERIODS * period)) + 1
    return [Stretch(_even(part[:, 0], period), part[:, 1:]) for part in np.split(rows, ends)]


def _unfold(t_s: Floats) -> Floats:
    """Bursts to even times: a burst's samples fill the time until the next."""
    times, first = np.unique(t_s, return_index=True)
    if len(times) < 2:
        return t_s
    laid: Floats = np.interp(np.arange(len(t_s)), first, times)
    behind = len(t_s) - first[-1]
    laid[first[-1] :] = times[-1] + np.arange(behind) * (times[-1] - times[0]) / first[-1]
    return laid


def _checked(path: Path, t_s: Floats, period: float, rate_hz: float) -> float:
    """The period that is stated, if the stamps agree; gaps and jitter do not count against it."""
    steps = np.diff(t_s)
    steps = steps[steps < max(PAUSE_S, PERIODS / rate_hz)]
    mean = float(steps.mean()) if len(steps) else period
    seen = [1 / step for step in (mean, period) if step > 0]
    if not any(abs(rate / rate_hz - 1) <= SPREAD for rate in seen):
        shown = seen[0] if seen else 0.0
        if abs(shown * 1000 / rate_hz - 1) <= SPREAD:
            raise InputError(f"The times of {path} look like milliseconds: t_s must be seconds, so divide by 1000.")
        raise InputError(
            f"--rate {rate_hz:g} does not fit {path}, whose times in seconds say {shown:.4g} samples a second: "
            "name the rate at which it was sampled."
        )
    return 1 / rate_hz


def _even(t_s: Floats, period: float) -> Floats:
    """Stamps without their jitter, if they are those of an even rate."""
    n = len(t_s)
    if n < 8:
        return t_s
    steps = np.diff(t_s) / period
    index = np.concatenate([[0.0], np.cumsum(np.where(steps > LOST, np.rint(steps), 1.0))])
    slope, start = np.polyfit(index, t_s, 1)
    line: Floats = start + slope * index
    even = abs(slope / period - 1) <= SPREAD and float(np.abs(line - t_s).max()) < 1.5 * period
    return line if even else t_s
