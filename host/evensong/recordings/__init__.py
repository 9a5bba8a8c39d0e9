"""Recordings: files of frames (`*.evr`), importers that make them from public data sets, exporters that undo it.

Nothing here decides about a night: staging, hub and Nexus read what lies in a recording, and reference labels
(`labels`) never get into one.
"""

from __future__ import annotations

import os
from pathlib import Path

DEMO_NIGHT = Path(__file__).with_name("demo.evr")  # synthetic: `evensong synth --seed 2045 --hours 8`


def data_folder() -> Path:
    """Where the public data sets lie, a folder for each: `$EVENSONG_DATA`, else beside the checkout."""
    return Path(os.environ.get("EVENSONG_DATA", "../shared/data"))
