"""`evensong verify`: does a recording give this hypnogram, to the byte? And the passport that `stage` writes."""

from __future__ import annotations

import hashlib
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from evensong.cli.answers import Answer, answer_of, samples_of
from evensong.cli.panels import NIGHTS
from evensong.errors import InputError

if TYPE_CHECKING:
    from evensong.staging import Correction, Hypnogram, Samples
    from evensong.staging.passport import Passport, RecordingFile

MOST_HYPNOGRAM_BYTES = 32 << 20  # 100 days are 15 MB
_CHUNK_BYTES = 1 << 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=NIGHTS)(verify)


def beside(hypnogram: Path) -> Path:
    """Where the passport of a hypnogram file lies."""
    from evensong.staging.passport import SUFFIX

    return hypnogram.with_name(hypnogram.name + SUFFIX)


def may_have_one(out: Path) -> bool:
    """False for a device or a pipe, which has no place beside it."""
    return out.is_file() or not out.exists()


def issue(out: Path, recordings: list[Path], samples: Samples, hypnogram: Hypnogram, model_sha256: str, answer: Answer,
          corrections: tuple[Correction, ...], *, abstain: bool, corrected_by: Path | None) -> Passport:  # fmt: skip
    """The passport of what was just staged from these files into `out`. corrected_by: the file of corrections."""
    from evensong.staging.passport import Passport, samples_sha256

    words = ["evensong", "stage", *(path.name for path in recordings), "--out", out.name]
    words += [] if answer == "final" else ["--answer", answer]
    words += [] if abstain else ["--no-abstain"]
    words += ["--corrections", corrected_by.name] if corrected_by and corrections else []
    return Passport(
        hypnogram_sha256=hypnogram.digest(), epochs=len(hypnogram), recording=tuple(map(_fingerprint, recordings)),
        samples_sha256=samples_sha256(samples), model_sha256=model_sha256, answer=answer, abstain=abstain,
        evensong=version("evensong"), reproduce=shlex.join(words), corrections=corrections,
    )  # fmt: skip


def verify(
    hypnogram: Annotated[Path, typer.Argument(metavar="HYPNOGRAM.csv", help="With its passport beside it.")],
    recordings: Annotated[list[Path], typer.Argument(metavar="FILE.evr...", help="What it was staged from.")],
) -> None:
    """Check a hypnogram against its passport and its recording: stage again and compare every byte.

    A recording counts as the same if it holds the same measurements, in one file or in several. Corrections are in the
    passport. Says in one sentence what differs, and where; then the exit status is 1.

    Example: evensong verify hypnogram.csv night.evr
    """
    from evensong.staging.passport import first_difference, samples_sha256

    file = _bounded(hypnogram, MOST_HYPNOGRAM_BYTES)
    passport = _passport(beside(hypnogram))
    samples = samples_of(recordings)
    named = " ".join(str(path) for path in recordings)
    if samples_sha256(samples) != passport.samples_sha256:
        raise InputError(f"{hypnogram} was not made from {named}: the passport names other measurements.")
    answer = next((known for known in get_args(Answer) if known == passport.answer), None)
    if answer is None:
        raise InputError(f"{beside(hypnogram)} names an answer that this version does not give: install a newer one.")
    staged, model_sha256 = answer_of(samples, answer, passport.corrections, abstain=passport.abstain)
    restaged = staged.hypnogram
    here = f"Evensong {version('evensong')}"
    if model_sha256 != passport.model_sha256:
        raise InputError(
            f"{hypnogram} was staged with model {passport.model_sha256[:12]}, but {here} has {model_sha256[:12]}: "
            f"install the version that the passport names, {passport.evensong[:20]!a}."
        )
    where = first_difference(file, restaged)
    as_issued = hashlib.sha256(file).hexdigest() == passport.hypnogram_sha256
    if where and as_issued:
        raise InputError(f"{hypnogram} is as its passport says, but {here} stages {named} differently {where}.")
    if where:
        raise InputError(f"{hypnogram} was changed since it was written, {where}.")
    if not as_issued or passport.epochs != len(restaged):
        raise InputError(f"{hypnogram} is what {named} gives, but its passport was issued for another hypnogram.")
    typer.echo(f"{hypnogram}: verified, {passport.epochs} epochs, answer {answer}, model {model_sha256[:12]}, {here}.")
    if passport.corrections:
        typer.echo(f"The wearer corrected it {len(passport.corrections)} times; the passport says where.")
    if sorted(f.sha256 for f in passport.recording) != sorted(_fingerprint(path).sha256 for path in recordings):
        typer.echo("The recording lies in other files than then; the measurements in them are the same.")


def _passport(path: Path) -> Passport:
    from evensong.staging.passport import MOST_BYTES, PassportError, parse

    if not path.exists():
        raise InputError(f"There is no passport {path}: `evensong stage --out` writes one beside each hypnogram.")
    try:
        return parse(_bounded(path, MOST_BYTES))
    except PassportError as error:
        raise InputError(f"{path} is no passport: {error}.") from None


def _bounded(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"There is no hypnogram {path}: check the name.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(content) > most:
        raise InputError(f"{path} is longer than {most >> 10:,} KB, so it is not what `evensong stage` writes.")
    return content


def _fingerprint(path: Path) -> RecordingFile:
    from evensong.staging.passport import RecordingFile

    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            sha.update(chunk)
            size += len(chunk)
    return RecordingFile(path.name, size, sha.hexdigest())
