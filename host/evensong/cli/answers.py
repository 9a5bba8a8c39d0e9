"""What `stage` and `verify` share: the samples of a recording, and an answer of the stager to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from evensong.errors import InputError

if TYPE_CHECKING:
    from evensong.staging import Hypnogram, Model, Samples

EPOCHS_A_DAY = 2_880
MOST_DAYS = 100  # every epoch between the first and the last sample is laid out

Answer = Literal["final"]


def samples_of(recordings: Sequence[Path]) -> Samples:
    """What the files hold, as one recording; damage is told. Raises InputError."""
    from evensong.recordings.joining import read_together
    from evensong.staging import gather

    frames, starts, damage = read_together(recordings)
    for sentence in damage:
        typer.secho(sentence, fg="yellow", err=True)
    samples = gather(frames, starts)
    if (days := len(samples.epochs) // EPOCHS_A_DAY) > MOST_DAYS:
        named = " and ".join(str(path) for path in recordings)
        raise InputError(f"{named} spans {days} days, and {MOST_DAYS} can be staged at once: cut it into parts.")
    return samples


def answer_of(samples: Samples, answer: Answer, *, abstain: bool) -> tuple[Hypnogram, Model]:
    """The hypnogram, and the model that made it."""
    from evensong.staging import shipped, stage

    assert answer == "final"
    return stage(samples, abstain=abstain), shipped()
