"""Telegram: the JSON that Telegram Desktop writes, of one chat or of a whole account."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, moment, name_of, need, titled
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_rows, messages
from tonecheck.exports.streams import Item, head_text, json_shape, leading_items
from tonecheck.messages import BadRow, Message

_CHATS = ("", "chats.list.item.", "left_chats.list.item.")
_MESSAGES = [f"{chat}messages.item" for chat in _CHATS]
_ABOUT = [f"{chat}{key}" for chat in _CHATS for key in ("name", "type", "id")]
_ACCOUNT = frozenset(("chats", "left_chats", "personal_information", "frequent_contacts"))
_TYPE = re.compile(
    r'"type"\s*:\s*"(?:personal_chat|bot_chat|saved_messages|replies|verification_codes'
    r'|(?:private|public)_(?:group|supergroup|channel))"'
)
# Of a whole account these are no talk between people. Somebody who exports one alone means it.
_NO_TALK = frozenset(("bot_chat", "saved_messages", "replies", "verification_codes"))
_WEB = re.compile(r"https?://", re.IGNORECASE)


class Telegram(Reader):
    """Reads `result.json` of Telegram Desktop: one chat, or all chats of an account.

    Service messages are left out, and in the export of an account also the chats with bots and with
    oneself. A topic of a forum is a thread; elsewhere a thread is a message with all answers to it
    and to them. Quotes and forwarded messages become quoted lines: they are not the sender's own
    voice. Ids hold the chat's, as most chats number their messages from 1. The file is read twice,
    and never held.
    """

    name = "telegram"
    title = "Telegram Desktop JSON"
    how_to = (
        "In Telegram Desktop open the chat, choose Export chat history from its menu, and set the "
        "format to machine-readable JSON; media are not needed. For all chats choose Settings > "
        "Advanced > Export Telegram data. Give tonecheck the result.json that is written. The apps "
        "for phones cannot export."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON that begins with a kind of chat, or with an account."""
        try:
            text = head_text(path)
        except OSError:
            return False
        shape = json_shape(text)
        if shape is None or shape.lists:
            return False
        if {"type", "id", "messages"} <= set(shape.keys):
            return _TYPE.search(text) is not None
        return "about" in shape.keys and not _ACCOUNT.isdisjoint(shape.keys)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of one chat or several.

        Raises:
            InputError: If the file holds no chat.
        """
        export = _Export()
        for item in leading_items(path, [*_ABOUT, *_MESSAGES]):
            export.note(item)
        if not export.chats:
            raise InputError(
                "holds no chat of Telegram. Export it again, as machine-readable JSON.",
                place=str(path),
            )
        rows = json_rows(path, _MESSAGES)
        for chat in export.chats:
            yield from messages(itertools.islice(rows, chat.count), chat.message)
        yield from messages(rows, export.chats[-1].message)  # where the file breaks off


class _Export:
    """The chats of a file, in the order in which they stand."""

    def __init__(self) -> None:
        self.chats: list[_Chat] = []
        self._people = People()

    def note(self, item: Item) -> None:
        """Take in what a chat says about itself, or one of its messages, which stand after that."""
        where, _, key = item.path.rpartition(".")
        is_message = key == "item"
        last = self.chats[-1] if self.chats else None
        if last is None or (not is_message and (last.count or key in last.about)):
            last = _Chat(self._people, is_alone=not where.endswith("list.item"))
            self.chats.append(last)
        if is_message:
            last.note(item.value)
        elif isinstance(item.value, str | int):
            last.about[key] = str(item.value)


@dataclass(slots=True)
class _Chat:
    """What has to be known of a chat before its messages can be read."""

    people: People
    is_alone: bool
    about: dict[str, str] = field(default_factory=dict)
    count: int = 0
    topics: dict[int, str] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)  # of messages that have answers
    roots: dict[int, int] = field(default_factory=dict)  # what began the chain of an answer

    def note(self, cells: object) -> None:
        """Take in who wrote a message and which one it answers, or that a topic begins."""
        self.count += 1
        if not isinstance(cells, dict):
            return
        match cells:
            case {"action": "topic_created", "id": int(key), "title": str(title)}:
                self.topics[key] = title
            case {"type": "message"}:
                self._note_author(cells)
                if isinstance(answered := cells.get("reply_to_message_id"), int):
                    self.titles.setdefault(answered, "")

    def _note_author(self, cells: dict[str, Any]) -> None:
        try:
            self.people.note(*_author(cells))
        except InputError:
            return  # the real reading reports it

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where the system speaks or nobody is spoken to."""
        cells = row.cells
        is_talk = self.is_alone or self.about.get("type") not in _NO_TALK
        if need(cells, "type", str) != "message" or not is_talk:
            return None
        number = need(cells, "id", int)
        text = _text(cells)
        answered, root = self._answered(cells), number
        if isinstance(answered, int):
            self.roots[number] = root = self.roots.get(answered, answered)
        return Message(
            text=text,
            id=self._id(number),
            author=self.people.label(*_author(cells)),
            time=moment(name_of(cells, "date_unixtime") or need(cells, "date", str)),
            thread=self._id(root),
            title=self._title(number, root, text),
            reply_to=self._id(answered) if answered and answered not in self.topics else "",
            place=row.place,
        )

    def _answered(self, cells: dict[str, Any]) -> int | str:
        """Return the number of the answered message, its id in another chat, or an empty string."""
        number, peer = cells.get("reply_to_message_id"), cells.get("reply_to_peer_id")
        if isinstance(number, bool) or not isinstance(number, int):
            return ""
        other = peer.lstrip("abcdefghijklmnopqrstuvwxyz") if isinstance(peer, str) else ""
        return f"{other}/{number}" if other and other != self.about.get("id") else number

    def _id(self, key: int | str) -> str:
        return key if isinstance(key, str) else f"{self.about.get('id', '')}/{key}"

    def _title(self, number: int, root: int, text: str) -> str:
        """Return the title of a thread: its chat, and its topic or how its first message begins."""
        start = self.topics.get(root) or (titled("", text) if root == number else "")
        title = ": ".join(part for part in (self.about.get("name"), start) if part)
        if number in self.titles:
            self.titles[number] = title
        return self.titles.get(root) or title


