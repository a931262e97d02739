"""Canvas: a discussion with all its replies, as the page "view" of its API gives it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, moment, name_of, need
from tonecheck.exports.html import html_to_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_objects, messages, nested
from tonecheck.exports.streams import Decoded, Item, head_text, items, json_shape
from tonecheck.messages import BadRow, Message

_PERSON, _NEWER = "participants.item", "new_entries.item"
_ENTRIES = ("view.item", _NEWER)
# Stands before the JSON where a browser asked for it, so that no other site can run it as a script.
_GUARD = "while(1);"


class Canvas(Reader):
    """Reads the full view of one discussion, which holds nested replies.

    Deleted entries are left out; answers to them keep their link. The view is made now and then,
    and `new_entries` holds what was written or changed since: those versions count. The file names
    neither the discussion, which is called as the file, nor its opening text. Its thread is called
    by its first entry. The file is read twice, one entry with its replies at a time.
    """

    name = "canvas"
    title = "Canvas discussion view"
    how_to = (
        "Log in to Canvas and open the discussion. In its address put /api/v1 before /courses and "
        "/view?include_new_entries=1 behind all else (and nothing else behind the number of the "
        "discussion), open that, and save the page as a .json file under the name of the "
        "discussion, because the file does not hold it. Where people must post before they see "
        "replies, this needs a teacher's account or a post of your own."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON that begins as a view does."""
        try:
            return _is_view(path)
        except OSError:
            return False

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the entries of a discussion, each with its replies behind it.

        Raises:
            InputError: If it is no view of a discussion.
        """
        if not _is_view(path):
            raise InputError(
                'holds no Canvas discussion, with its "participants" and "view". Log in, check '
                "that you can see the replies, and save the page again.",
                place=str(path),
            )
        discussion = _Discussion(path.name, path.stem)
        with _opened(path) as source, suppress(InputError):  # the real reading reports it
            for item in items(source, [_PERSON, *_ENTRIES]):
                discussion.note(item)
        with _opened(path) as source:
            rows = _entries(json_objects(source, path.name, _ENTRIES))
            yield from messages(rows, discussion.message)


def _is_view(path: Path) -> bool:
    shape = json_shape(head_text(path).removeprefix(_GUARD))
    if shape is None or shape.lists:
        return False
    # A long list of unread entries, or of people, may push all else out of sight.
    return "unread_entries" in shape.keys or {"participants", "view"} <= set(shape.keys)


@contextmanager
def _opened(path: Path) -> Iterator[Decoded]:
    """Open the JSON of a file, behind what may guard it."""
    with path.open("rb") as file, Decoded(file) as source:
        if head_text(path).startswith(_GUARD):
            source.read(len(_GUARD))
        yield source


def _entries(rows: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Yield entries with their replies, however deep, in the order in which they are shown."""
    for row in rows:
        waiting: list[Iterator[Row | BadRow]] = [iter((row,))]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                continue
            yield entry
            if isinstance(entry, Row):
                waiting.append(nested(entry, "replies"))


@dataclass(slots=True)
class _Discussion:
    """What has to be known of a discussion before its entries can be read."""

    file: str
    title: str
    names: dict[str, str] = field(default_factory=dict)  # what people are called, by their ids
    people: People = field(default_factory=People)
    first: str = ""  # the entry that was written first
    newer: dict[str, str] = field(default_factory=dict)  # where the newest version of one stands
    seen: int = 0

    def note(self, item: Item) -> None:
        """Take in a person, or which entry is the first one or a newer version."""
        is_person = item.path == _PERSON
        self.seen += not is_person
        try:
            key = name_of(item.value, "id") if isinstance(item.value, dict) else ""
            if is_person and key:
                self.names[key] = name_of(item.value, "display_name")
                self.people.note(key, self.names[key])
                return
        except InputError:
            return  # the real reading reports it
        if key and not is_person:
            # Ids are numbers; as text a longer one is a later one.
            self.first = min(self.first or key, key, key=lambda each: (len(each), each))
            if item.path == _NEWER:
                self.newer[key] = f"{self.file}:{self.seen}"

    def message(self, row: Row) -> Message | None:
        """Return the message of an entry, or None where it was deleted or a newer one follows."""
        cells = row.cells
        key = name_of(cells, "id")
        if not key:
            raise InputError('"id" is missing. Save the page again, as Canvas gives it.')
        if self.newer.get(key, row.place) != row.place or cells.get("deleted") is True:
            return None
        return Message(
            text=html_to_text(need(cells, "message", str)),
            id=key,
            author=self._author(cells),
            time=moment(need(cells, "created_at", str)),
            thread=self.first,
            title=self.title,
            reply_to=name_of(cells, "parent_id"),
            place=row.place,
        )

    def _author(self, cells: dict[str, Any]) -> str:
        """Return who wrote an entry; in an anonymous discussion nobody is named."""
        key = name_of(cells, "user_id")
        return self.people.label(key, self.names.get(key) or name_of(cells, "user_name"))
