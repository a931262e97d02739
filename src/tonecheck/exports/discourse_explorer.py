"""Discourse: the result of a query of its plugin Data Explorer."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, Times, name_of, need
from tonecheck.exports.discourse_archive import quoted_post
from tonecheck.exports.html import html_to_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import messages, notice
from tonecheck.exports.streams import Decoded, Item, head_text, items, json_shape, leading_items
from tonecheck.messages import BadRow, Message

_RESULT = frozenset(("success", "duration", "columns"))
_WANTED = ("columns", "default_limit", "relations.user.item", "rows.item")
_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "raw": ("raw", "post_raw", "text", "body", "message", "content"),
        "cooked": ("cooked", "post_cooked", "html"),
        "post": ("post_id", "id"),
        "topic": ("topic_id",),
        "number": ("post_number",),
        "answered": ("reply_to_post_number",),
        "user": ("user_id",),
        "name": ("username", "user_name", "author", "name"),
        "time": ("created_at", "post_created_at", "time", "date"),
        "title": ("topic_title", "title"),
    }
)
_SMALL_ACTION = "3"  # "closed this topic", "split 4 posts": the system speaking
_YES = (True, "t", "true")  # a database writes it in its own way
_FORMATTED = "Let the query give p.created_at as it is."


class DiscourseExplorer(Reader):
    """Reads the JSON of a query of Data Explorer that lists posts.

    The columns are known by the names that they have in Discourse; a text is needed, and the topic
    and number of a post make its id. A reply is what `reply_to_post_number` says, or inferred where
    a post quotes one earlier post of its topic and no other. Deleted and hidden posts and notices
    of the system are left out where a column tells. The file is read twice, and never held.
    """

    name = "discourse-explorer"
    title = "Discourse Data Explorer result"
    how_to = (
        "As an administrator open the plugin Data Explorer and run a query such as `SELECT "
        "p.topic_id, p.post_number, p.reply_to_post_number, u.username, p.raw, p.created_at, "
        "t.title FROM posts p JOIN users u ON u.id = p.user_id JOIN topics t ON t.id = p.topic_id "
        "WHERE p.deleted_at IS NULL AND p.post_type <> 3 AND t.archetype = 'regular'`. Download "
        "its result as JSON. A result in CSV is a table like any other: --map text=raw."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON that begins as the result of a query."""
        try:
            shape = json_shape(head_text(path))
        except OSError:
            return False
        return shape is not None and not shape.lists and set(shape.keys) >= _RESULT

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts in the order of the query.

        Raises:
            InputError: If it is no result of a query, or none of its columns holds a text.
        """
        result = _Result()
        for item in leading_items(path, _WANTED):
            result.note(item)
        result.check(str(path))
        yield from messages(_value_rows(path, result.columns), result.message)
        yield from result.notice(path.name)


def _value_rows(path: Path, columns: list[str]) -> Iterator[Row | BadRow]:
    """Yield the rows of a result, which are lists of values, by the names of their columns."""
    number = 0
    with path.open("rb") as file, Decoded(file) as source:
        try:
            for item in items(source, ["rows.item"]):
                number += 1
                yield _row(item, f"{path.name}:{number}", columns)
        except InputError as err:
            yield BadRow(place=f"{path.name}:{number + 1}", reason=str(err), kind="rest")
        yield from notice(path.name, source)


def _row(item: Item, place: str, columns: list[str]) -> Row | BadRow:
    if item.problem:
        return BadRow(place=place, reason=item.problem)
    if not isinstance(item.value, list) or len(item.value) != len(columns):
        return BadRow(place=place, reason=f"must be a list of {len(columns)} values.")
    # A query may call two columns alike; the first one counts.
    return Row(place, dict(zip(reversed(columns), reversed(item.value), strict=True)))


@dataclass(slots=True)
class _Result:
    """What has to be known of a result before its rows can be read."""

    columns: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)  # the column of each field, or nothing
    names: dict[str, str] = field(default_factory=dict)  # of users, by their ids
    people: People = field(default_factory=People)
    times: Times = field(default_factory=Times)
    limit: int = 0
    count: int = 0

    def note(self, item: Item) -> None:
        """Take in the columns, a user, or who wrote a post; rows stand behind all else."""
        match item.path, item.value:
            case "columns", list():
                self.columns = [str(column) for column in item.value]
                plain = {name.strip().casefold(): name for name in reversed(self.columns)}
                for name, known in _COLUMNS.items():
                    self.fields[name] = next((plain[k] for k in known if k in plain), "")
            case "default_limit", int():
                self.limit = item.value
            case "relations.user.item", {"id": int(key), "username": str(name)}:
                self.names[str(key)] = name
            case "rows.item", list():
                self.count += 1
                row = _row(item, "", self.columns)
                with suppress(InputError):  # the real reading reports it
                    if isinstance(row, Row):
                        self.people.note(*self._author(row.cells))

    def check(self, place: str) -> None:
        """Raise an `InputError` if this is no result, or lists no texts."""
        if not self.columns:
            raise InputError(
                'holds no result of Data Explorer, with its "columns" and "rows". Run the query '
                "until it succeeds, and download its result as JSON.",
                place=place,
            )
        if not (self.fields["raw"] or self.fields["cooked"]):
            listed = ", ".join(repr(name)[1:-1][:60] for name in self.columns[:8])
            raise InputError(
                f"no column is known to hold the text of posts. The columns are: {listed}. Let "
                "the query give p.raw, and run it again.",
                place=place,
            )

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where it is deleted, hidden or a notice."""
        cells = row.cells
        gone = cells.get("deleted_at") or any(
            cells.get(key) in _YES for key in ("user_deleted", "hidden")
        )
        if gone or name_of(cells, "post_type") == _SMALL_ACTION:
            return None
        text, topic, number = self._text(cells), self._of(cells, "topic"), self._of(cells, "number")
        stated = self._of(cells, "answered")
        answered = stated or quoted_post(text, topic, number)
        is_numbered = bool(topic and number)
        return Message(
            text=text,
            id=f"{topic}/{number}" if is_numbered else self._of(cells, "post"),
            author=self.people.label(*self._author(cells)),
            time=self.times.read(cells.get(self.fields["time"])),
            thread=topic,
            title=self._of(cells, "title"),
            reply_to=f"{topic}/{answered}" if is_numbered and answered else "",
            place=row.place,
            inferred=bool(is_numbered and answered and not stated),
        )

    def _of(self, cells: dict[str, Any], field_name: str) -> str:
        return name_of(cells, self.fields[field_name]) if self.fields[field_name] else ""

    def _text(self, cells: dict[str, Any]) -> str:
        raw, cooked = self.fields["raw"], self.fields["cooked"]
        if raw and (not cooked or cells.get(raw) is not None):
            return need(cells, raw, str)
        return html_to_text(need(cells, cooked, str))

    def _author(self, cells: dict[str, Any]) -> tuple[str, str]:
        """Return the id and the name of an author; without an id, names cannot be told apart."""
        key, name = self._of(cells, "user"), self._of(cells, "name")
        return key, name or self.names.get(key, "")

    def notice(self, place: str) -> Iterator[BadRow]:
        """Yield which times could not be read, and whether the result may have been cut off."""
        yield from self.times.notice(place, _FORMATTED)
        if self.count and self.count == self.limit:
            yield BadRow(
                place=place,
                reason=f"the result holds {self.count:,} rows, which is where Data Explorer stops "
                "by itself, so more may be missing. Download the result rather than copy it.",
                kind="notice",
            )
