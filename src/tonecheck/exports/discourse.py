"""Discourse: topics as its API gives them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tonecheck.exports.base import Reader, Row, moment, name_of, need
from tonecheck.exports.html import html_to_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_rows, messages
from tonecheck.exports.streams import Item, head_text, json_shape, leading_items
from tonecheck.messages import BadRow, Message

_POSTS = "post_stream.posts.item"
_ABOUT = ("id", "title", "post_stream.stream", _POSTS)
_SMALL_ACTION = 3  # "closed this topic", "split 4 posts": the system speaking


class Discourse(Reader):
    """Reads a topic as `GET /t/ID.json` gives it, or a list of such topics.

    Deleted and hidden posts and notices of the system are left out. Where a topic lists more posts
    than the file holds, one `BadRow` says so. The Markdown of a post (`raw`) is preferred to its
    HTML (`cooked`), because it is what the author wrote. The file is read twice, and never held.
    """

    name = "discourse"
    title = "Discourse topic JSON"
    how_to = (
        "Add .json?print=true to the address of a topic, such as "
        "https://forum.example.org/t/welcome/12.json?print=true, and save the page; with "
        "&include_raw=1 it also holds what people typed. Without print=true only the first 20 "
        "posts come. Several topics may stand in one file, as a JSON list."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON with a stream of posts."""
        shape = json_shape(head_text(path))
        return shape is not None and shape.lists < 2 and "post_stream" in shape.keys

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts of one topic or several."""
        people = People()
        topics: defaultdict[int, _Topic] = defaultdict(lambda: _Topic(people))
        for item in leading_items(path, [*_ABOUT, *(f"item.{name}" for name in _ABOUT)]):
            topics[item.number].note(item)
        posts = json_rows(path, [_POSTS, f"item.{_POSTS}"])
        yield from messages(posts, lambda row: topics[row.entry].message(row))
        yield from _missing(path.name, topics)


@dataclass(slots=True)
class _Topic:
    """What has to be known of a topic before its posts can be read; it stands after them."""

    people: People
    id: str = ""
    title: str = ""
    listed: list[object] = field(default_factory=list)
    numbers: dict[int, str] = field(default_factory=dict)  # the id of each post by its number

    def note(self, item: Item) -> None:
        """Take in what the topic says about itself, or who wrote a post."""
        match item.path.removeprefix("item."), item.value:
            case "id", int() | str():
                self.id = str(item.value)
            case "title", str():
                self.title = item.value
            case "post_stream.stream", list():
                self.listed = item.value
            case "post_stream.posts.item", {"username": str(username), "name": str(name)}:
                self.people.note(username, name)

    def message(self, row: Row) -> Message | None:
        """Return the message of a post, or None where it is deleted, hidden or a notice."""
        cells = row.cells
        key = str(need(cells, "id", int))
        number = cells.get("post_number")
        if isinstance(number, int):
            self.numbers[number] = key
        gone = cells.get("deleted_at") or cells.get("user_deleted") or cells.get("cooked_hidden")
        if gone or cells.get("post_type") == _SMALL_ACTION:
            return None
        raw, answered = cells.get("raw"), cells.get("reply_to_post_number")
        if not isinstance(raw, str):
            raw = html_to_text(need(cells, "cooked", str))
        return Message(
            text=raw,
            id=key,
            author=self.people.label(name_of(cells, "username"), name_of(cells, "name")),
            time=moment(need(cells, "created_at", str)),
            thread=name_of(cells, "topic_id") or self.id,
            title=self.title,
            reply_to=self.numbers.get(answered, "") if isinstance(answered, int) else "",
            place=row.place,
        )


def _missing(name: str, topics: dict[int, _Topic]) -> Iterator[BadRow]:
    """Yield which topics list posts that the file does not hold; pages count together."""
    listed: dict[str, set[str]] = {}
    held: dict[str, set[str]] = {}
    for topic in topics.values():
        listed.setdefault(topic.id, set()).update(map(str, topic.listed))
        held.setdefault(topic.id, set()).update(topic.numbers.values())
    for key, posts in listed.items():
        if missing := len(posts - held[key]):
            yield BadRow(
                place=name,
                reason=f"{missing} of the {len(posts)} posts of topic {key} are not in this file. "
                "Save it again with print=true after the address.",
                kind="notice",
            )
