"""`tonecheck watch`: follows conversations that grow, and tells of threads that cross the line."""

import os
import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tonecheck.cli.audit import Columns, Format, column_mapping
from tonecheck.cli.options import Config, Model, Quiet, examples, settings_file
from tonecheck.cli.progress import Progress
from tonecheck.console import json_line, printable
from tonecheck.errors import ConfigError, InputError

if TYPE_CHECKING:
    from tonecheck.messages import BadRow
    from tonecheck.watch.watcher import Watcher
    from tonecheck.watch.webhook import Webhook

EXAMPLES = examples(
    "tonecheck watch forum.jsonl --state watch.sqlite",
    "tonecheck watch exports/ --state watch.sqlite --webhook https://chat.example/hooks/abc",
    "tail -n +1 -F forum.jsonl | tonecheck watch - --json",
    "tonecheck watch exports/ --state watch.sqlite --once   # from a timer",
)

SECRET = "TONECHECK_WEBHOOK_SECRET"
"""The environment variable with what alerts are signed with."""

_DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_SECRET = 4_096

Where = Annotated[
    str, typer.Argument(metavar="FILE|FOLDER", help="What to watch; - reads standard input.")
]
StateFile = Annotated[
    Path | None,
    typer.Option("--state", metavar="FILE", help="Remember here what was read and told of."),
]
WebhookUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", envvar="TONECHECK_WEBHOOK", help="Post alerts here, too."),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"What posts are signed with. Or set {SECRET}."),
]
WithText = Annotated[
    bool,
    typer.Option("--with-text", help="Put titles, names and what was written into alerts."),
]
AgainAfter = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="Tell of a thread again after 30m, 12h or 7d."),
]
OnlyNew = Annotated[
    bool, typer.Option("--only-new", help="What is there at the first look counts as read.")
]
Ahead = Annotated[
    bool,
    typer.Option(
        "--forecast",
        help="Also tell of threads likely to turn personal; wrong for a quarter of the calm ones.",
    ),
]
Once = Annotated[bool, typer.Option("--once", help="Look once, and end.")]
Every = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.05, max=86_400, help="How often to look.")
]
Threads = Annotated[
    int, typer.Option(min=1, max=100_000, help="How many threads to follow at a time.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print each alert as one line of JSON.")]


def watch(  # noqa: PLR0913  an option is a parameter
    place: Where,
    *,
    state: StateFile = None,
    webhook: WebhookUrl = None,
    secret_file: SecretFile = None,
    with_text: WithText = False,
    again_after: AgainAfter = None,
    forecast: Ahead = False,
    only_new: OnlyNew = False,
    once: Once = False,
    every: Every = 2.0,
    threads: Threads = 1_000,
    as_json: AsJson = False,
    format: Format = None,
    columns: Columns = None,
    model: Model = "default",
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Follow conversations and tell of threads that cross the line.

    A thread crosses the line when a message completes a pattern of concern, such as a pile-on. The
    alert says where, and why in one sentence; each thread is told of once. It can be wrong: a
    person reads the thread and decides.

    FILE may be JSON lines that something appends to, as `score` reads them, also if it is rotated
    or cut off; a line {"id": …, "deleted": true} takes a message back. Exports of other formats are
    read again when they change, and only what is new is judged. A FOLDER is watched with the files
    that come and go in it.

    Ctrl-C ends it. With --state, the next start goes on from there, alerts that a webhook did not
    take are tried again, and no thread is told of twice; without, it begins anew. The state holds
    no names and no texts.
    """
    settings = settings_file(config)
    mapping = column_mapping(columns or [])
    again = None if again_after is None else _duration(again_after)
    hook = _webhook(webhook, secret_file)
    if place == "-" and (only_new or format not in (None, "table")):
        raise InputError("- reads JSON lines as they come: leave out --only-new and --format.")

    from tonecheck.conversation.crossing import ConcernLine, ForecastLine
    from tonecheck.conversation.forecast import shipped_forecaster
    from tonecheck.parallel import Team, usable_cores
    from tonecheck.watch.delivery import Delivery
    from tonecheck.watch.options import WatchOptions
    from tonecheck.watch.places import Place
    from tonecheck.watch.source import Reading
    from tonecheck.watch.state import State
    from tonecheck.watch.watcher import Watcher

    if place == "-" and sys.stdin.isatty() and not quiet:
        _say("Reading from the keyboard; Ctrl-D ends the input.")
    team = Team.load(model, settings=settings, workers=usable_cores())
    reading = Reading(format=format, columns=mapping, only_new=only_new, last=once, every=every)
    with (
        State(state) as memory,
        closing(Place(place, reading, state=memory)) as watched,
        Progress(quiet=quiet or sys.stdout.isatty()) as progress,
    ):
        watcher = Watcher(
            watched,
            team,
            state=memory,
            delivery=Delivery(memory, _show_json if as_json else _show, _say, webhook=hook),
            options=WatchOptions(
                every=every,
                once=once,
                threads=threads,
                again_after=again,
                line=ForecastLine() if forecast else ConcernLine(),
                forecaster=shipped_forecaster() if forecast else None,
                with_text=with_text,
                on_bad=_say_bad,
                on_progress=lambda count: progress.update("watching", count),
                on_idle=_told_once(place, quiet=quiet or once or place == "-"),
            ),
        )
        try:
            watcher.run()
        finally:
            if not quiet:
                _say(_summary(watcher))
        watcher.end()


def _webhook(url: str | None, secret_file: Path | None) -> "Webhook | None":
    if url is None:
        if secret_file is not None:
            raise ConfigError("--secret-file signs what is posted: give --webhook as well.")
        return None
    from tonecheck.watch.webhook import Webhook

    return Webhook(url, secret=_secret(secret_file))


def _secret(file: Path | None) -> str:
    if file is None:
        return os.environ.get(SECRET, "")
    with file.open("rb") as stream:
        content = stream.read(_LONGEST_SECRET + 1)
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret or len(content) > _LONGEST_SECRET:
        raise ConfigError(
            f"{file} holds no secret. Write one into it, of 1 to {_LONGEST_SECRET:,} bytes."
        )
    return secret


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if not found:
        raise InputError(
            f"--again-after takes a whole number and s, m, h or d, such as 12h; got {text!r}."
        )
    return int(found[1]) * _SECONDS[found[2]]


def _show(alert: dict[str, Any]) -> None:
    from tonecheck.watch.alert import in_words

    typer.echo(printable(in_words(alert)))


def _show_json(alert: dict[str, Any]) -> None:
    typer.echo(json_line(alert))


def _say(notice: str) -> None:
    typer.echo(printable(notice), err=True)


def _say_bad(row: "BadRow") -> None:
    _say(f"{'note: ' if row.kind == 'notice' else ''}{row.place}: {row.reason}")


def _told_once(place: str, *, quiet: bool) -> Callable[[], None]:
    """Return what says, the first time, that all there was is read."""
    notices = iter([] if quiet else [f"All of {place} is read; what is new is awaited."])
    return lambda: next(map(_say, notices), None)


def _summary(watcher: "Watcher") -> str:
    counts = watcher.counts
    changed = f", edited: {counts.edited:,}, deleted: {counts.deleted:,}"
    return (
        f"messages: {counts.messages:,}, alerts: {counts.alerts:,}"
        f"{changed if counts.edited or counts.deleted else ''}; bad rows: {counts.bad:,}"
        f"{f'; not posted: {watcher.undelivered:,}' if watcher.undelivered else ''}"
    )
