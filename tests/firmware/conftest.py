"""Firmware tests import the firmware's modules and the models beside them; some of these run on MicroPython too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
