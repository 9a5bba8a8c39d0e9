"""What `stage` and `verify` share: the samples of a recording, and an answer of the stager to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from evensong.errors import InputError

if TYPE_CHECKING:
    from evensong.staging import Correction, Samples, Staged

EPOCHS_A_DAY = 2_880
MOST_DAYS = 100  # every epoch between the first and the last sample is laid out

Answer = Literal["live", "settled", "final"]


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


def corrections_of(path: Path | None) -> tuple[Correction, ...]:
    """What the wearer says against what was detected; nothing without a file. Raises InputError."""
    from evensong.staging import CorrectionsError
    from evensong.staging.corrections import MOST_BYTES, parse

    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            return parse(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except CorrectionsError as error:
        raise InputError(f"{path} holds no corrections: {error}.") from None


def answer_of(
    samples: Samples, answer: Answer, corrections: Sequence[Correction] = (), *, abstain: bool = True
) -> tuple[Staged, str]:
    """What was staged, and the hash of the model that did. Raises InputError: corrections that do not fit."""
    from evensong.staging import CorrectionsError, corrected, shipped

    if answer != "final":
        if corrections:
            raise InputError(f"The {answer} answer was given before anybody could correct it: correct the final one.")
        return _early(samples, answer, abstain=abstain)
    try:
        return corrected(samples, corrections, abstain=abstain), shipped().sha256
    except CorrectionsError as error:
        raise InputError(f"The corrections do not fit the recording: {error}.") from None


def _early(samples: Samples, answer: Answer, *, abstain: bool) -> tuple[Staged, str]:
    """Its nights are those that the whole recording shows: they frame a report, no epoch rests on them."""
    from evensong.staging import Staged, find, lay_out, shipped
    from evensong.staging.live import stage_live
    from evensong.staging.settled import stage_settled
    from evensong.staging.student import shipped_student

    series = lay_out(samples)
    nights = find(samples, series)
    if answer == "live":
        return Staged(stage_live(samples, abstain=abstain), nights, series), shipped_student().sha256
    return Staged(stage_settled(samples, abstain=abstain), nights, series), shipped().sha256
