"""Options of `tonecheck audit` on which messages it is about, and what it hides of people."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tonecheck.console import printable

if TYPE_CHECKING:
    from tonecheck.audit.hiding import Hiding
    from tonecheck.audit.selection import Selection


def make_key(path: Path | None) -> None:
    """Write a new key to a file, say what it is for, and leave.

    Raises:
        InputError: If the file exists.
    """
    if path is None:
        return
    from tonecheck.audit.pseudonyms import write_key

    write_key(path)
    typer.echo(
        f"{printable(str(path))} holds a new key. Keep it apart from the reports and out of "
        "backups that others can read: whoever has it can find out whose a pseudonym is. If it is "
        "lost, later audits get other pseudonyms."
    )
    raise typer.Exit


Since = Annotated[
    str | None,
    typer.Option(metavar="DAY|TIME", help="Leave out what is older, and what has no date."),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DAY|TIME", help="Leave out what is later; the day itself is in."),
]
TimeZone = Annotated[str, typer.Option(metavar="ZONE", help="Whose days, such as Europe/Lisbon.")]
Include = Annotated[
    list[str] | None,
    typer.Option(metavar="channel|author=PATTERN", help="Leave out all others; repeatable."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="channel|author=PATTERN", help="Leave these out; repeatable."),
]
Pseudonymise = Annotated[
    Path | None,
    typer.Option(metavar="KEYFILE", help="Pseudonyms for people and ids, alike in all audits."),
]
Redact = Annotated[
    bool,
    typer.Option("--redact", help="Take names, e-mail, phones, links and @handles out."),
]
NewKey = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        callback=make_key,
        is_eager=True,
        help="Make a key for --pseudonymise, and leave.",
    ),
]


def read_selection(
    period: tuple[str | None, str | None, str], include: Iterable[str], exclude: Iterable[str]
) -> "Selection":
    """Return which messages an audit is about.

    Args:
        period: The first day or moment, the last one, and the time zone.
        include: Rules such as `channel=help`.
        exclude: Rules such as `author=*bot`.

    Raises:
        InputError: If an option cannot be understood.
    """
    from tonecheck.audit.selection import Selection, read_period, read_rule

    since, until = read_period(*period)
    rules = [read_rule(value, include=True) for value in include]
    rules += [read_rule(value, include=False) for value in exclude]
    return Selection(since=since, until=until, time_zone=period[2], rules=tuple(rules))


def read_hiding(key: Path | None, *, redact: bool) -> "Hiding":
    """Return what an audit hides.

    Raises:
        InputError: If the key cannot be read.
    """
    from tonecheck.audit.hiding import Hiding
    from tonecheck.audit.pseudonyms import read_key

    return Hiding(pseudonyms=read_key(key) if key else None, redact=redact)


def unmatched(selection: "Selection", summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each rule that fits nobody and no channel: it may be misspelt."""
    for rule, found in zip(selection.rules, summary["selection"]["rules"], strict=True):
        if not found["matches"]:
            what = "no channel" if rule.field == "channel" else "no author"
            yield f"warning: {rule} fits {what} of these exports. Look at its spelling."


def unknown(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning if authors of --groups are in none of the exports: they may be misspelt."""
    groups = summary["groups"]
    if groups and groups["found"] < groups["supplied"]:
        missing = groups["supplied"] - groups["found"]
        yield (
            f"warning: {missing:,} of the {groups['supplied']:,} authors of --groups wrote nothing "
            "in these exports. Look at how they are spelt there."
        )


def scope_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the closing lines on what was left out and what is hidden."""
    from tonecheck.audit.scope import hidden_words, selection_lines

    lines = [f"{line[0].lower()}{line[1:]}" for line in selection_lines(summary["selection"])]
    if summary["hidden"]["texts"]:
        lines.append(
            f"taken out of texts: {hidden_words(summary['hidden'])}; some may remain, so read "
            "before you pass anything on"
        )
    return lines
