"""A night from samples to probabilities, keeping the integers of every stage on the way.

Run on MicroPython with the folder above this one on its path:
    import plain.answer; plain.answer.main(NIGHT_JSON, MODEL_JSON)
NIGHT_JSON: {"heart_rate", "beats", "activity", "wear": rows as in `Samples`, "epochs": [start, stop],
"nights": [[start, stop, risen], ...] of which there is at least one}.
"""

import binascii
import json
import struct

from . import arithmetic as a
from . import features, network, series
from .shapes import Any, Maybe, Stages

UNKNOWN = 4
WHOLE = 10_000
_CODES = {"int8": ("b", 1), "int16": ("h", 2), "int32": ("i", 4)}


def model_from(text: str) -> dict[str, Any]:
    """The model file as nested lists: {"names", "threshold", "arrays"}."""
    document = json.loads(text)
    arrays = {}
    for name, entry in document["arrays"].items():
        code, size = _CODES[entry["dtype"]]
        raw = binascii.a2b_base64(entry["base64"].encode())
        arrays[name] = nested(list(struct.unpack("<" + str(len(raw) // size) + code, raw)), entry["shape"])
    return {"names": document["features"], "threshold": document["facts"]["threshold"], "arrays": arrays}


def nested(flat: list[Any], shape: list[int]) -> list[Any]:
    for length in reversed(shape[1:]):
        flat = [flat[i : i + length] for i in range(0, len(flat), length)]
    return flat


def answer(night: dict[str, Any], model: dict[str, Any]) -> Stages:
    """Per stage a row for each epoch: hr (6 bins), count, features, standardised, logits, scores, p, stage."""
    start, stop = night["epochs"]
    first_ms = start * series.EPOCH_MS
    hr = series.heart_rate(night["heart_rate"], night["beats"], night["wear"], first_ms, (stop - start) * series.BINS)
    on_wrist = series.worn_epochs(night["wear"], first_ms, stop - start)
    count = series.counts(night["activity"], on_wrist, start)
    stages: Stages = {"hr": [hr[i : i + series.BINS] for i in range(0, len(hr), series.BINS)],
                      "count": [[value] for value in count]}  # fmt: skip
    for name in ("features", "standardised", "logits", "scores", "p"):
        stages[name] = []
    nights = night["nights"]
    borders = [(one[1] + two[0]) // 2 for one, two in zip(nights, nights[1:])]
    edges = [start] + borders + [stop]
    for i, (lights_off, rise, risen) in enumerate(nights):
        rows = features.measure(hr, count, start, (lights_off, rise), (edges[i], edges[i + 1]), risen)
        probabilities(rows, model, stages)
    stages["stage"] = []
    for k in range(stop - start):
        in_bed = any(lights_off <= start + k < rise for lights_off, rise, _ in nights)
        heart = any(value is not None for value in stages["hr"][k])
        p = stages["p"][k]
        sure = max(p) >= model["threshold"]
        stages["stage"].append([p.index(max(p)) if in_bed and heart and on_wrist[k] and sure else UNKNOWN])
    return stages


def probabilities(rows: list[dict[str, Maybe]], model: dict[str, Any], stages: Stages) -> None:
    """Appends what becomes of these epochs, which follow each other, to every stage."""
    arrays, names = model["arrays"], model["names"]
    values = [[row[name] for name in names] for row in rows]
    x = [
        [0 if value is None else a.saturate(a.round_shift((value - mean) * scale, 16), 8)
         for value, mean, scale in zip(row, arrays["mean"], arrays["scale"])]
        for row in values
    ]  # fmt: skip
    of_network = {name: array for name, array in arrays.items() if name.split("_")[0] in
                  ("inward", "conv", "point", "outward", "skip")}  # fmt: skip
    five = network.logits(of_network, x)
    scores = []
    for row, logit, standard in zip(rows, five, x):
        four = [logit[0], a.log2_sum(logit[1], logit[2]), logit[3], logit[4]]
        linear = [network.dot(w, standard) + b for w, b in zip(arrays["linear_weight"], arrays["linear_bias"])]
        score = [a.round_div(7 * net + 3 * line, 10) for net, line in zip(four, linear)]
        if row["count_121"] is None:  # no movement for an hour
            score = [a.round_div(5 * value, 10) for value in score]
        scores.append(score)
    stages["features"] += values
    stages["standardised"] += x
    stages["logits"] += five
    stages["scores"] += scores
    stages["p"] += [a.shares([a.exp2(value - max(score)) for value in score], WHOLE) for score in scores]


def main(night_path: str, model_path: str) -> None:
    """Print the stages as one line of JSON."""
    with open(night_path) as night, open(model_path) as model:
        print(json.dumps(answer(json.load(night), model_from(model.read()))))
