"""Any table of messages: CSV, TSV, JSON lines, JSON or Parquet."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, Times, name_of, topic_of
from tonecheck.exports.rows import PARQUET_MAGIC, header, rows
from tonecheck.exports.streams import head, head_text, json_shape
from tonecheck.messages import BadRow, Message

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": (
            *("text", "body", "message", "content", "comment", "post"),
            *("message_text", "comment_text", "post_raw"),
        ),
        "id": ("id", "message_id", "post_id", "comment_id"),
        "author": (
            *("author", "user", "username", "user_name", "from", "sender", "speaker"),
            *("name", "userfullname"),
        ),
        "time": (
            *("time", "date", "created_at", "timestamp", "created", "created_utc"),
            *("datetime", "sent_at"),
        ),
        "thread": (
            *("thread", "topic", "conversation_id", "discussion", "thread_id", "topic_id"),
            *("discussion_id", "link_id"),
        ),
        "title": ("title", "subject", "channel", "topic_title", "channel_name"),
        "parent": ("parent", "parent_text", "reply_to_text"),
        "reply_to": ("reply_to", "parent_id", "in_reply_to", "reply_to_id"),
    }
)
"""What a column may be called for each field of a message; the first that is there is taken.

Case, spaces and hyphens do not matter: "Created at" is `created_at`.
"""

_PEEK = 20  # rows looked at before saying that no column holds the text
_SHOWN, _SHOWN_LENGTH = 8, 30  # of a table without a header these are what people wrote
_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_ADVICE = "Use ISO 8601, or leave the column out with --map time=."
_KEPT_IDS = 100_000
_LONGEST_ID = 64  # of the ids that are kept to tell a link from a text
_NUMBER = re.compile(r"(\d{1,20})(?:\.0)?", re.ASCII)
_REDDIT = re.compile(r"\At[13]_")
_SEPARATORS = re.compile(r"[\s-]+")


@dataclass(frozen=True)
class Table(Reader):
    """Reads a table with one message a row.

    Attributes:
        columns: Which column holds which field, such as `{"text": "body"}`; the others are
            guessed from `FIELDS`. A field that is mapped to nothing (`{"time": ""}`) is left out.
    """

    columns: Mapping[str, str] = field(default_factory=dict)

    name = "table"
    title = "Table: CSV, TSV, JSON lines, JSON or Parquet"
    how_to = (
        "Save a table with one message a row and a first row that names the columns, as CSV in "
        "UTF-8. Only a column with the text is needed; id, author, time, thread, title, reply_to "
        "and parent (the text or the id that is answered) add to the report. Columns with "
        "other names are mapped: --map text=COLUMN. Lines made for `tonecheck score` can be read "
        "as they are."
    )
    files = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")

    def sniff(self, path: Path) -> bool:
        """Return whether a file looks like a table, or says so by its name."""
        if head(path).startswith(PARQUET_MAGIC):
            return True
        text = head_text(path)
        mark, first = header(path)
        if path.suffix.lower() in _SUFFIXES:
            return bool(text) and "\0" not in first
        if (shape := json_shape(text)) is not None:
            return shape.lists > 0 or _is_json_lines(text)
        return bool(_found("text", first.replace('"', "").split(mark)))

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the message of each row.

        Raises:
            InputError: If no column holds the text, or a mapped column or field does not exist.
        """
        self.check_fields()
        stream = rows(path)
        first = list(itertools.islice(stream, _PEEK))
        names = list(dict.fromkeys(n for row in first if isinstance(row, Row) for n in row.cells))
        if names:
            self._check_columns(names, str(path))
        known: dict[tuple[str, ...], dict[str, str]] = {}
        posts = _Posts()
        for row in itertools.chain(first, stream):
            if isinstance(row, BadRow):
                yield row
                continue
            columns = tuple(row.cells)
            if columns not in known:
                known = {columns: self.mapped(columns)}
            yield posts.message(row, known[columns])
        yield from posts.times.notice(path.name, _ADVICE)

    def check_fields(self) -> None:
        """Refuse a mapping of a field that does not exist.

        Raises:
            InputError: If there is one.
        """
        for name in self.columns:
            if name not in FIELDS:
                raise InputError(
                    f"there is no field {name!r} to map. The fields are: {', '.join(FIELDS)}."
                )

    def _check_columns(self, names: list[str], place: str) -> None:
        held = f"The columns are: {_listed(names)}."
        for name, column in self.columns.items():
            if column and not _same(column, names):
                raise InputError(
                    f"{name} is mapped to {column!r}, which is no column. {held}", place=place
                )
        if not self.mapped(names).get("text"):
            raise InputError(
                f"no column is known to hold the text. {held} Name it: --map text=COLUMN.",
                place=place,
            )

    def mapped(self, names: Iterable[str]) -> dict[str, str]:
        """Return the column of each field that has one."""
        names = list(names)
        mapped = {}
        for name in FIELDS:
            if name in self.columns:
                mapped[name] = _same(self.columns[name], names) or self.columns[name]
            else:
                mapped[name] = _found(name, names)
        if "time" not in self.columns and _plain(mapped["time"]) == "time":
            mapped["date"] = _same("date", names)  # one says the day, the other the hour
        return {name: column for name, column in mapped.items() if column}


