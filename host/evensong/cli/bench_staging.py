"""`evensong bench staging`: what a night costs, and whether its integers are the specified ones.

Speed and bits are measured on a synthetic night of 960 epochs, which is no claim about agreement with anything. The
price of integers is measured on the labelled nights under EVENSONG_DATA, else on synthetic ones and said so.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.recordings import data_folder, framing, synth
from evensong.staging import Hypnogram, Model, Samples, find, gather, lay_out, shipped, stage
from evensong.staging.features import NAMES, Features
from evensong.staging.model import NETWORK_TENTHS, SHIPPED, STILL_TENTHS
from evensong.staging.plain import answer as plain
from evensong.training import corpus, scores
from evensong.virtual.interpreters import Interpreter, command_of
from evensong_wire.stream import Stream, pack

EPOCHS = 960
RUNS = 5
PLAIN = Path(plain.__file__).parent
HEAP = "64M"
Floats = NDArray[np.float64]


def run() -> dict[str, Any]:
    """Print each figure as it comes and return all.

    ms_per_night: median of five on one core, warm, from parsed samples to the hypnogram. bit_exact: NumPy gives the
    stages and probabilities of the plain-integer specification, on CPython and on MicroPython. float_kappa_delta: the
    largest of three tasks, see `InFloats`. model_bytes: the file; macs_per_epoch: the network's and the linear model's.
    live_*: of the live stager, None without one. sleepecg_speedup: None without sleepecg and keras.
    """
    samples, _ = synthetic_night(1)
    figures: dict[str, Any] = {"ms_per_night": round(_median_ms(lambda: stage(samples)), 2)}
    ours_ms = figures["ms_per_night"]
    print(f"A synthetic night of {len(samples.epochs)} epochs: {ours_ms} ms, median of {RUNS}, target 20.")
    figures["bit_exact"] = _bit_exact(samples)
    figures["float_kappa_delta"] = round(_float_kappa_delta(), 5)
    model = shipped()
    figures["model_bytes"] = len(model.to_bytes())
    figures["macs_per_epoch"] = sum(array.size for name, array in model.arrays.items() if name.endswith("_weight"))
    print(f"{SHIPPED}: {figures['model_bytes']:,} bytes; {figures['macs_per_epoch']:,} multiplications an epoch.")
    live = _live()
    for name in ("live_instructions_per_epoch", "live_heap_kb"):
        figures[name] = live.get(name)
    figures["sleepecg_speedup"] = _speedup(samples, ours_ms)
    return figures


def synthetic_night(seed: int) -> tuple[Samples, NDArray[np.int64]]:
    """960 epochs, and the true stages (0 to 3) of those from lights-off to rising, which come after the first 40."""
    made, stages = synth.synthesize(seed, (EPOCHS - (synth.BEFORE_S + synth.AFTER_S) // 30) / 120)
    header, raws = framing.record(made, framing.Source("synthetic", str(seed), None, synthetic=True))
    samples = gather(Stream().feed(b"".join(map(pack, raws))), header.starts())
    return samples, np.array([list(synth.STAGES).index(name) for name in stages])


def as_document(samples: Samples) -> dict[str, Any]:
    """What `staging.plain.answer` takes; the night must have been found."""
    rows: dict[str, Any] = {
        name: getattr(samples, name).tolist() for name in ("heart_rate", "beats", "activity", "wear")
    }
    nights = [[span.start_epoch, span.end_epoch, span.risen] for span in find(samples, lay_out(samples))]
    return {**rows, "epochs": [samples.epochs.start, samples.epochs.stop], "nights": nights}


def _median_ms(once: Callable[[], object]) -> float:
    once()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        once()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


# --- the specified bits ---


def _bit_exact(samples: Samples) -> bool:
    """None of this is timed; the plain integers are some hundred times slower."""
    hypnogram, document = stage(samples), as_document(samples)
    same = {"CPython": same_bits(hypnogram, plain.answer(document, plain.model_from(shipped().to_bytes().decode())))}
    if importlib.util.find_spec("micropython_unix"):
        same["MicroPython"] = same_bits(hypnogram, on_micropython(document, "micropython"))
    else:
        print("There is no MicroPython here: pip install 'evensong[virtual]' on x86_64 Linux.")
    verdicts = ", ".join(f"{name} {'the same' if is_same else 'OTHERS'}" for name, is_same in same.items())
    print(f"Stages and probabilities of {len(hypnogram)} epochs in plain integers: {verdicts} (32 bits: make check).")
    return all(same.values())


def same_bits(hypnogram: Hypnogram, said: dict[str, Any]) -> bool:
    return bool(said["p"] == hypnogram.p.tolist() and said["stage"] == hypnogram.stage[:, None].tolist())


def on_micropython(document: dict[str, Any], interpreter: Interpreter) -> dict[str, Any]:
    """The stages of a night, from a MicroPython."""
    with tempfile.TemporaryDirectory() as folder:
        night, model = Path(folder) / "night.json", Path(folder) / "model.json"
        night.write_text(json.dumps(document))
        model.write_bytes(shipped().to_bytes())
        script = f"import plain.answer; plain.answer.main({str(night)!r}, {str(model)!r})"
        done = subprocess.run(
            [*command_of(interpreter), "-X", f"heapsize={HEAP}", "-c", script],
            env={"MICROPYPATH": f"{PLAIN.parent}:.frozen"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    stages: dict[str, Any] = json.loads(done.stdout)
    return stages


# --- the price of integers ---


@dataclass(frozen=True)
class InFloats(Model):
    """The same weights and features, and nothing rounded or saturated from there on, in float64.

    So the difference is what the integers of features' standardisation, activations, logarithms and softmax cost. What
    rounding the trained weights to eight bits costs is not in it; docs/decisions/0008 has that.
    """

    def probabilities(self, features: Features) -> Any:
        """(n, 4) in 1/10000, not rounded."""
        a = self.arrays
        x = (features.values - a["mean"]) * a["scale"] / 2.0**16
        x = np.where(features.known, np.clip(x, -127, 127), 0)  # in units of 2^-5; its range is part of the recipe
        networks = len(a["inward_weight"])
        five = np.mean([self._network(i, x) for i in range(networks)], axis=0) / 2.0**16
        light = np.logaddexp2(five[:, 1], five[:, 2])
        four = np.stack([five[:, 0], light, five[:, 3], five[:, 4]], axis=1)
        linear = (x @ a["linear_weight"].T + a["linear_bias"]) / 2.0**16
        score = (NETWORK_TENTHS * four + (10 - NETWORK_TENTHS) * linear) / 10
        score = np.where(features.known[:, NAMES.index("count_121"), None], score, STILL_TENTHS * score / 10)
        weights = np.exp2(score - score.max(axis=1, keepdims=True))
        return 10_000 * weights / weights.sum(axis=1, keepdims=True)

    def _network(self, i: int, x: Floats) -> Floats:
        a = {name: array[i] for name, array in self.arrays.items() if array.ndim > 1}

        def layer(name: str, at: Any, h: Floats) -> Floats:
            total = h @ a[f"{name}_weight"][at].T + a[f"{name}_bias"][at]
            return np.asarray(total / 2.0 ** a[f"{name}_shift"][at])

        h = layer("inward", ..., x)
        for b in range(len(a["conv_weight"])):
            reach = 1 << b
            padded = np.pad(h, ((reach, reach), (0, 0)))
            taps = np.concatenate([padded[: len(h)], h, padded[2 * reach :]], axis=1)
            h = h + layer("point", b, np.maximum(layer("conv", b, taps), 0))
        from_stream = np.maximum(h, 0) @ a["outward_weight"].T * 2.0 ** a["outward_up"]
        return np.asarray(from_stream + x @ a["skip_weight"].T * 2.0 ** a["skip_up"] + a["outward_bias"])


def _float_kappa_delta() -> float:
    """The largest difference of pooled kappa against the reference, over the three tasks."""
    folder = data_folder() / "sleep-accel"
    if folder.is_dir():
        nights = [(night.samples, night.epoch, night.stage) for night in corpus.load(folder)]
        what = f"the {len(nights)} nights of {folder}"
    else:
        nights = []
        for seed in range(1, 6):
            samples, truth = synthetic_night(seed)
            nights.append((samples, np.arange(len(truth)), truth))
        what = f"{len(nights)} synthetic nights (no sleep-accel under EVENSONG_DATA)"
    model = shipped()
    floats = InFloats(model.arrays, model.facts)
    truth = np.concatenate([night[2] for night in nights])
    p = {
        name: np.concatenate([_p(each, *night[:2]) for night in nights])
        for name, each in (("integers", model), ("floats", floats))
    }  # fmt: skip
    largest = 0.0
    for task in scores.TASKS:
        kappa = {name: scores.kappa_of(task, truth, each) for name, each in p.items()}
        difference = kappa["integers"] - kappa["floats"]
        print(f"Kappa of {task} on {what}: integers {kappa['integers']:.4f}, floats {kappa['floats']:.4f}.")
        largest = max(largest, abs(difference))
    return largest


def _p(model: Model, samples: Samples, epoch: NDArray[np.int64]) -> Floats:
    hypnogram = stage(samples, abstain=False, model=model)
    place = np.clip(epoch - hypnogram.epoch[0], 0, len(hypnogram) - 1)
    return np.asarray(hypnogram.p[place] / 10_000)


# --- others ---


def _live() -> dict[str, Any]:
    if importlib.util.find_spec("evensong.cli.bench_live") is None:
        print("There is no live stager yet: its figures are null.")
        return {}
    figures: dict[str, Any] = import_module("evensong.cli.bench_live").measure()
    return figures


def _speedup(samples: Samples, ours_ms: float) -> float | None:
    """How much longer sleepecg takes for the features and the network that it ships, from the same night's beats."""
    backend = next((name for name in ("tensorflow", "torch") if importlib.util.find_spec(name)), None)
    if backend is None or any(importlib.util.find_spec(name) is None for name in ("sleepecg", "keras")):
        print("No sleepecg with keras and a backend here (pip install sleepecg keras torch): nothing to compare with.")
        return None
    os.environ.setdefault("KERAS_BACKEND", backend)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # theirs to mend
        sleepecg = import_module("sleepecg")
        beats_s = (samples.beats[:, 0] - samples.beats[0, 0]) / 1000
        record = sleepecg.SleepRecord(sleep_stage_duration=30, heartbeat_times=beats_s)
        classifier = sleepecg.load_classifier("wrn-gru-mesa", "SleepECG")
        theirs_ms = _median_ms(lambda: sleepecg.stage(classifier, record, return_mode="prob"))
    ratio = theirs_ms / ours_ms
    print(
        f"sleepecg {sleepecg.__version__} ({backend}) on the same night: {theirs_ms:,.0f} ms, {ratio:.0f} times ours."
    )
    return round(ratio, 1)
