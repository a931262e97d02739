"""`tonecheck score`: many replies in, a verdict a line out, in the same order."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import tee
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from tonecheck.cli.options import Config, Model, Quiet, RowFormat, examples, settings_file
from tonecheck.cli.progress import Progress
from tonecheck.console import json_line
from tonecheck.errors import InputError
from tonecheck.labels import TONES, Tone
from tonecheck.messages import Message
from tonecheck.verdict import SCHEMA, Verdict

if TYPE_CHECKING:
    from tonecheck.cli.rows import Refused, Row

EXAMPLES = examples(
    "tonecheck score replies.jsonl > verdicts.jsonl",
    "tonecheck score posts.csv --text-field body --out verdicts.jsonl",
    "cat replies.jsonl | tonecheck score --fail-on hostility --fail-on hustling:unsure",
)

Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write here rather than to standard output.")
]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TONE[:unsure]", help="Exit with 1 if a reply is flagged, or unsure as well."
    ),
]

_FLUSH_EVERY = 256  # rows; the checker's batch, so that nothing waits longer than it must


def score(  # noqa: PLR0913  an option is a parameter
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The replies; - reads standard input.")
    ] = "-",
    *,
    format: Annotated[
        RowFormat | None, typer.Option(help="What the input is. Default: by the file's ending.")
    ] = None,
    text_field: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key or column with the reply.")
    ] = None,
    id_field: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key or column with the id.")
    ] = None,
    parent_field: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key or column with what is answered.")
    ] = None,
    out: Out = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes. Default: one a processor core.")
    ] = None,
    skip_errors: Annotated[
        bool, typer.Option("--skip-errors", help="Exit with 0 although rows could not be read.")
    ] = False,
    fail_on: FailOn = None,
    model: Model = "default",
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Judge many replies: JSON lines in, JSON lines out.

    An input line is {"id"?, "text", "parent"?}; other keys are left alone. A .csv file (or .tsv,
    .parquet, a list in .json) is read as a table with a header, a .txt file as one reply a line.
    The verdicts come in the order of the input. A row that cannot be read gives a line with
    "error", and the exit code 2 at the end.
    """
    gates = _gates(fail_on or [])
    settings = settings_file(config)
    _require_file(out)

    from tonecheck.cli.rows import Fields, open_rows
    from tonecheck.parallel import check_parallel, usable_cores

    if file == "-" and sys.stdin.isatty():
        typer.echo("Reading from the keyboard; Ctrl-D ends the input.", err=True)
    tally = Tally()
    fields = Fields(text=text_field, id=id_field, parent=parent_field)
    with open_rows(file, fields, format) as rows, _opened(out) as sink:
        ours, theirs = tee(rows)
        count = workers or usable_cores()
        checked = check_parallel(_messages(theirs), model=model, settings=settings, workers=count)
        with closing(checked) as verdicts, Progress(quiet=quiet) as progress:
            _write(zip(ours, verdicts, strict=True), sink, tally=tally, progress=progress)
    if not quiet:
        typer.echo(tally.summary(), err=True)
    if tally.refused and not skip_errors:
        raise InputError(tally.complaint())
    if tally.hits(gates):
        raise typer.Exit(1)


@dataclass(slots=True)
class Tally:
    """What was scored so far."""

    rows: int = 0
    refused: int = 0
    first_refused: "Refused | None" = None
    flagged: Counter[Tone] = field(default_factory=Counter)
    unsure: Counter[Tone] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def count(self, verdict: Verdict) -> Mapping[str, Any]:
        """Count a verdict, and return the line that it gets."""
        self.rows += 1
        self.flagged.update(verdict.flagged)
        self.unsure.update(verdict.unsure)
        return verdict.to_dict()

    def refuse(self, row: "Refused") -> Mapping[str, Any]:
        """Count a row that could not be read, and return the line that it gets."""
        self.rows += 1
        self.refused += 1
        self.first_refused = self.first_refused or row
        error = {"code": "bad_row", "message": row.reason, "line": row.line or None}
        return {"schema": SCHEMA, "id": row.id, "error": error}

    def hits(self, gates: Mapping[Tone, bool]) -> bool:
        """Return whether a reply hit one of the gates, as `_gates` returns them."""
        return any(
            self.flagged[tone] or (also_unsure and self.unsure[tone])
            for tone, also_unsure in gates.items()
        )

    def summary(self) -> str:
        """Return what was found, as a line for people."""
        found = [f"{self.flagged[tone]:,} {tone.adjective}" for tone in TONES]
        seconds = time.monotonic() - self.began
        return (
            f"{self.rows - self.refused:,} scored in {seconds:.1f} s: {', '.join(found)}; "
            f"bad rows: {self.refused:,}"
        )

    def complaint(self) -> str:
        """Return what to say of the rows that could not be read."""
        first = self.first_refused
        if first and first.line:
            where = f"line {first.line}"
        else:
            where = f"row {first.id}" if first and first.id else "the file"
        reason = first.reason if first else ""
        return (
            f"{self.refused:,} of {self.rows:,} rows could not be read; the first, {where}: "
            f"{reason} The others were scored. --skip-errors accepts this."
        )


def _messages(rows: "Iterable[Row]") -> Iterator[Message]:
    # A row that cannot be read goes along as an empty message, so that the order is kept and no
    # more rows are held than the checker reads ahead.
    return (row if isinstance(row, Message) else Message(text="") for row in rows)


def _write(
    judged: "Iterable[tuple[Row, Verdict]]", sink: IO[bytes], *, tally: Tally, progress: Progress
) -> None:
    for row, verdict in judged:
        result = tally.count(verdict) if isinstance(row, Message) else tally.refuse(row)
        sink.write(f"{json_line(result)}\n".encode())
        if tally.rows % _FLUSH_EVERY == 0:
            sink.flush()
            progress.update("scoring", tally.rows)
    sink.flush()


def _gates(values: list[str]) -> dict[Tone, bool]:
    """Return the tones that end the command with 1, and whether unsure is enough."""
    gates: dict[Tone, bool] = {}
    for value in values:
        name, sign, level = value.partition(":")
        if name not in set(TONES) or (sign and level != "unsure"):
            raise InputError(
                f"--fail-on takes {', '.join(TONES)}, each with :unsure if you like; got {value!r}."
            )
        gates[Tone(name)] = gates.get(Tone(name), False) or bool(sign)
    return gates


def _require_file(out: Path | None) -> None:
    if out is not None and out.exists() and not out.is_file():
        raise InputError(f"{out} is not a file. Give --out the path of a file, new or to replace.")


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[bytes]]:
    if out is None:
        yield sys.stdout.buffer
        return
    from tonecheck.modelstore import replacing

    with replacing(out) as file:
        yield file