def _author(cells: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the name of an author; who signs for a channel is someone of their own."""
    key, name, signature = (name_of(cells, key) for key in ("from_id", "from", "author"))
    return (f"{key}/{signature}", signature) if signature else (key, name)


def _text(cells: dict[str, Any]) -> str:
    """Return what a message says, with quotes and code marked as such."""
    parts = cells.get("text_entities") or cells.get("text", "")
    if not isinstance(parts, str | list):
        raise InputError(f'"text" must be a string or a list, got {type(parts).__name__}.')
    text = _joined([parts] if isinstance(parts, str) else parts)
    match cells.get("poll"):
        case {"question": str(question)}:
            text = text or question
    source = cells.get("forwarded_from", "")
    # People forward their own words, too, and a channel its own posts into its discussion.
    is_own = source is not None and source in ("", cells.get("from"))
    return text if is_own else _quoted(text)


def _joined(parts: list[Any]) -> str:
    """Return the parts of a text as one; quotes and blocks of code get lines of their own."""
    pieces: list[str] = []
    was_block = False
    for part in parts:
        text, is_block = _shown(part)
        is_apart = not pieces or pieces[-1].endswith("\n") or text.startswith("\n")
        if text and (is_block or was_block) and not is_apart:
            pieces.append("\n")
        if text:
            pieces.append(text)
            was_block = is_block
    return "".join(pieces)


def _shown(part: object) -> tuple[str, bool]:
    """Return the text of a part, and whether it stands on lines of its own."""
    if isinstance(part, str):
        return part, False
    if not isinstance(part, dict):
        kind = type(part).__name__
        raise InputError(f'a part of "text" must be a string or an object, got {kind}.')
    text = need(part, "text", str)
    match part:
        case {"type": "blockquote"}:
            return _quoted(text), True
        case {"type": "pre"}:
            return f"```\n{text}\n```", True
        case {"type": "code"}:
            return f"`{text}`", False
        case {"type": "text_link", "href": str(address)} if _WEB.match(address):
            return (f"{text} ({address})" if address != text else text), False
    return text, False


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text.strip() else ""
