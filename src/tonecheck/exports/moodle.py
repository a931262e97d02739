"""Moodle: a forum as its Export page gives it, in CSV or JSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, Times, name_of, need, topic_of
from tonecheck.exports.html import html_to_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import header, messages, rows
from tonecheck.exports.streams import head_text, json_shape
from tonecheck.messages import BadRow, Message

_COLUMNS = frozenset(("discussion", "parent", "userfullname", "subject", "message"))
_FILE = re.compile(r"@@PLUGINFILE@@[^\s\"'<>)]*")
# Dates in words stand in the site's language.
_ADVICE = "Export the forum again with human-readable dates off."
_AUTOMATIC, _HTML = "0", "1"  # the others are plain text, wiki text and Markdown


class Moodle(Reader):
    """Reads the CSV or JSON that the Export page of a Moodle forum writes.

    The file is read twice, and never held. Deleted posts are left out. Dates that were exported
    as words, in the site's language, are not read: the message then has no time, and one `BadRow`
    says how many do not.
    """

    name = "moodle"
    title = "Moodle forum export"
    how_to = (
        "Open the forum as a teacher and choose Export from its menu (under More). "
        "Pick the format CSV or JSON, leave human-readable dates off, because only plain ones can "
        "be read, and press Export. Give tonecheck the file that is downloaded."
    )
    files = (".csv", ".json")

    def sniff(self, path: Path) -> bool:
        """Return whether a file has the columns of a forum export."""
        text = head_text(path)
        shape = json_shape(text)
        if shape is not None:
            return shape.lists > 0 and set(shape.keys) >= _COLUMNS
        mark, first = header(path)
        return set(first.replace('"', "").lower().split(mark)) >= _COLUMNS

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts of a forum."""
        forum = _Forum()
        for row in rows(path):
            if isinstance(row, Row):
                forum.note(row)
        yield from messages(rows(path), forum.message)
        yield from forum.times.notice(path.name, _ADVICE)


@dataclass(slots=True)
class _Forum:
    """What has to be known of a forum to read its posts."""

    titles: dict[str, str] = field(default_factory=dict)
    times: Times = field(default_factory=Times)
    people: People = field(default_factory=People)

    def note(self, row: Row) -> None:
        """Take in who wrote a post."""
        try:
            self.people.note(name_of(row.cells, "userid"), name_of(row.cells, "userfullname"))
        except InputError:
            return  # the real reading reports it

    def message(self, row: Row) -> Message | None:
        """Return the message of a post, or None where it is deleted."""
        cells = row.cells
        thread, parent, subject = (
            name_of(cells, key) for key in ("discussion", "parent", "subject")
        )
        for key in ("id", "discussion"):
            if not name_of(cells, key):
                raise InputError(
                    f'"{key}" is missing. Export the forum again with all its columns.'
                )
        is_root = parent in {"", "0"}
        if is_root:
            self.titles[thread] = subject
        text = need(cells, "message", str)
        if name_of(cells, "deleted") not in {"", "0"}:
            return None
        return Message(
            text=post_text(text, name_of(cells, "messageformat")),
            id=name_of(cells, "id"),
            author=self.people.label(name_of(cells, "userid"), name_of(cells, "userfullname")),
            time=self.times.read(cells.get("created")),
            thread=thread,
            title=self.titles.get(thread) or topic_of(subject),
            reply_to="" if is_root else parent,
            place=row.place,
        )


def post_text(message: str, kind: str) -> str:
    """Return the text of a message; addresses of attached files mean nothing outside Moodle."""
    message = _FILE.sub("", message)
    if kind == _AUTOMATIC:
        message = message.replace("\n", "<br>")
    return html_to_text(message) if kind in {"", _AUTOMATIC, _HTML} else message
