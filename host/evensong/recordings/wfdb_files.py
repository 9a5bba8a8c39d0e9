"""PhysioNet's WFDB annotation files, read with the `wfdb` package (extra `formats`): the only place that imports it.

wfdb raises whatever its parsing trips over; here that becomes one sentence.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from evensong.errors import InputError, Unavailable
from evensong.recordings.columns import Floats


def read_annotations(path: Path) -> tuple[Floats, list[str], list[str]]:
    """Return times in seconds of the record, annotation symbols and notes, of the annotation file `record.extension`.

    The sampling rate comes from `record.hea` beside it, or from the annotation file itself.

    Raises:
        InputError: it is missing or cannot be read.
        Unavailable: wfdb is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # wfdb's quarrels with newer pandas are no business of an importer's user
            import wfdb
    except ImportError:
        raise Unavailable("Reading WFDB files needs the package wfdb: pip install 'evensong[formats]'.") from None
    if not path.is_file():
        raise InputError(f"There is no file {path}: check the folder and the name.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
        times_s = np.asarray(found.sample, np.float64) / float(found.fs)
        symbols, notes = list(found.symbol), [str(note).strip("\x00 ") for note in found.aux_note]
    except Exception as error:  # noqa: BLE001 - wfdb has no exception tree of its own
        raise InputError(
            f"{path} cannot be read as WFDB annotations ({type(error).__name__}): fetch it anew."
        ) from None
    if not (len(times_s) == len(symbols) == len(notes)) or not np.isfinite(times_s).all():
        raise InputError(f"{path} is damaged: times and annotations differ in number; fetch it anew.")
    return times_s, symbols, notes
