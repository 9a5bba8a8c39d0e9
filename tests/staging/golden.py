"""The golden integers of staging, tests/vectors/staging.json. After a change of features or model make them anew:

    python tests/staging/golden.py

They come from NumPy, those of the live answer from the firmware on CPython; `test_plain` and `test_live_interpreters`
then ask CPython and both MicroPythons for the same.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from builders import BOOTS, frame, night_frames, wear

from evensong.cli.bench_staging import as_document
from evensong.staging import Samples, find, gather, lay_out, shipped, stage
from evensong.staging.features import measure
from evensong.staging.live import stage_live
from evensong.staging.series import BINS
from evensong.staging.student import shipped_student
from evensong_wire.frames import Wear
from evensong_wire.models import HeartRate, Ibi

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "staging.json"
STAGES = ("hr", "count", "features", "standardised", "logits", "scores", "p", "stage")


def short_night() -> dict[str, Any]:
    """Readings, then nothing, then beats, some of them absurd; movement; a while off the wrist. Forty epochs."""
    zero_ms = 150_000
    readings = [f for f in night_frames(0.3, zero_ms=zero_ms) if not isinstance(f.body, HeartRate) or f.header.seq < 4]
    beats = [f for f in night_frames(0.3, beats=True, zero_ms=zero_ms) if isinstance(f.body, Ibi)][1:]
    absurd = frame(Ibi((0, 700, 1900, 2600), (3000, 310, 1990, 700), (90, 90, 90, 10)), 900_000, 900)
    off = [wear(Wear.OFF, 640_000, 901), wear(Wear.ON, 690_000, 902)]
    samples = gather([*readings, *beats, absurd, *off], BOOTS)
    document = as_document(samples)
    return {**document, "events": samples.events.tolist(), "span_ms": samples.span_ms}


def samples_of(document: dict[str, Any]) -> Samples:
    columns = {"heart_rate": 2, "beats": 3, "activity": 2, "wear": 2, "events": 3}
    rows = {name: np.array(document[name], np.int64).reshape(-1, width) for name, width in columns.items()}
    return Samples(**rows, span_ms=tuple(document["span_ms"]))


def by_numpy(samples: Samples) -> dict[str, list[Any]]:
    """What `staging.plain.answer` gives, for a recording with one night, from the rooms that stage."""
    series, model = lay_out(samples), shipped()
    (night,) = find(samples, series)
    features = measure(series, night.epochs, series.epochs, risen=night.risen)
    x = model.standardise(features)
    hypnogram = stage(samples)
    return {
        "hr": with_none(series.hr_q8, series.hr_known).reshape(-1, BINS).tolist(),
        "count": with_none(series.count_q8, series.count_known)[:, None].tolist(),
        "features": with_none(features.values, features.known).tolist(),
        "standardised": x.tolist(),
        "logits": model.networks.logits(x).tolist(),
        "scores": model.scores(features).tolist(),
        "p": hypnogram.p.tolist(),
        "stage": hypnogram.stage[:, None].tolist(),
    }


def live_rows(samples: Samples) -> list[Any]:
    """Stage and probabilities of every epoch, by the live answer."""
    hypnogram = stage_live(samples)
    return np.concatenate([hypnogram.stage[:, None], hypnogram.p], axis=1).tolist()


def with_none(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(known, values.astype(object), None)


def fingerprint(rows: list[Any]) -> dict[str, Any]:
    """Hash of all, and three rows to look at."""
    text = json.dumps(rows, separators=(",", ":"))
    some = {str(place): rows[place] for place in (0, len(rows) // 2, len(rows) - 1)}
    return {"rows": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest(), "some": some}


def main() -> None:
    night = short_night()
    stages = by_numpy(samples_of(night))
    vectors = {"model_sha256": shipped().sha256, "student_sha256": shipped_student().sha256, "night": night,
               "stages": {name: fingerprint(stages[name]) for name in STAGES},
               "live": fingerprint(live_rows(samples_of(night)))}  # fmt: skip
    VECTORS.write_text(json.dumps(vectors, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print(f"{VECTORS}: {len(stages['p'])} epochs, model {vectors['model_sha256'][:12]}")


if __name__ == "__main__":
    main()
