"""Recordings: files of frames (`*.evr`), importers that make them from public data sets, exporters that undo it.

Nothing here decides about a night: staging, hub and Nexus read what lies in a recording, and reference labels
(`labels`) never get into one.
"""

from __future__ import annotations

from pathlib import Path

DEMO_NIGHT = Path(__file__).with_name("demo.evr")  # synthetic: `evensong synth --seed 2045 --hours 8`
