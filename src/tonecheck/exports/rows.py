"""Rows of CSV, JSON lines, JSON and Parquet files, with the places where they stand."""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import ijson

from tonecheck.errors import InputError, require
from tonecheck.exports.base import MAX_DEPTH, MAX_RECORD, Row
from tonecheck.exports.streams import (
    TOO_DEEP,
    Decoded,
    Item,
    Shape,
    head,
    head_text,
    items,
    json_shape,
    limited_line,
)
from tonecheck.messages import BadRow, Message

PARQUET_MAGIC = b"PAR1"
_DELIMITERS = ",;\t|"
# What Excel reads in the first line as the delimiter, and shows to nobody.
_NAMED = re.compile(r'"?sep=([,;\t|])"?[ \t]*(?:\r\n?|\n)', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_TOO_LONG = f"is longer than {MAX_RECORD:,} characters, so it was passed over."
_SHORTEN = "Shorten it, or export again without it."
# How many characters of broken CSV are read a second time in search of good rows. A file can be
# made so that every line opens a quote that nothing closes, which would cost n² without it.
_RESCAN = 5 * MAX_RECORD


def csv_rows(path: Path) -> Iterator[Row | BadRow]:
    """Yield the rows of a CSV or TSV file; a place is the line on which the row begins.

    The first row names the columns. Commas, semicolons, tabs and bars are recognised, and Excel's
    `sep=;` in a line before. A row that breaks the rules of CSV is a `BadRow`, and reading goes on
    at the next line.
    """
    with path.open("rb") as file, Decoded(file) as source:
        before = 1 if _NAMED.match(head_text(path)) else 0
        yield from csv_lines(source, path.name, mark=header(path)[0], before=before)


def csv_lines(
    source: Decoded, name: str, *, mark: str = ",", before: int = 0
) -> Iterator[Row | BadRow]:
    """Yield the rows of CSV, as `csv_rows` does; `name` is what places begin with.

    Args:
        source: The text.
        name: What it is called.
        mark: What parts the cells.
        before: How many lines stand before the one that names the columns.
    """
    lines = _Lines(source)
    reader = csv.reader(lines, delimiter=mark, strict=True)
    for _ in range(before):
        next(lines)
    names: list[str] = []
    for row in _records(reader, lines, name):
        if isinstance(row, BadRow):
            yield row
        elif not names:
            names = row
        elif len(row) == len(names):
            yield Row(f"{name}:{lines.start}", dict(zip(names, row, strict=True)))
        elif row:
            yield BadRow(
                place=f"{name}:{lines.start}",
                reason=f"this row has {len(row)} cells where the header has {len(names)}. "
                "Put cells that hold commas or line breaks in double quotes.",
            )
    yield from notice(name, source)


def header(path: Path) -> tuple[str, str]:
    """Return the character that parts the cells of a table, and the line that names its columns."""
    text = head_text(path)
    named = _NAMED.match(text)
    first = text[named.end() if named else 0 :].partition("\n")[0].strip()
    if named:
        return named[1], first
    if path.suffix.lower() == ".tsv":
        return "\t", first
    bare = _QUOTED.sub("", first)
    return max(_DELIMITERS, key=bare.count), first  # the first of equals: a comma


def jsonl_rows(path: Path) -> Iterator[Row | BadRow]:
    """Yield the objects of a file that holds one on each line; a place is a line."""
    with path.open("rb") as file, Decoded(file) as source:
        yield from json_lines(source, path.name)


def json_lines(source: Decoded, name: str) -> Iterator[Row | BadRow]:
    """Yield the objects that stand one on each line; `name` is what places begin with."""
    number = 0
    while True:
        line, whole = limited_line(source)
        number += 1
        if not line:
            break
        place = f"{name}:{number}"
        if not whole:
            yield BadRow(place=place, reason=f"this line {_TOO_LONG} {_SHORTEN}")
        elif line.strip():
            yield _json_line(line, place)
    yield from notice(name, source)


def json_rows(path: Path, wanted: Collection[str]) -> Iterator[Row | BadRow]:
    """Yield the objects at the wanted paths of a JSON file; a place counts objects."""
    with path.open("rb") as file, Decoded(file) as source:
        yield from json_objects(source, path.name, wanted)


def json_objects(source: Decoded, name: str, wanted: Collection[str]) -> Iterator[Row | BadRow]:
    """Yield the objects at the wanted paths of JSON; `name` is what places begin with."""
    number = 0
    try:
        for item in items(source, wanted):
            number += 1
            yield _object(item, f"{name}:{number}")
    except InputError as err:
        yield BadRow(place=f"{name}:{number + 1}", reason=str(err), kind="rest")
    yield from notice(name, source)


def rows(path: Path) -> Iterator[Row | BadRow]:
    """Return the rows of a file, by what it holds rather than by what it is called.

    Raises:
        MissingExtraError: If it is a Parquet file and pyarrow is not installed.
    """
    if head(path).startswith(PARQUET_MAGIC):
        require("pyarrow", extra="reports")
        from tonecheck.exports.parquet import parquet_rows  # loads pyarrow

        return parquet_rows(path)
    text = head_text(path).lstrip()
    if path.suffix.lower() not in {".csv", ".tsv"}:
        if text.startswith("["):
            shape = json_shape(text) or Shape(1, ())
            return json_rows(path, [".".join(["item"] * shape.lists)])
        if text.startswith("{"):
            return jsonl_rows(path)
    return csv_rows(path)


def messages(
    rows: Iterable[Row | BadRow], read: Callable[[Row], Message | None]
) -> Iterator[Message | BadRow]:
    """Yield the message that each row holds, and what is wrong with it where there is none.

    Args:
        rows: The rows; bad ones are passed on.
        read: Returns the message of a row, or None where a row is no message; raises `InputError`
            where something is wrong with it.
    """
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            message = read(row)
        except InputError as err:
            yield BadRow(place=row.place, reason=str(err))
        else:
            if message is not None:
                yield message


def nested(row: Row, key: str) -> Iterator[Row | BadRow]:
    """Yield the objects of a list inside a row; the place of the second in `a:5` is `a:5.2`."""
    value = row.cells.get(key)
    if value is None:
        return
    if not isinstance(value, list):
        reason = f'"{key}" must be a list, got {type(value).__name__}.'
        yield BadRow(place=row.place, reason=reason)
        return
    for number, entry in enumerate(value, 1):
        yield _object(Item(key, entry, row.entry), f"{row.place}.{number}")


def notice(place: str, source: Decoded) -> Iterator[BadRow]:
    """Yield what had to be guessed to read a file, once, at its end."""
    if source.notice:
        yield BadRow(place=place, reason=source.notice, kind="notice")


def _object(item: Item, place: str) -> Row | BadRow:
    if item.problem:
        return BadRow(place=place, reason=item.problem)
    if not isinstance(item.value, dict):
        return BadRow(place=place, reason=f"must be an object, got {type(item.value).__name__}.")
    return Row(place, item.value, item.number)


def _json_line(line: str, place: str) -> Row | BadRow:
    try:
        if line.count("[") + line.count("{") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
            return BadRow(place=place, reason=TOO_DEEP)
        value = json.loads(line.strip())
    except json.JSONDecodeError as err:
        return BadRow(place=place, reason=f"not valid JSON: {err.msg} (column {err.colno}).")
    except RecursionError:
        return BadRow(place=place, reason=TOO_DEEP)
    except ValueError:
        return BadRow(place=place, reason="it holds a number that is too long to read.")
    return _object(Item("", value, 0), place)


def _depth(line: str) -> int:
    """Return how deep a line of JSON nests, as far as it can be followed."""
    depth = deepest = 0
    try:
        for event, _ in ijson.basic_parse(io.BytesIO(line.encode()), use_float=True):
            depth += event.startswith("start_")
            depth -= event.startswith("end_")
            deepest = max(deepest, depth)
    except (ijson.JSONError, ValueError):
        pass  # json.loads says what is wrong
    return deepest


class _Lines:
    """The lines of a CSV file, for `csv.reader`, which asks for as many as a row takes.

    Attributes:
        start: On which line the current row begins.
    """

    def __init__(self, source: Decoded) -> None:
        self._source = source
        self.start = 0
        self._number = 0
        self._taken: list[tuple[str, bool]] = []
        self._size = 0
        self._again: deque[tuple[str, bool]] = deque()
        self._budget = _RESCAN

    def begin(self) -> None:
        """Begin a row at the next line."""
        self._taken, self._size = [], 0
        self.start = self._number + 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line, whole = self._again.popleft() if self._again else limited_line(self._source)
        if not line:
            raise StopIteration
        self._number += 1
        self._taken.append((line, whole))
        self._size += len(line)
        if not whole or self._size > MAX_RECORD:
            raise csv.Error(f"a row that {_TOO_LONG[:-1]}")
        return line

    def give_back(self) -> int:
        """Give back all lines of a broken row but the first; return the last line that is lost."""
        if self._size <= self._budget:
            self._budget -= self._size
            self._again.extendleft(reversed(self._taken[1:]))
            self._number = self.start
        return self._number


def _records(reader: Iterator[list[str]], lines: _Lines, name: str) -> Iterator[list[str] | BadRow]:
    while True:
        lines.begin()
        try:
            cells = _next(reader)
        except csv.Error as err:
            last = lines.give_back()
            span = f" (lines {lines.start} to {last})" if last > lines.start else ""
            yield BadRow(
                place=f"{name}:{lines.start}",
                reason=f"not valid CSV: {err}{span}. Put cells that hold commas, quotes or line "
                "breaks in double quotes, and double the quotes inside them.",
            )
        else:
            if cells is None:
                return
            yield cells


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    # The limit is a setting of the whole process, and by default too small for a long post.
    limit = csv.field_size_limit(MAX_RECORD)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(limit)
