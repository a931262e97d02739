"""`tonecheck audit`: exported conversations in, a folder with a report out."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tonecheck.cli.changes import tell_changes
from tonecheck.cli.options import Config, Model, Quiet, examples, settings_file
from tonecheck.cli.people import (
    Exclude,
    Include,
    NewKey,
    Pseudonymise,
    Redact,
    Since,
    TimeZone,
    Until,
    read_hiding,
    read_selection,
    scope_lines,
    unknown,
    unmatched,
)
from tonecheck.cli.progress import Progress
from tonecheck.console import printable
from tonecheck.errors import InputError, require
from tonecheck.labels import TONES

if TYPE_CHECKING:
    from tonecheck.audit.run import AuditResult
    from tonecheck.integrations.ray import RayEngine

EXAMPLES = examples(
    "tonecheck audit slack-export.zip --out report/",
    "tonecheck audit posts.csv --map text=body --map author=user --out report/",
    "tonecheck audit october.zip --compare september/ --out october/",
    "tonecheck audit s3://bucket/posts/ --engine ray --out report/",
)


class EngineName(StrEnum):
    """Where messages are read and judged."""

    LOCAL = "local"
    RAY = "ray"


Exports = Annotated[
    list[str], typer.Argument(metavar="EXPORT...", help="Exported files; see `formats`.")
]
Out = Annotated[
    Path, typer.Option(metavar="DIR", help="Where the report goes: a new or empty folder.")
]
Names = Annotated[bool, typer.Option("--names", help="Show members' names rather than pseudonyms.")]
Format = Annotated[
    str | None, typer.Option(metavar="NAME", help="The format, where it is not recognised.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column of a table holds what."),
]
Compare = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="An earlier audit: say what has changed since."),
]
Also = Annotated[
    list[str] | None,
    typer.Option(metavar="parquet|sqlite", help="Write the verdicts to this table, too."),
]
Groups = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A CSV of author,group: say how groups are heard."),
]
Title = Annotated[str, typer.Option(metavar="TEXT", help="What to call the report.")]
Engine = Annotated[
    EngineName,
    typer.Option(help="Work here, or on a Ray cluster: then folders and s3:// may be given."),
]


def audit(  # noqa: PLR0913  an option is a parameter
    exports: Exports,
    *,
    out: Out,
    names: Names = False,
    format: Format = None,
    columns: Columns = None,
    since: Since = None,
    until: Until = None,
    time_zone: TimeZone = "UTC",
    include: Include = None,
    exclude: Exclude = None,
    pseudonymise: Pseudonymise = None,
    redact: Redact = False,
    new_key: NewKey = None,
    compare: Compare = None,
    also: Also = None,
    groups: Groups = None,
    title: Title = "",
    engine: Engine = EngineName.LOCAL,
    model: Model = "default",
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Audit exported conversations into a report.

    The folder also gets the verdict on every message, as JSON lines and CSV, and with --also as
    Parquet or as a SQLite database for questions in SQL. Single rows that cannot be read are
    counted and listed in problems.jsonl; if none can, the exit code is 2.

    Messages that --since, --until, --include or --exclude leave out are counted, and still stand
    above their answers. In a PATTERN, * stands for any text and ? for one character. Whoever is
    left out by author is not named.

    The report also says which threads to look at and who is heard; with --groups also for groups
    of five people or more, whose authors are called as the exports call them.

    With --compare, the report also says what has changed since an earlier audit, by how much, and
    whether there are enough messages to tell.

    An audit that is interrupted or killed keeps what it has done: the same command goes on.
    """
    mapping = column_mapping(columns or [])
    settings = settings_file(config)
    selection = read_selection((since, until, time_zone), include or (), exclude or ())
    hiding = read_hiding(pseudonymise, redact=redact)

    from tonecheck.audit.grouping import read_groups
    from tonecheck.audit.options import AuditOptions
    from tonecheck.audit.run import run_audit
    from tonecheck.parallel import Team, usable_cores

    group_of = read_groups(groups) if groups else None
    source: list[Path] | RayEngine = [Path(export) for export in exports]
    if engine is EngineName.RAY:
        source = _ray(exports, format=format, columns=mapping, model=model, settings=settings)
        title = title or ", ".join(Path(export).name for export in exports)
    checker = Team.load(model, settings=settings, workers=usable_cores())
    with Progress(quiet=quiet) as progress:
        options = AuditOptions(
            format=format,
            columns=mapping or None,
            names=names,
            selection=selection,
            hiding=hiding,
            also=tuple(also or ()),
            groups=group_of,
            title=title,
            compare=compare,
            made_on=date.today(),
            on_progress=progress.update,
            on_notice=None if quiet else _say,
        )
        result = run_audit(source, out, checker, options=options)
    for warning in (*unmatched(selection, result.summary), *unknown(result.summary)):
        _say(warning)
    _conclude(result, quiet=quiet)


def _conclude(result: "AuditResult", *, quiet: bool) -> None:
    """Print what was found.

    Raises:
        InputError: If no message could be read.
    """
    if not quiet:
        for line in [*_headlines(result.summary), *scope_lines(result.summary)]:
            typer.echo(line)
    tell_changes(result.comparison, quiet=quiet)
    typer.echo(printable(str(result.report)))
    lost = result.summary["problems"] + result.summary["incomplete"]
    if not result.summary["messages"]["read"] and lost:
        raise InputError(
            f"no message could be read; {result.out / 'problems.jsonl'} says why. "
            "Name the format with --format, or the columns with --map."
        )


def _ray(
    places: list[str],
    *,
    format: str | None,
    columns: Mapping[str, str],
    model: str,
    settings: Path | None,
) -> "RayEngine":
    require("ray.data", extra="ray")

    from tonecheck.integrations.ray import RayEngine, ShardOptions

    options = ShardOptions(format=format, columns=columns or None, model=model, settings=settings)
    return RayEngine(places, options=options)


def _say(notice: str) -> None:
    typer.echo(printable(notice), err=True)


def column_mapping(pairs: list[str]) -> dict[str, str]:
    """Return which column holds each field, as `--map` says it.

    Raises:
        InputError: If a pair is not FIELD=COLUMN.
    """
    mapping = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or not field:
            raise InputError(f"--map takes FIELD=COLUMN, such as text=body; got {pair!r}.")
        mapping[field] = column
    return mapping


def _headlines(summary: Mapping[str, Any]) -> list[str]:
    from tonecheck.shares import Share

    messages, problems = summary["messages"], summary["problems"]
    lines = [
        f"messages: {messages['read']:,}, judged: {messages['judged']:,}, "
        f"threads: {messages['threads']:,}, members: {messages['members']:,}"
    ]
    for tone in TONES:
        counts = summary["tones"][tone]
        share = Share(counts["yes"], messages["judged"]).in_words()
        lines.append(f"{tone}: {counts['yes']:,} flagged, {share}; {counts['unsure']:,} unsure")
    where = ", see problems.jsonl" if problems else ""
    if messages["duplicates"]:
        lines.append(f"duplicates left out: {messages['duplicates']:,}")
    if summary["incomplete"]:
        lines.append(f"incomplete files: {summary['incomplete']:,}, see problems.jsonl")
    return [*lines, f"bad rows: {problems:,}{where}"]
