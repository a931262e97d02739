"""Open edX: the forum of a course, as MongoDB's collection `contents` is exported."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, demand, moment, name_of, need
from tonecheck.exports.html import html_to_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import messages, rows
from tonecheck.exports.streams import head_text, json_shape
from tonecheck.messages import BadRow, Message

_THREAD, _COMMENT = "CommentThread", "Comment"
_KEYS = frozenset(("_id", "_type", "body", "course_id"))
_GONE = "[deleted]"  # body and title of whoever had their account retired
_RETIRED = "retired__user_"  # with a hash of 40 digits behind it, which names nobody
# The editor of newer releases writes HTML, and always begins with a block. Before, people wrote
# Markdown, in which a tag may stand as well; it stays as it is.
_HTML = re.compile(
    r"\s*<(?:p|div|ul|ol|pre|h[1-6]|blockquote|table|hr|figure|details|iframe)\b[^<>]*>",
    re.IGNORECASE,
)
_OTHER = (
    "holds no posts of an Open edX forum, such as "
    '{"_id": …, "_type": "CommentThread", "body": "…", "course_id": "…"}. '
    "Export the collection contents, one document in a line."
)


class OpenEdx(Reader):
    """Reads the posts (`CommentThread`), responses and comments (`Comment`) of a forum.

    A response answers the post that opens its thread, a comment the response above it. Whoever
    wrote anonymously, to all or to other learners only, is not named. What was left of retired
    accounts ("[deleted]") and what was deleted is left out. The file is read twice, and never held.
    """

    name = "openedx"
    title = "Open edX forum dump"
    how_to = (
        "In a research data package the forum of a course is the file that ends in .mongo: give "
        "tonecheck that file. Whoever runs the site exports it from MongoDB with `mongoexport "
        '--db cs_comments_service --collection contents --query \'{"course_id": "COURSE"}\' '
        "--out forum.json`. A JSON list (--jsonArray) can be read as well."
    )
    files = (".mongo", ".json", ".jsonl")

    def sniff(self, path: Path) -> bool:
        """Return whether a file begins with a document of the forum."""
        try:
            shape = json_shape(head_text(path))
        except OSError:
            return False
        return shape is not None and shape.lists < 2 and set(shape.keys) >= _KEYS

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts in the order of the file.

        Raises:
            InputError: If it holds no posts of a forum.
        """
        if json_shape(head_text(path)) is None:
            raise InputError(_OTHER, place=str(path))  # `rows` would take it for a table
        forum = _Forum()
        for row in demand(rows(path), _KEYS.issubset, _OTHER):
            if isinstance(row, Row):
                forum.note(row)
        yield from messages(rows(path), forum.message)


@dataclass(slots=True)
class _Forum:
    """What has to be known of a forum before its posts can be read."""

    titles: dict[str, str] = field(default_factory=dict)  # of threads
    people: People = field(default_factory=People)

    def note(self, row: Row) -> None:
        """Take in what a thread is called, and who wrote a post."""
        cells = row.cells
        try:
            key, title = _id(cells, "_id"), cells.get("title")
            if cells.get("_type") == _THREAD and isinstance(title, str) and title != _GONE:
                self.titles[key] = title
            self.people.note(*_author(cells))
        except InputError:
            return  # the real reading reports it

    def message(self, row: Row) -> Message | None:
        """Return the message of a document, or None where its text is gone."""
        cells = row.cells
        kind = need(cells, "_type", str)
        if kind not in {_THREAD, _COMMENT}:
            raise InputError(
                f'"_type" must be {_THREAD} or {_COMMENT}, got {kind[:40]!r}. '
                "Export the collection contents alone."
            )
        key, body = _needed(cells, "_id"), need(cells, "body", str)
        if body.strip() == _GONE or cells.get("is_deleted") is True:
            return None
        thread = key if kind == _THREAD else _needed(cells, "comment_thread_id")
        return Message(
            text=html_to_text(body) if _HTML.match(body) else body,
            id=key,
            author=self.people.label(*_author(cells)),
            time=_time(cells),
            thread=thread,
            title=self.titles.get(thread, ""),
            reply_to="" if kind == _THREAD else _answered(cells) or thread,
            place=row.place,
        )


def _plain(value: object) -> object:
    """Return a value without the wrapping of extended JSON: {"$oid": "5f…"} is "5f…"."""
    if isinstance(value, dict) and len(value) == 1:
        (mark, inner), *_ = value.items()
        return _plain(inner) if mark in {"$oid", "$date", "$numberLong", "$numberInt"} else value
    return value


def _id(cells: dict[str, Any], key: str) -> str:
    return name_of({key: _plain(cells.get(key))}, key)


def _needed(cells: dict[str, Any], key: str) -> str:
    value = _id(cells, key)
    if not value:
        raise InputError(f'"{key}" is missing. Export the documents with all their fields.')
    return value


def _time(cells: dict[str, Any]) -> datetime:
    time = moment(_plain(cells.get("created_at")))
    if time is None:
        raise InputError('"created_at" is missing. Export the documents with all their fields.')
    return time


def _answered(cells: dict[str, Any]) -> str:
    """Return the id of the response that a comment stands below, or an empty string."""
    above = cells.get("parent_ids")
    last = above[-1] if isinstance(above, list) and above else None
    return _id(cells, "parent_id") or _id({"parent_ids": last}, "parent_ids")


def _author(cells: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the name of an author, both empty where the post is anonymous."""
    if cells.get("anonymous") is True or cells.get("anonymous_to_peers") is True:
        return "", ""
    name = name_of(cells, "author_username")
    return _id(cells, "author_id"), "retired user" if name.startswith(_RETIRED) else name
