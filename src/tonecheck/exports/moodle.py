"""Moodle: a forum as its Export page gives it, in CSV or JSON."""

import re
from collections.abc import Iterator
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Times, name_of, need, topic_of
from tonecheck.exports.html import html_to_text
from tonecheck.exports.rows import Row, delimiter, messages, rows
from tonecheck.exports.streams import head_text, json_shape
from tonecheck.messages import BadRow, Message

_COLUMNS = frozenset(("discussion", "parent", "userfullname", "subject", "message"))
_FILE = re.compile(r"@@PLUGINFILE@@[^\s\"'<>)]*")
# Dates in words stand in the site's language.
_ADVICE = "Export the forum again with human-readable dates off."
_AUTOMATIC, _HTML = "0", "1"  # the others are plain text, wiki text and Markdown


class Moodle(Reader):
    """Reads the CSV or JSON that the Export page of a Moodle forum writes.

    Deleted posts are left out. Dates that were exported as words, in the site's language, are not
    read: the message then has no time, and one `BadRow` says how many do not.
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
        header = text.partition("\n")[0].strip().replace('"', "")
        return set(header.lower().split(delimiter(path))) >= _COLUMNS

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts of a forum."""
        titles: dict[str, str] = {}
        times = Times()
        yield from messages(rows(path), lambda row: _message(row, titles, times))
        yield from times.notice(path.name, _ADVICE)


def _message(row: Row, titles: dict[str, str], times: Times) -> Message | None:
    cells = row.cells
    thread, parent, subject = (name_of(cells, key) for key in ("discussion", "parent", "subject"))
    for key in ("id", "discussion"):
        if not name_of(cells, key):
            raise InputError(f'"{key}" is missing. Export the forum again with all its columns.')
    is_root = parent in {"", "0"}
    if is_root:
        titles[thread] = subject
    text = need(cells, "message", str)
    if name_of(cells, "deleted") not in {"", "0"}:
        return None
    return Message(
        text=_text(text, name_of(cells, "messageformat")),
        id=name_of(cells, "id"),
        author=name_of(cells, "userfullname") or name_of(cells, "userid"),
        time=times.read(cells.get("created")),
        thread=thread,
        title=titles.get(thread) or topic_of(subject),
        reply_to="" if is_root else parent,
        place=row.place,
    )


def _text(message: str, kind: str) -> str:
    """Return the text of a message; addresses of attached files mean nothing outside Moodle."""
    message = _FILE.sub("", message)
    if kind == _AUTOMATIC:
        message = message.replace("\n", "<br>")
    return html_to_text(message) if kind in {"", _AUTOMATIC, _HTML} else message
