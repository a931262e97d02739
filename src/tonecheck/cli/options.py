"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tonecheck.errors import ConfigError
from tonecheck.policy import SETTINGS

Model = Annotated[
    str,
    typer.Option(metavar="NAME|FOLDER", help="A shipped model (see `models`), or a model folder."),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Thresholds. Default: ./tonecheck.toml, if there is one."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]


class RowFormat(StrEnum):
    """What `score` reads: JSON lines, a table with a header, or one reply a line."""

    JSONL = "jsonl"
    CSV = "csv"
    TXT = "txt"


def settings_file(config: Path | None) -> Path | None:
    """Return the settings file to use: the one given, or the one in this folder, if any.

    Raises:
        ConfigError: If the one given does not exist.
    """
    if config is None:
        here = Path(SETTINGS)
        return here if here.is_file() else None
    if not config.is_file():
        raise ConfigError(f"{config} is not a file. Give the path of a tonecheck.toml.")
    return config


def examples(*commands: str) -> str:
    """Return the part of a help text that shows how a command is used."""
    # \b keeps Typer from filling the lines
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
