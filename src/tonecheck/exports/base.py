"""What every reader of an export offers, and how far it trusts a file."""

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tonecheck.errors import InputError
from tonecheck.messages import BadRow, Message, parse_time

SNIFF_BYTES = 64 * 1024
"""How much of a file is looked at to tell its format; of a zip only the list of its files."""

MAX_RECORD = 10_000_000
"""The longest line, table row or JSON message that is read, in characters."""

MAX_DEPTH = 200
"""How deep the JSON of one message may nest."""

MAX_ZIP_TOTAL = 2 * 1024**3
"""How many bytes a zip may hold once unpacked."""

MAX_ZIP_MEMBER = 512 * 1024**2
"""How many bytes one file of a zip may hold once unpacked."""

MAX_ZIP_RATIO = 200
"""How many times its own size a zip may grow when unpacked; chats shrink by 5 to 30 times."""

TITLE_LENGTH = 60
"""How much of its first message a thread without a title is called by, in characters."""

T = TypeVar("T", str, int, dict[str, Any])

_KINDS: Mapping[type, str] = {str: "a string", int: "a whole number", dict: "an object"}
_REPLY_PREFIX = re.compile(r"\A\s*(?:re\s*:\s*)+", re.IGNORECASE)
_EPOCH = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)
_PEEK = 20  # rows looked at before saying that a file is of another format
_MILLISECONDS = 1e11  # as seconds this would be the year 5138


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        place: Where it stands.
        cells: Its cells by column name, or its values by key.
        entry: Which entry of the outermost list of a JSON file holds it, from 1; otherwise 0.
    """

    place: str
    cells: dict[str, Any]
    entry: int = 0


class Reader(ABC):
    """Reads the messages of one export format.

    Attributes:
        name: What `--format` calls it.
        title: What people call it.
        how_to: How to get such a file out of the platform, in two to four sentences.
        files: The endings of the files that it takes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    how_to: ClassVar[str]
    files: ClassVar[tuple[str, ...]]

    @abstractmethod
    def sniff(self, path: Path) -> bool:
        """Return whether a file looks like this format, from its first bytes; never raises."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of a file, and a `BadRow` for each that cannot be read.

        Raises:
            InputError: If the file as a whole cannot be read as this format.
        """


def need(row: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """Return the value of a key that a message cannot do without.

    Raises:
        InputError: If it is missing or not of this kind.
    """
    value = row.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        found = "nothing" if value is None else type(value).__name__
        raise InputError(f'"{key}" must be {_KINDS[kind]}, got {found}.')
    return value


def name_of(row: Mapping[str, Any], key: str) -> str:
    """Return an id or a name as text; absent and null are empty.

    Raises:
        InputError: If it is neither a string nor a number.
    """
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f'"{key}" must be a string or a number, got {type(value).__name__}.')
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a whole number that went through a spreadsheet or a data frame
    return str(value)


def moment(value: object) -> datetime | None:
    """Return the moment that a cell names, or None where it is empty.

    Takes what `parse_time` takes, and also dates and datetimes, seconds or milliseconds since 1970
    written as text, and a trailing " UTC" in place of an offset.

    Raises:
        InputError: If it is none of these.
    """
    if isinstance(value, date):  # a datetime is one, too
        value = value.isoformat()
    if isinstance(value, str):
        value = value.strip()
        if value.endswith(" UTC"):
            value = value[:-4] + "+00:00"
        elif _EPOCH.fullmatch(value):
            value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= _MILLISECONDS:
        value = value / 1000
    return parse_time(value)


@dataclass(slots=True)
class Times:
    """Reads the times of a file that people may have written by hand.

    One that cannot be read costs a message its date and not the message.
    """

    unread: int = 0
    example: str = ""

    def read(self, *values: object) -> datetime | None:
        """Return the first moment that can be read, or None; see `moment`."""
        for value in values:
            try:
                return moment(value)
            except InputError:
                continue
        self.unread += 1
        self.example = self.example or str(values[0])[:40]
        return None

    def notice(self, place: str, advice: str) -> Iterator[BadRow]:
        """Yield how many times could not be read, once, at the end of a file."""
        if self.unread:
            reason = (
                f"{self.unread:,} times could not be read, such as {self.example!r}, so those "
                "messages are undated."
                if self.unread > 1
                else f"1 time could not be read, {self.example!r}, so that message is undated."
            )
            yield BadRow(place=place, reason=f"{reason} {advice}", kind="notice")


def demand(
    rows: Iterator[Row | BadRow], is_ours: Callable[[dict[str, Any]], bool], problem: str
) -> Iterator[Row | BadRow]:
    """Yield the rows of a file, unless none of the first ones is of its format.

    Raises:
        InputError: If so, with this problem; a thousand bad rows would say less.
    """
    first = list(itertools.islice(rows, _PEEK))
    wrong = [row for row in first if isinstance(row, Row) or row.kind == "row"]
    if wrong and not any(isinstance(row, Row) and is_ours(row.cells) for row in first):
        raise InputError(problem, place=wrong[0].place.rpartition(":")[0])
    yield from itertools.chain(first, rows)


def topic_of(subject: str) -> str:
    """Return a subject without the "Re:" that answers begin with."""
    return _REPLY_PREFIX.sub("", subject)


def titled(channel: str, text: str) -> str:
    """Return a title for a thread that has none: its channel and the start of its first message."""
    lines = (line.strip() for line in text.splitlines())
    start = next((line for line in lines if line and not line.startswith((">", "```"))), "")
    if len(start) > TITLE_LENGTH:
        start = start[: TITLE_LENGTH - 1].rstrip() + "…"
    label = f"#{channel}" if channel else ""
    return ": ".join(part for part in (label, start) if part)
