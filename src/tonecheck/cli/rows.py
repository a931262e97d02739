"""Reads what `score` is given: JSON lines, a table, or plain text with one reply a line."""

import codecs
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import typer

from tonecheck.cli.options import RowFormat
from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.messages import Message
from tonecheck.prepare import MAX_CHARS

MAX_LINE = 10_000_000
"""The longest line that is read, in bytes."""

_PASSED_OVER = 64 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINED = {".csv", ".tsv", ""}
_TABLES = {".csv", ".tsv", ".parquet", ".json"}
_UNREAD = dict.fromkeys(("author", "time", "thread", "title", "reply_to"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which key or column holds what; None stands for the usual name.

    Other keys are left alone, so that a time that cannot be read costs no reply.
    """

    text: str | None = None
    id: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that cannot be scored: its id or line number, its line (0: none), and why."""

    id: str
    line: int
    reason: str


Row = Message | Refused


@contextmanager
def open_rows(file: str, fields: Fields, format: RowFormat | None) -> Iterator[Iterator[Row]]:
    """Open the rows of a file, or of standard input for `-`.

    A row without an id gets the number of its line. Of a long text no more is kept than
    `prepare` reads, and one character to show that there was more.

    Raises:
        InputError: If it is in UTF-16, or a table without the columns.
        OSError: If the file cannot be opened.
    """
    format = format or _format_of(file)
    if format is RowFormat.CSV:
        with _as_file(file) as path:
            yield _table_rows(path, fields)
    elif file == "-":
        yield _line_rows(sys.stdin.buffer, format, fields)
    else:
        with Path(file).open("rb") as stream:
            yield _line_rows(stream, format, fields)


def _format_of(file: str) -> RowFormat:
    suffix = Path(file).suffix.lower()
    if suffix in _TABLES:
        return RowFormat.CSV
    return RowFormat.TXT if suffix == ".txt" else RowFormat.JSONL


def _line_rows(stream: IO[bytes], format: RowFormat, fields: Fields) -> Iterator[Row]:
    for number, line in _lines(stream):
        if line is None:
            reason = f"this line is longer than {MAX_LINE:,} bytes, so it was passed over."
            yield Refused(id=str(number), line=number, reason=reason)
        elif line.strip():
            yield _line_row(number, line.strip(b"\r\n"), format=format, fields=fields)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number; None for one that is too long to keep in memory."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            if line.startswith(_UTF16):
                raise InputError("the input is in UTF-16. Save it as UTF-8.")
            line = line.removeprefix(codecs.BOM_UTF8)
        whole = len(line) <= MAX_LINE or line.endswith(b"\n")
        while not whole and line and not line.endswith(b"\n"):
            line = stream.readline(_PASSED_OVER)
        yield number, line if whole else None


def _line_row(number: int, line: bytes, *, format: RowFormat, fields: Fields) -> Row:
    try:
        text = line.decode()
        if format is RowFormat.TXT:
            return _shortened(Message(text=text, id=str(number)))
        return _message(json.loads(text), number, fields)
    except UnicodeDecodeError as err:
        reason = f"not valid UTF-8 at byte {err.start + 1} of the line. Save it as UTF-8."
    except json.JSONDecodeError as err:
        reason = f"not valid JSON: {err.msg} (column {err.colno})."
    except RecursionError:
        reason = "the JSON nests too deep."
    except ValueError:
        reason = "it holds a number that is too long to read."
    return Refused(id=str(number), line=number, reason=reason)


def _message(values: object, number: int, fields: Fields) -> Row:
    if not isinstance(values, dict):
        reason = f'a row must be an object such as {{"text": "…"}}, got {type(values).__name__}.'
        return Refused(id=str(number), line=number, reason=reason)
    name = values.get(fields.id or "id")
    if name is None:
        name = number
    text = values.get(fields.text or "text")
    try:
        message = Message.from_dict(
            {"id": name, "text": text, "parent": values.get(fields.parent or "parent")}
        )
    except InputError as err:
        named = isinstance(name, str | int) and not isinstance(name, bool)
        return Refused(id=str(name if named else number), line=number, reason=str(err))
    return _shortened(message)


def _shortened(message: Message) -> Message:
    if len(message.text) <= MAX_CHARS and len(message.parent or "") <= MAX_CHARS:
        return message
    parent = message.parent and message.parent[:MAX_CHARS]
    return replace(message, text=message.text[: MAX_CHARS + 1], parent=parent)


def _table_rows(path: Path, fields: Fields) -> Iterator[Row]:
    columns = {"text": fields.text, "id": fields.id, "parent": fields.parent}
    named = {name: column for name, column in columns.items() if column}
    for row in read_export(path, columns={**_UNREAD, **named}):
        number = row.place.rpartition(":")[2]
        if isinstance(row, Message):
            yield _shortened(row if row.id else replace(row, id=number))
        elif row.kind == "notice":
            typer.echo(f"note: {row.place}: {row.reason}", err=True)
        else:
            # Only in text do rows count in lines; in JSON and Parquet the number is the row's.
            line = int(number) if number.isdecimal() and path.suffix in _LINED else 0
            yield Refused(id=number if number.isdecimal() else "", line=line, reason=row.reason)


@contextmanager
def _as_file(file: str) -> Iterator[Path]:
    """Give a table that comes on standard input a place on the disk, where it can be searched."""
    if file != "-":
        yield Path(file)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "standard input"
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path
