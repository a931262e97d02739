"""`tonecheck changes`: what changed between two audits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tonecheck.cli.options import examples
from tonecheck.console import printable

EXAMPLES = examples(
    "tonecheck changes september/ october/",
    "tonecheck changes before/ after/ --json > changes.json",
)


def changes(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The folder of an audit.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="That of a later one.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not sentences.")] = False,
) -> None:
    """Say what changed between two audits.

    Each tone's share before and after, the difference with its 95% interval, and whether there
    are enough messages to tell. Both audits must be made with the same model and thresholds.
    """
    from tonecheck.audit.comparison import Audited
    from tonecheck.audit.comparison import compare as compare_audits

    comparison = compare_audits(Audited.read(before), Audited.read(after))
    if as_json:
        typer.echo(json.dumps(comparison, indent=2))
        return
    tell_changes(comparison)


def tell_changes(comparison: Mapping[str, Any] | None, *, quiet: bool = False) -> None:
    """Print what changed, and on stderr what speaks against comparing; nothing where it is None."""
    if comparison is None:
        return
    from tonecheck.audit.changes import LIMITS

    for warning in comparison["warnings"]:
        typer.echo(printable(f"warning: {warning['text']}"), err=True)
    if not quiet:
        for row in comparison["tones"].values():
            typer.echo(row["sentence"])
        typer.echo(LIMITS)
