from __future__ import annotations

import re
from pathlib import Path

import pytest

from evensong.config import FILE_VARIABLE, NexusSettings, described, load
from evensong.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs" / "hub.md"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(FILE_VARIABLE, raising=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "evensong.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    hub = load().hub
    assert hub.journal == tmp_path / "data" / "evensong" / "journal.sqlite3"
    assert hub.serves(b"anybody.")
    assert hub.nexus.url is None


def test_the_usual_place_the_variable_and_the_option_in_that_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = tmp_path / "config" / "evensong" / "evensong.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('[hub]\njournal = "/usual"')
    assert load().hub.journal == Path("/usual")
    other = written(tmp_path, '[hub]\njournal = "/other"')
    monkeypatch.setenv(FILE_VARIABLE, str(other))
    assert load().hub.journal == Path("/other")
    assert load(usual).hub.journal == Path("/usual")


def test_one_variable_overrides_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, '[hub]\njournal = "/file"\n[hub.nexus]\nurl = "http://a"\ntoken = "t"')
    monkeypatch.setenv("EVENSONG_HUB__NEXUS__URL", "http://b:1")
    hub = load(path).hub
    assert (hub.journal, str(hub.nexus.url), hub.nexus.secret()) == (Path("/file"), "http://b:1/", "t")


def test_wearables_are_served_by_id(tmp_path: Path) -> None:
    hub = load(written(tmp_path, '[hub]\ndevices = ["E67E3A54AB13E4D0"]')).hub
    assert hub.serves(bytes.fromhex("e67e3a54ab13e4d0"))
    assert not hub.serves(bytes(8))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[hub\n", "is not TOML"),
        ("[hub]\njournl = 1", "there is no setting `hub.journl`"),
        ("[hub.nexus]\nuri = 1", "there is no setting `hub.nexus.uri`"),
        ("[hubs]", "there is no table [hubs]"),
        ('[hub]\ndevices = ["e5"]', "`hub.devices`"),
        ('[hub]\ndevices = "all"', "`hub.devices`"),
        ('[hub.nexus]\nurl = "http://a"', "give both `url` and `token`"),
        ('[hub.nexus]\ntoken = "t"', "give both `url` and `token`"),
        ('[hub.nexus]\nurl = "http://a"\ntoken = "t"\ntoken_file = "/t"', "not both"),
        ('[hub.nexus]\nurl = "ftp://a"\ntoken = "t"', "`hub.nexus.url`"),
        ('[hub.nexus]\nurl = "http://me:s3cret@a"\ntoken = "t"', "without a name and a password"),
        ('[hub.log]\nlevel = "loud"', "`hub.log.level`"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=re.escape(sentence)) as raised:
        load(path)
    assert str(path) in raised.value.message
    assert "\n" not in raised.value.message or "TOML" in raised.value.message


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no settings file"):
        load(tmp_path / "none.toml")


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[hub.nexus]\nurl = "http://a"\ntoken = "s3cret"'))
    assert "s3cret" not in repr(settings) + str(settings.model_dump()) + str(described(settings))
    with pytest.raises(ConfigError) as raised:
        load(written(tmp_path, '[hub.nexus]\ntoken = "s3cret"'))
    assert "s3cret" not in raised.value.message


def test_a_token_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    settings = NexusSettings.model_validate({"url": "http://a", "token_file": tmp_path / "token"})
    assert settings.secret() == "s3cret"
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="token file"):
        settings.secret()


@pytest.mark.parametrize("token", ["s3cr\u00e9t", "s3cr\net"])
def test_what_no_header_can_hold_is_no_token(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token, encoding="utf-8")
    for given in ({"token": token}, {"token_file": tmp_path / "token"}):
        with pytest.raises(ConfigError, match="copy it once more") as raised:
            NexusSettings.model_validate({"url": "http://a", **given}).secret()
        assert "s3cr" not in raised.value.message


def test_every_key_is_documented() -> None:
    keys = [key for key, _, meaning in described(load()) if meaning]
    assert keys == re.findall(r"^\| `(hub\.[a-z_.]+)` \|", DOCS.read_text(), re.MULTILINE)
