"""Discord: the JSON that DiscordChatExporter writes, one channel or thread a file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.exports.answers import Answers
from tonecheck.exports.base import Reader, Row, moment, name_of, need, titled
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_rows, messages
from tonecheck.exports.streams import Item, head_text, json_shape, leading_items
from tonecheck.messages import BadRow, Message

_MESSAGES = "messages.item"
# The exporter writes the name of a kind that it knows, and the number of one that it does not.
# All others are the system speaking: joins, pins, calls, started threads, answers of bots.
_WRITTEN = frozenset(("Default", "Reply", "0", "19"))
_REPLIES = frozenset(("Reply", "19"))
_THREADS = frozenset(
    ("GuildNewsThread", "GuildPublicThread", "GuildPrivateThread", "10", "11", "12")
)
# Left in texts where the export was made without formatting: <@1>, <@!1>, <#2>, <@&3>, <:wave:4>.
_MARKUP = re.compile(r"<(@!?|@&|#)(\d{1,20})>|<a?(:\w{1,40}:)\d{1,20}>", re.ASCII)


class Discord(Reader):
    """Reads a channel or thread exported by DiscordChatExporter as JSON.

    In a thread (or a forum post) everything is one thread; elsewhere a thread is a message with
    all answers to it and to them, in whatever order the file holds them. A forwarded message is
    shown as a quote: it is not the sender's own voice. The file is read twice, and never held.
    """

    name = "discord"
    title = "DiscordChatExporter JSON"
    how_to = (
        "Open DiscordChatExporter, choose the channels and threads, set the format to JSON and "
        "export; the command line does the same with `export -f Json`. "
        "It writes one .json file a channel; give tonecheck one or several of them."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON that begins with a guild and a channel."""
        shape = json_shape(head_text(path))
        return shape is not None and not shape.lists and {"guild", "channel"} <= set(shape.keys)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of a channel or thread."""
        channel = _Channel()
        for item in leading_items(path, ["channel", _MESSAGES]):
            channel.note(item)
        yield from messages(json_rows(path, [_MESSAGES]), channel.message)


@dataclass(slots=True)
class _Channel:
    """What has to be known of a whole file before its messages can be read."""

    id: str = ""
    name: str = ""
    is_thread: bool = False
    answers: Answers = field(default_factory=Answers)
    titles: dict[str, str] = field(default_factory=dict)  # of messages that have answers
    people: People = field(default_factory=People)

    def note(self, item: Item) -> None:
        """Take in the channel, or who wrote a message and which one it answers."""
        if not isinstance(item.value, dict):
            return
        if item.path == "channel":
            self.id, self.name = (str(item.value.get(key) or "") for key in ("id", "name"))
            self.is_thread = str(item.value.get("type")) in _THREADS
            return
        author = item.value.get("author")
        if isinstance(author, dict) and author.get("isBot") is not True:
            self.people.note(_id(author), str(author.get("nickname") or author.get("name") or ""))
        if target := _answered(item.value):
            self.answers.targets[str(item.value.get("id"))] = target
            self.titles.setdefault(target, "")

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where the system or a bot speaks."""
        cells = row.cells
        author = need(cells, "author", dict)
        if need(cells, "type", str) not in _WRITTEN or author.get("isBot") is True:
            return None
        key = need(cells, "id", str)
        text = shown(need(cells, "content", str), _mentioned(cells)) + _forwarded(cells)
        root = self.answers.root(key)
        title = self.name if self.is_thread else titled(self.name, text if root == key else "")
        if key in self.titles:
            self.titles[key] = title
        return Message(
            text=text.strip("\n"),
            id=key,
            author=self._author(author),
            time=moment(need(cells, "timestamp", str)),
            thread=self.id if self.is_thread else root,
            title=self.titles.get(root) or title,
            reply_to=self.answers.targets.get(key, ""),
            place=row.place,
        )

    def _author(self, author: dict[str, Any]) -> str:
        handle = name_of(author, "name")
        name = name_of(author, "nickname") or handle
        return self.people.label(_id(author), name, handle)


def _id(author: dict[str, Any]) -> str:
    return str(author.get("id") or "")


def _answered(cells: dict[str, Any]) -> str:
    """Return the id of the message that this one answers; a forward refers without answering."""
    reference = cells.get("reference")
    if str(cells.get("type")) not in _REPLIES or not isinstance(reference, dict):
        return ""
    target = reference.get("messageId")
    is_answer = reference.get("type") != "Forward" and target != cells.get("id")
    return target if isinstance(target, str) and is_answer else ""


def shown(text: str, names: Mapping[str, str]) -> str:
    """Return a text with names in the place of the ids that Discord writes.

    Args:
        text: What an export holds.
        names: What people are called, by their ids; an id without a name stays.
    """
    if "<" not in text:
        return text
    return _MARKUP.sub(
        lambda found: found[3] or found[1][0] + (names.get(found[2]) or found[2]), text
    )


def _mentioned(cells: dict[str, Any]) -> dict[str, str]:
    """Return what the people whom a message mentions are called, by their ids."""
    mentions = cells.get("mentions")
    return {
        str(user.get("id")): str(user.get("nickname") or user.get("name") or "")
        for user in (mentions if isinstance(mentions, list) else ())
        if isinstance(user, dict)
    }


def _forwarded(cells: dict[str, Any]) -> str:
    """Return a forwarded message as lines of a quote."""
    forwarded = cells.get("forwardedMessage")
    text = forwarded.get("content") if isinstance(forwarded, dict) else None
    if not isinstance(text, str) or not text.strip():
        return ""
    return "\n" + "\n".join(f"> {line}".rstrip() for line in text.splitlines())