class TableLines:
    """Reads a table of JSON lines that is still being written, row by row.

    It remembers the latest ids only, so that a table may grow for ever.
    """

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        """Begin a table.

        Args:
            columns: Which column holds which field; see `Table`.

        Raises:
            InputError: If a mapped field does not exist.
        """
        self._table = Table(columns or {})
        self._table.check_fields()
        self._posts = _Posts(kept=_KEPT_IDS)
        self._told = False

    def message(self, row: Row) -> Message | BadRow:
        """Return the message of the next row, or what is wrong with it."""
        return self._posts.message(row, self._table.mapped(row.cells))

    def notice(self, place: str) -> Iterator[BadRow]:
        """Yield, the first time that there is one, that a time could not be read."""
        if self._posts.times.unread and not self._told:
            self._told = True
            yield from self._posts.times.notice(place, _ADVICE)


class _Posts:
    """What has been read of one table.

    Args:
        kept: How many of the latest ids are remembered; all where None.
    """

    def __init__(self, *, kept: int | None = None) -> None:
        self.times = Times()
        self._ids: dict[str, None] = {}
        self._kept = kept

    def message(self, row: Row, columns: Mapping[str, str]) -> Message | BadRow:
        """Return the message of a row, or what is wrong with it."""
        cells: dict[str, Any] = {key: row.cells.get(column) for key, column in columns.items()}
        try:
            for name in ("id", "author", "thread", "title", "reply_to"):
                cells[name] = name_of(cells, name)
            _undo_reddit(cells, columns)
            self._link(cells, columns)
            time, day = (cells.pop(name, None) for name in ("time", "date"))
            cells["thread"] = cells["thread"] or topic_of(cells["title"])
            message = Message.from_dict(cells)
        except InputError as err:
            return BadRow(place=row.place, reason=str(err))
        written = [day] if time is None or time == "" else [f"{day} {time}"] * bool(day) + [time]
        return replace(
            message,
            time=self.times.read(*written),
            title=cells["title"],
            reply_to=cells["reply_to"],
            place=row.place,
        )

    def _link(self, cells: dict[str, Any], columns: Mapping[str, str]) -> None:
        """Read a parent that is an id, and not a text, as a link to that message."""
        if "id" in columns and "parent" in columns and len(cells["id"]) <= _LONGEST_ID:
            self._ids[cells["id"]] = None
            if self._kept is not None and len(self._ids) > self._kept:
                del self._ids[next(iter(self._ids))]
        parent = cells.get("parent")
        if parent == "":
            cells["parent"] = None  # an empty cell, not an empty message
        if not parent and parent != 0:
            return
        key = self._id_in(parent, "id" in columns)
        if key:
            cells["parent"] = None
            is_root = key == "0" and key not in self._ids  # how forums mark a first post
            cells["reply_to"] = cells["reply_to"] or ("" if is_root else key)

    def _id_in(self, parent: object, has_ids: bool) -> str:
        """Return the id that a parent is, or an empty string where it is a text."""
        if isinstance(parent, str):
            if parent in self._ids:
                return parent
            number = _NUMBER.fullmatch(parent.strip())
            return number[1] if number and has_ids else ""
        if isinstance(parent, bool) or not isinstance(parent, int | float):
            return ""
        return name_of({"parent": parent}, "parent")


def _undo_reddit(cells: dict[str, Any], columns: Mapping[str, str]) -> None:
    """Take the kind off Reddit's links (t1_ a comment, t3_ a post), which its ids lack."""
    if _REDDIT.match(cells["id"]):
        return
    for name, column in (("reply_to", "parent_id"), ("thread", "link_id")):
        if _plain(columns.get(name, "")) == column:
            cells[name] = _REDDIT.sub("", cells[name])


def _found(name: str, names: Iterable[str]) -> str:
    """Return the column that is known to hold a field, or an empty string."""
    plain = {_plain(column): column for column in reversed(list(names))}
    return next((plain[known] for known in FIELDS[name] if known in plain), "")


def _same(column: str, names: Iterable[str]) -> str:
    """Return the column of this name: exactly, or but for case, spaces and hyphens."""
    names = list(names)
    if column in names:
        return column
    return next((name for name in names if _plain(name) == _plain(column)), "")


def _plain(column: str) -> str:
    return _SEPARATORS.sub("_", str(column).strip().casefold())


def _is_json_lines(text: str) -> bool:
    """Return whether the first line is an object by itself, of many or with a text."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and (rest.startswith("{") or bool(_found("text", value)))


def _listed(names: list[str]) -> str:
    plain = (repr(name)[1:-1] for name in names[:_SHOWN])
    shown = ", ".join(
        name if len(name) <= _SHOWN_LENGTH else name[: _SHOWN_LENGTH - 1] + "…" for name in plain
    )
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
