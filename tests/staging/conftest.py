from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # `builders`, `golden`
sys.path.insert(0, str(HERE.parent / "firmware"))  # `interpreters`
