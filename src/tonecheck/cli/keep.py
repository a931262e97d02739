"""`tonecheck feedback` and `tonecheck author`: what the service keeps, taken out or deleted."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tonecheck.cli.keys import Config, Database, kept_in
from tonecheck.cli.options import examples
from tonecheck.console import json_line, printable

FEEDBACK_EXAMPLES = examples(
    "tonecheck feedback export own/tonecheck_feedback_train.jsonl",
    "tonecheck train --recipe linear --corpora data/learning --corpora own --out my-model",
)
AUTHOR_EXAMPLES = examples("tonecheck author export kim", "tonecheck author forget kim")

feedback = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=FEEDBACK_EXAMPLES)
author = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Give out or delete what is kept on somebody.",
    epilog=AUTHOR_EXAMPLES,
)
Name = Annotated[str, typer.Argument(help="The author's name or id, as the forum sent it.")]


@feedback.callback()
def _feedback() -> None:
    """Take out what people decided, to train with."""


@feedback.command("export")
def export_feedback(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write, as JSON lines.")],
    database: Database = None,
    config: Config = None,
) -> None:
    """Write decided replies as examples that `tonecheck train` learns from.

    Called tonecheck_feedback_train.jsonl, the file is found in a folder of --corpora.
    """
    store = kept_in(database, config)
    from tonecheck.service.feedback import CORPUS, Left, examples

    left = Left()
    count = _write(path, examples(store, left))
    typer.echo(printable(f"{count:,} examples in {path}."))
    if left.without_text:
        typer.echo(
            f"{left.without_text:,} decided replies are left out because their words were not "
            "kept: see --keep-text of `tonecheck serve`.",
            err=True,
        )
    if left.without_label:
        typer.echo(f"{left.without_label:,} are left out because nobody was sure.", err=True)
    if path.name != f"{CORPUS}.jsonl":
        typer.echo(f"`tonecheck train` looks for {CORPUS}.jsonl: rename it.", err=True)


@author.command("export")
def export_author(name: Name, database: Database = None, config: Config = None) -> None:
    """Print all that is kept on somebody, as JSON lines."""
    store = kept_in(database, config)
    from tonecheck.service.upkeep import export_author as export

    for row in export(store, name):
        typer.echo(json_line(row))


@author.command("forget")
def forget_author(name: Name, database: Database = None, config: Config = None) -> None:
    """Delete all that is kept on somebody, also where others answered their words."""
    store = kept_in(database, config)
    from tonecheck.service.upkeep import forget_author as forget

    typer.echo(f"{forget(store, name):,} replies deleted.")


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows to a file that only its owner can read, whole or not at all."""
    from tonecheck.modelstore import replacing

    count = 0
    with replacing(path, mode=0o600) as file:
        for row in rows:
            file.write(f"{json_line(row)}\n".encode())
            count += 1
    return count
