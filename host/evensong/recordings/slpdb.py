"""Importer of slpdb, the MIT-BIH Polysomnographic Database: beat-to-beat intervals of an ECG (Ichimaru and Moody 1999).

Two layouts: the published WFDB record (`ID.hea`, beats in `ID.ecg`) and the text that ann2rr prints (`ID.rr`). t = 0 is
the start of the record. The record knows no lights-off, and its date has no time zone: neither gets into the recording.

A beat that is not normal is a beat all the same, but its interval is no NN interval: its quality is below what is
vouched for.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.errors import InputError
from evensong.recordings.beats import place
from evensong.recordings.columns import Integers, blocks, in_order
from evensong.recordings.repairs import Repairs, listed
from evensong.recordings.samples import NOT_SINUS, VOUCHED, Samples
from evensong.recordings.tables import ROUNDING_MS, say_what_was_left_out
from evensong.recordings.wfdb_files import read_annotations

CITATION = (
    "Ichimaru Y., Moody G.B. (1999), Development of the polysomnographic database on CD-ROM, Psychiatry and Clinical "
    "Neurosciences 53:175-177; PhysioNet, doi 10.13026/C23K5S; Goldberger A. et al. 2000"
)

_BEATS = frozenset("NLRaVFJASEj/QB?enfr")  # PhysioNet's codes that mark a beat; the others mark rhythm, noise, comments
_ANN2RR_ROW = re.compile(
    rb"^\s*\S+\s+(\S+)\s+(\d{1,5}\.\d{1,6})\s+(\S+)\s+(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)\s*$"
)


def read(directory: Path, record: str, repairs: Repairs) -> Samples:
    """Return the beats of one record.

    Raises:
        InputError: there is no such record, or its file makes no sense.
        Unavailable: the record is WFDB and the package wfdb is not installed.
    """
    text, annotations = directory / f"{record}.rr", directory / f"{record}.ecg"
    if text.is_file():
        path = text
        ends_ms, ibi_ms, normal = _from_text(path, repairs)
    elif annotations.is_file():
        path = annotations
        ends_ms, ibi_ms, normal = _from_annotations(path)
    else:
        raise InputError(f"{directory} holds no record {record!r}: {_what_is_there(directory)}")
    placed = place(ends_ms - ROUNDING_MS, ends_ms + ROUNDING_MS, ibi_ms, slack_ms=1)
    say_what_was_left_out(path, len(placed.impossible), len(placed.overlapping), len(placed.kept), repairs)
    quality = np.where(normal, VOUCHED, NOT_SINUS)[placed.kept]
    return Samples(beat_ms=placed.beat_ms, ibi_ms=placed.ibi_ms, quality=quality)


def _what_is_there(directory: Path) -> str:
    names = sorted({path.stem for suffix in ("rr", "ecg") for path in directory.glob(f"*.{suffix}")})
    if not names:
        return "name the folder that holds slp*.rr, or slp*.hea and slp*.ecg."
    return f"there are {listed(names, 5)}."


def _from_text(path: Path, repairs: Repairs) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Return (end of the interval in ms, interval in ms, both beats normal)."""
    rows: list[tuple[int, int, bool]] = []
    lines: list[int] = []
    bad, first_bad = 0, 0
    for first_line, block in blocks(path):
        for line, row in enumerate(block.split(b"\n"), first_line):
            if match := _ANN2RR_ROW.match(row):
                before, rr_s, kind, hours, minutes, seconds = match.groups()
                if before != b"[0]":  # the stretch before the first beat is no interval
                    end_s = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
                    rows.append((round(end_s * 1000), round(float(rr_s) * 1000), before == kind == b"N"))
                    lines.append(line)
            elif row.strip():
                bad, first_bad = bad + 1, first_bad or line
    if not rows:
        raise InputError(f"{path} holds no RR intervals as ann2rr prints them: is it the right file?")
    repairs.rows(path, bad, first_bad, "left out, as no RR interval")
    ends, ibi, normal = in_order(np.array(rows, np.float64), np.array(lines), path, repairs).astype(np.int64).T
    return ends, ibi, normal.astype(bool)


def _from_annotations(path: Path) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    times_s, symbols, _ = read_annotations(path)
    is_beat = np.array([symbol in _BEATS for symbol in symbols], bool)
    if is_beat.sum() < 2:
        raise InputError(f"{path} holds no beats: is it the annotation of the ECG?")
    ends = np.rint(times_s[is_beat] * 1000).astype(np.int64)
    normal = np.array(symbols)[is_beat] == "N"
    return ends[1:], np.diff(ends), normal[1:] & normal[:-1]
