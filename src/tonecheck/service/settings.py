"""How the service runs: from a `tonecheck.toml`, the environment and the command line."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from tonecheck.errors import ConfigError
from tonecheck.labels import Tone

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PREFIX = "TONECHECK_"


class Settings(BaseModel):
    """What an operator can set; each also as an environment variable, `TONECHECK_PORT` and so on.

    Attributes:
        model: The name of a shipped model, or the path of a model folder.
        host: The address to listen on; beyond loopback only with at least one API key.
        port: The port to listen on.
        database: An SQLAlchemy URL, of SQLite or PostgreSQL.
        keep_text: Whether what people wrote is stored with a verdict. Without it the review page
            shows no texts and feedback cannot train.
        retention_days: After how many days what is stored about a reply is deleted.
        batch_wait: How long, in seconds, a reply waits for others to be judged with.
        queue_size: How many replies may wait; more are refused with 429, as are those that the
            model, as fast as it was measured here, would not reach within `timeout`.
        timeout: After how many seconds a reply that still waits is refused with 503.
        max_body: The largest request body, in bytes.
        public_url: Where clients reach the service, for documents that name it; else the request's.
        discourse_url: The forum that hooks come from and that is asked for parents.
        discourse_key: The API key of that forum.
        discourse_user: The name that flags are made in.
        discourse_secret: What the forum signs its hooks with; several with commas between them.
        discourse_flag: Which replies are put before the forum's moderators: `off` for none, `yes`
            for those with a tone, `unsure` for those that a person should look at as well.
        discourse_private: Whether messages between people are judged.
        discourse_staff: Whether what moderators and admins write is judged.
        discourse_internal: Whether the forum may be at an address in a private network, or without
            TLS.
        coral_secret: What Coral signs its calls with; several with commas between them.
        nudge_origins: The sites whose pages may ask for nudges, such as https://forum.example.
        openedx_tones: Which tones Open edX is told of, as spam: it knows no other word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "default"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    database: str = "sqlite:///tonecheck.sqlite"
    keep_text: bool = False
    retention_days: int = Field(default=90, ge=1)
    batch_wait: float = Field(default=0.002, ge=0, le=1)
    queue_size: int = Field(default=256, ge=1)
    timeout: float = Field(default=10.0, gt=0)
    max_body: int = Field(default=1_000_000, ge=1_000)
    public_url: str = ""
    discourse_url: str = ""
    discourse_key: SecretStr = SecretStr("")
    discourse_user: str = "system"
    discourse_secret: SecretStr = SecretStr("")
    discourse_flag: Literal["off", "yes", "unsure"] = "off"
    discourse_private: bool = False
    discourse_staff: bool = False
    discourse_internal: bool = False
    coral_secret: SecretStr = SecretStr("")
    nudge_origins: tuple[str, ...] = ()
    openedx_tones: tuple[Tone, ...] = (Tone.HUSTLING,)

    @field_validator("nudge_origins", "openedx_tones", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Return the names in a string with commas between them, as the environment has it."""
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @property
    def loopback(self) -> bool:
        """Return whether only this machine can reach the service."""
        return self.host in LOOPBACK


def read(path: Path | None = None, **given: Any) -> Settings:  # noqa: ANN401  pydantic checks them
    """Return the settings: what is given goes before the environment, and that before the file.

    Args:
        path: A `tonecheck.toml`, whose table `[service]` is read.
        **given: Settings by name; None stands for not given.

    Raises:
        ConfigError: If the file cannot be read, or a key or a value is not allowed.
    """
    file = {} if path is None else _table(path)
    names = Settings.model_fields
    environment = {
        name: os.environ[PREFIX + name.upper()]
        for name in names
        if PREFIX + name.upper() in os.environ
    }
    said = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**{**file, **environment, **said})
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"service.{key}: {first['msg']}. Allowed settings: {', '.join(names)}."
        ) from None


def _table(path: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("service", {})
    except (OSError, ValueError) as err:
        raise ConfigError(f"{path} cannot be read: {err}. Correct it or leave it out.") from err
    if not isinstance(table, Mapping):
        raise ConfigError(f"service must be a table, got {table!r}. Write it as [service].")
    return table
