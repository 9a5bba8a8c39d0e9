"""A hypnogram's passport, through the command line: what verifies, what does not, and how that is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from evensong.cli import passports, staging
from evensong.errors import InputError
from evensong.recordings import container, synth
from evensong.recordings.framing import Source, write_samples
from evensong.recordings.repairs import Repairs
from evensong.staging.passport import PassportError, parse

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic(tmp_path_factory.mktemp("night") / "night.evr", seed=11)


def synthetic(path: Path, seed: int) -> Path:
    write_samples(path, synth.synthesize(seed, 2)[0], Source("synthetic", str(seed), None, synthetic=True), Repairs())
    return path


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    staging.register(app)
    passports.register(app)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.fixture
def hypnogram(run: Run, night: Path, tmp_path: Path) -> Path:
    out = tmp_path / "hypnogram.csv"
    assert run("stage", night, "--out", out).exit_code == 0
    return out


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, InputError)
    return result.exception.message


def test_what_was_just_staged_verifies(run: Run, night: Path, hypnogram: Path) -> None:
    result = run("verify", hypnogram, night)
    assert result.exit_code == 0
    assert "verified, 300 epochs, answer final" in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_the_same_night_gives_the_same_passport_and_the_command_it_states_gives_the_file(
    run: Run, night: Path, hypnogram: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passport = passports.beside(hypnogram).read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "night.evr").write_bytes(night.read_bytes())
    before = hypnogram.read_bytes()
    hypnogram.unlink()
    words = parse(passport).reproduce.split()
    assert words[0] == "evensong"
    assert run(*words[1:]).exit_code == 0
    assert hypnogram.read_bytes() == before
    assert passports.beside(hypnogram).read_bytes() == passport


def test_parameters_are_part_of_it(run: Run, night: Path, hypnogram: Path) -> None:
    assert run("stage", night, "--out", hypnogram, "--no-abstain").exit_code == 0
    assert "--no-abstain" in parse(passports.beside(hypnogram).read_bytes()).reproduce
    assert run("verify", hypnogram, night).exit_code == 0


@pytest.mark.parametrize("answer", ["live", "settled"])
def test_an_earlier_answer_is_labelled_as_what_it_is(run: Run, night: Path, tmp_path: Path, answer: str) -> None:
    out = tmp_path / "early.csv"
    told = run("stage", night, "--out", out, "--answer", answer)
    assert f"{answer} answer" in " ".join(told.stdout.split())
    assert "In brackets" not in told.stdout  # the intervals are the final answer's
    passport = parse(passports.beside(out).read_bytes())
    assert passport.answer == answer
    assert f"--answer {answer}" in passport.reproduce
    assert f"answer {answer}, model {passport.model_sha256[:12]}" in run("verify", out, night).stdout


def test_a_changed_epoch_is_named(run: Run, night: Path, hypnogram: Path) -> None:
    lines = hypnogram.read_text().splitlines(keepends=True)
    lines[8] = lines[8].replace("0.", "1.")
    hypnogram.write_text("".join(lines))
    said = refusal(run("verify", hypnogram, night))
    assert "was changed since it was written, first at epoch -33 (line 9)" in said  # it begins 40 epochs before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda csv: csv[:5000], "was changed since it was written, first at epoch"),
        (
            lambda csv: csv + b"\x1b[2J\xff",
            "after the last epoch (line 302): it has '\\x1b[2J\\\\xff' instead of nothing",
        ),
        (lambda csv: csv.replace(b"\n", b"\r\n"), "in the line of column names"),
        (lambda _: b"", "in the line of column names: it has nothing"),
        (lambda _: b"x" * (33 << 20), "longer than 32,768 KB"),
    ],
)
def test_a_damaged_hypnogram_is_refused(
    run: Run, night: Path, hypnogram: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    hypnogram.write_bytes(change(hypnogram.read_bytes()))
    assert words in refusal(run("verify", hypnogram, night))


def test_a_hypnogram_and_passport_forged_together_are_found(run: Run, night: Path, hypnogram: Path) -> None:
    import hashlib

    forged = hypnogram.read_bytes().replace(b",wake,", b",rem,", 1).replace(b",light,", b",deep,", 1)
    assert forged != hypnogram.read_bytes()
    hypnogram.write_bytes(forged)
    amend(hypnogram, lambda document: document["hypnogram"].update(sha256=hashlib.sha256(forged).hexdigest()))
    assert "is as its passport says, but Evensong" in refusal(run("verify", hypnogram, night))


def amend(hypnogram: Path, change: Callable[[dict], object]) -> None:
    path = passports.beside(hypnogram)
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["model"].update(sha256="0" * 64), "was staged with model 000000000000"),
        (lambda d: d["hypnogram"].update(sha256="0" * 64), "its passport was issued for another hypnogram"),
        (lambda d: d["parameters"].update(answer="best"), "an answer that this version does not give"),
        (lambda d: d["parameters"].update(abstain="yes"), "its parameters.abstain is not true or false"),
        (lambda d: d["hypnogram"].update(epochs=True), "its hypnogram.epochs is not a whole number"),
        (lambda d: d["recording"].update(files={}), "its recording.files is not a list"),
        (lambda d: d["recording"].update(files=[7]), "it has no name"),
        (lambda d: d["recording"].update(samples_sha256="\x1b[2J"), "is not 64 hexadecimal digits"),
        (lambda d: d.pop("model"), "it has no model.sha256"),
        (lambda d: d.update(version=2), "version 1"),
        (lambda d: d.clear(), "does not say that its format"),
    ],
)
def test_a_wrong_passport_costs_one_sentence(
    run: Run, night: Path, hypnogram: Path, change: Callable[[dict], object], words: str
) -> None:
    amend(hypnogram, change)
    assert words in refusal(run("verify", hypnogram, night))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON, or cut off"),
        (b"[" * 60_000, "not JSON"),
        (b" " * 70_000, "longer than 64 KB"),
        (b"\xff", "JSON"),
    ],
)
def test_garbage_in_place_of_a_passport(run: Run, night: Path, hypnogram: Path, content: bytes, words: str) -> None:
    passports.beside(hypnogram).write_bytes(content)
    assert words in refusal(run("verify", hypnogram, night))


def test_a_missing_file_is_named(run: Run, night: Path, hypnogram: Path, tmp_path: Path) -> None:
    passports.beside(hypnogram).unlink()
    assert "There is no passport" in refusal(run("verify", hypnogram, night))
    assert "There is no hypnogram" in refusal(run("verify", tmp_path / "none.csv", night))
    assert "There is no recording" in refusal(run("stage", tmp_path / "none.evr"))


def test_another_recording_does_not_verify(run: Run, hypnogram: Path, tmp_path: Path) -> None:
    other = synthetic(tmp_path / "other.evr", seed=12)
    assert "the passport names other measurements" in refusal(run("verify", hypnogram, other))


def test_a_recording_split_in_two_and_joined_again_is_the_same(
    run: Run, night: Path, hypnogram: Path, tmp_path: Path
) -> None:
    parts = split(night, tmp_path)
    joined = tmp_path / "joined.csv"
    assert run("stage", *reversed(parts), "--out", joined).exit_code == 0
    assert joined.read_bytes() == hypnogram.read_bytes()
    result = run("verify", hypnogram, *parts)
    assert result.exit_code == 0
    assert "lies in other files than then" in result.stdout
    assert "other measurements" in refusal(run("verify", hypnogram, parts[0]))


def split(night: Path, folder: Path) -> list[Path]:
    """Every third frame in one file, the others in another."""
    recording = container.read(night)
    raws = [frame.raw for frame in recording.frames]
    parts = [folder / "one.evr", folder / "two.evr"]
    container.write(parts[0], recording.header, raws[::3])
    container.write(parts[1], recording.header, [raw for i, raw in enumerate(raws) if i % 3])
    return parts


def test_files_of_two_wearables_or_timelines_are_not_joined(run: Run, night: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    recording = container.read(night)
    other = tmp_path / "other.evr"
    container.write(other, replace(recording.header, device_id=b"another!"), [])
    assert "come from two wearables" in refusal(run("stage", night, other))
    later = tuple(replace(boot, starts_ms=boot.starts_ms + 1) for boot in recording.header.boots)
    container.write(other, replace(recording.header, boots=later), [])
    assert "elsewhere in time" in refusal(run("stage", night, other))


def test_a_device_gets_no_passport(run: Run, night: Path) -> None:
    assert run("stage", night, "--out", "/dev/null").exit_code == 0
    assert not Path("/dev/null.passport.json").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "final", "0" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sha256", "files", "name"]), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["hypnogram", "recording", "model", "parameters", "evensong"]), JSON))
def test_no_json_breaks_the_parser(document: dict[str, object]) -> None:
    with pytest.raises(PassportError):
        parse(json.dumps({"format": "evensong-passport", "version": 1, **document}).encode())
