"""Settings of the hub: one TOML file, read once, with errors that name the file, the key and what to do.

Where it is: `--config FILE`, else `$EVENSONG_CONFIG`, else `evensong.toml` in `$XDG_CONFIG_HOME/evensong`
(`~/.config/evensong`). Without a file the defaults hold. A single key can be overridden by an environment variable:
`EVENSONG_HUB__JOURNAL=/data/journal.sqlite3`. `evensong hub settings` prints every key.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from evensong.errors import ConfigError

FILE_VARIABLE = "EVENSONG_CONFIG"


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "evensong"


def default_journal() -> Path:
    return _folder("XDG_DATA_HOME", ".local/share") / "journal.sqlite3"


def default_keyring() -> Path:
    return _folder("XDG_DATA_HOME", ".local/share") / "keyring.json"


def default_file() -> Path:
    return _folder("XDG_CONFIG_HOME", ".config") / "evensong.toml"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


DeviceId = Annotated[str, BeforeValidator(_lower), Field(pattern=r"^[0-9a-f]{16}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NexusSettings(_Table):
    """Where documents go. Nothing leaves the hub unless both `url` and a token are given."""

    url: AnyHttpUrl | None = Field(default=None, description="address of the Nexus, such as http://127.0.0.1:8420")
    token: SecretStr | None = Field(default=None, description="what `evensong nexus enroll` printed")
    token_file: Path | None = Field(default=None, description="a file that holds the token, in place of `token`")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.token and self.token_file:
            raise ValueError("give `token` or `token_file`, not both")
        if bool(self.url) != bool(self.token or self.token_file):
            raise ValueError("give both `url` and `token` (or `token_file`), or neither: then nothing leaves this hub")
        if self.url and (self.url.username or self.url.password):  # the address is shown and logged, a token never is
            raise ValueError("give `url` without a name and a password in it: the token is all that a Nexus asks for")
        return self

    def secret(self) -> str:
        """The token itself, for the one who sends it. ConfigError if its file cannot be read, or if it is no token."""
        token = self.token.get_secret_value() if self.token else ""
        if self.token_file is not None:
            try:
                token = self.token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"The token file {self.token_file} cannot be read: {error}.") from error
        if not (token.isascii() and token.isprintable()):  # it goes into a header; what it is, is not told
            raise ConfigError("`hub.nexus.token` holds letters that no token has: copy it once more, as one line.")
        return token


class OriginSettings(_Table):
    """What documents say about where their measurements come from; for replays, empty for people in their beds."""

    synthetic: bool = Field(default=False, description="true: generated, nobody slept these nights")
    source: str = Field(default="", max_length=300, description="where a replayed recording comes from")
    citation: str = Field(default="", max_length=300, description="how its authors ask to be cited")


class LogSettings(_Table):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is written"
    )
    format: Literal["auto", "human", "json"] = Field(
        default="auto", description="auto: for people on a terminal, else one JSON object a line"
    )


class HubSettings(_Table):
    """What `evensong.hub.daemon.run` needs."""

    journal: Path = Field(default_factory=default_journal, description="the journal's file; made if there is none")
    keyring: Path = Field(default_factory=default_keyring, description="the file of the wearables' keys")
    unauthenticated: bool = Field(default=False, description="true: take in wearables that have no key, too")
    devices: Literal["any"] | tuple[DeviceId, ...] = Field(
        default="any", description='ids (16 hex digits) of the wearables this hub serves, or "any" that is in reach'
    )
    bluetooth: bool = Field(default=True, description="false: serial wearables only, the adapter is not touched")
    serial: tuple[str, ...] = Field(default=(), description='serial ports with a wearable, such as ["/dev/ttyUSB0"]')
    battery_mah: int = Field(
        default=500, ge=50, le=10_000, description="capacity of the wearables' cells, for the forecast"
    )
    seed: int | None = Field(default=None, description="of the jitter of reconnecting; for replays, else left out")
    nexus: NexusSettings = Field(default_factory=NexusSettings, description="where documents go")
    origin: OriginSettings = Field(default_factory=OriginSettings, description="what documents say of their source")
    log: LogSettings = Field(default_factory=LogSettings, description="what is written to standard error")

    def serves(self, device_id: bytes) -> bool:
        return self.devices == "any" or device_id.hex() in self.devices


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        env_prefix="EVENSONG_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    hub: HubSettings = Field(default_factory=HubSettings, description="the bedside daemon")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment over the file; the signature is pydantic's."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(file: Path | None = None) -> Settings:
    """file: a path that must exist; None: the usual places. ConfigError names file and key."""
    named = file or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)
    path = named or default_file()
    table: dict[str, Any] = {}
    try:
        if named is not None or path.exists():
            table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no settings file {path}: check its name; docs/hub.md shows what goes into it."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"The settings file {path} cannot be read: {reason}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from error
    unknown = sorted(set(table) - set(Settings.model_fields))
    if unknown:
        raise ConfigError(f"{path}: there is no table [{unknown[0]}]; known: {', '.join(Settings.model_fields)}.")
    try:
        return Settings(**table)
    except ValidationError as error:
        raise ConfigError(f"{path if path.exists() else 'Settings'}: {_sentence(error)}.") from None


def _sentence(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False)  # without the input: it may be a secret
    key = _key(errors[0]["loc"])
    if errors[0]["type"] == "extra_forbidden":
        return f"there is no setting `{key}`; `evensong hub settings` lists all"
    ways = [e["msg"].removeprefix("Value error, ") for e in errors if _key(e["loc"]) == key]
    return f"`{key}`: {' or '.join(ways)}"


def _key(location: tuple[int | str, ...]) -> str:
    """The dotted key of a place in the settings, without what pydantic appends within it."""
    names: list[str] = []
    model: Any = Settings
    for part in location:
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        if part not in fields:
            names += [] if fields == {} else [str(part)]
            break
        names.append(str(part))
        model = fields[str(part)].annotation
    return ".".join(names)


def described(settings: BaseModel, prefix: str = "") -> list[tuple[str, str, str]]:
    """(key, value, meaning) of every setting, in the order of the file; secrets are masked."""
    rows: list[tuple[str, str, str]] = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            rows += described(value, f"{prefix}{name}.")
        else:
            shown = ", ".join(value) if isinstance(value, tuple) else value
            rows.append((prefix + name, "" if shown is None else str(shown), field.description or ""))
    return rows
