"""`tonecheck keys`: who may use the service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tonecheck.cli.options import examples, settings_file
from tonecheck.console import printable
from tonecheck.errors import InputError, require

if TYPE_CHECKING:
    from tonecheck.service.keys import Keys
    from tonecheck.service.records import Scope
    from tonecheck.service.store import Store

EXAMPLES = examples(
    "tonecheck keys add forum --scope check --scope feedback --per-minute 600",
    "tonecheck keys add anna --scope review",
    "tonecheck keys list",
    "tonecheck keys revoke forum",
)

keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Say who may use the service.",
    epilog=EXAMPLES,
)

Database = Annotated[
    str | None, typer.Option(metavar="URL", help="The service's database. Default: its settings'.")
]
Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Default: ./tonecheck.toml, if there.")
]


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What you call it, such as who uses it.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(help="check, feedback, hooks, review or admin; repeatable."),
    ],
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="How often it may ask. Default: no limit.")
    ] = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Make a key and print it, once."""
    key = _open(database, config).add(name, _scopes(scope), per_minute=per_minute)
    typer.echo(key)
    typer.echo("Keep it: tonecheck stores only its digest and cannot show it again.", err=True)


@keys.command("list")
def list_keys(database: Database = None, config: Config = None) -> None:
    """Show the keys, without the keys themselves."""
    for key in _open(database, config).all():
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
        rate = f"{key.per_minute} a minute" if key.per_minute else "no limit"
        scopes = ", ".join(sorted(key.scopes))
        made = f"{key.created_at:%Y-%m-%d}"
        typer.echo(printable(f"{key.id}  {key.name}  {scopes}  {rate}  {made}  {state}"))


@keys.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="What you called it.")],
    database: Database = None,
    config: Config = None,
) -> None:
    """Make a key worthless from now on."""
    _open(database, config).revoke(name)
    typer.echo(printable(f"{name} is revoked."))


def _scopes(names: list[str]) -> "list[Scope]":
    from tonecheck.service.records import Scope

    for name in names:
        if name not in set(Scope):
            raise InputError(f"{name!r} is no scope. Allowed: {', '.join(Scope)}.")
    return [Scope(name) for name in names]


def _open(database: str | None, config: Path | None) -> "Keys":
    store = kept_in(database, config)
    from tonecheck.service.keys import Keys

    return Keys(store)


def kept_in(database: str | None, config: Path | None) -> "Store":
    """Return the store of the service that the options name.

    Raises:
        ConfigError: If the settings are not allowed or the database cannot be used.
        MissingExtraError: If the service is not installed.
    """
    require("sqlalchemy", extra="service")
    require("pydantic", extra="service")
    from tonecheck.service.settings import read
    from tonecheck.service.store import open_store

    return open_store(read(settings_file(config), database=database))
