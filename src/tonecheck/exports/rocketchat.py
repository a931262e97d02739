"""Rocket.Chat: the messages of rooms, one in a line, as it exports them as JSON."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from tonecheck.errors import InputError
from tonecheck.exports.archive import member_heads, member_rows, opened
from tonecheck.exports.base import Reader, Row, demand, moment, name_of, need, titled
from tonecheck.exports.inferred import Replies
from tonecheck.exports.rows import json_lines, jsonl_rows, messages
from tonecheck.exports.streams import head, head_text, json_shape
from tonecheck.messages import BadRow, Message

_KEYS = frozenset(("msg", "username", "ts"))
_INDEXES = frozenset(("user.json", "channels.json"))  # stand beside the rooms, in one's own data
_ZIP = b"PK"
_BOT = "rocket.cat"
# Quoting puts a link without words, to an id that the export does not hold, before the text.
_QUOTES = re.compile(r"\A(?:\[ ?\]\([^()\s]{1,2000}\)\s*)+")
_OTHER = (
    'holds no messages of a Rocket.Chat room, such as {"msg": "…", "username": "…", "ts": "…"}. '
    "Export the room as JSON, not as HTML."
)


class RocketChat(Reader):
    """Reads rooms exported as JSON: the .zip with its rooms, or the file of one room.

    A room is one thread, because its threads are not exported, and is called as its file. Messages
    have no ids, so they are called by room, time and author. Replies are inferred from
    mentions, quotes and times (see `inferred.Replies`). Messages of the system are left out, and so
    are encrypted ones.
    """

    name = "rocketchat"
    title = "Rocket.Chat room export"
    how_to = (
        "Open the room, choose Export messages from its menu, then Export as file in the format "
        "JSON; a link to a .zip comes by e-mail. Give tonecheck that .zip as it is, or the .json "
        "of a room inside it. The download of one's own data can be read as well, but hides the "
        "names of all others."
    )
    files = (".zip", ".json")

    def sniff(self, path: Path) -> bool:
        """Return whether a file, or one in a zip, begins with a message of a room."""
        heads = itertools.chain([head_text(path)], member_heads(path, _is_room))
        return any(_is_message(text) for text in heads)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages, room by room, oldest first.

        Raises:
            InputError: If it holds no room.
        """
        if not head(path).startswith(_ZIP):
            room = _Room(path.stem)
            yield from messages(demand(jsonl_rows(path), _KEYS.issubset, _OTHER), room.message)
            yield from room.notice(path.name)
            return
        with opened(path) as archive:
            names = sorted(filter(_is_room, archive.namelist()))
            if not names:
                raise InputError(
                    "is a zip without the .json files of rooms. Export the room as JSON, and give "
                    "the .zip as Rocket.Chat sent it.",
                    place=str(path),
                )
            for name in names:
                file = PurePosixPath(name)
                room, parse = _Room(file.stem), partial(json_lines, name=file.name)
                lines = member_rows(archive, name, parse, shown=file.name)
                yield from messages(lines, room.message)
                yield from room.notice(file.name)


def _is_room(name: str) -> bool:
    """Return whether a file of a zip may be a room; what people uploaded lies in `assets`."""
    file = PurePosixPath(name)
    return (
        file.suffix == ".json"
        and file.name not in _INDEXES
        and len(file.parts) <= 2
        and file.parts[0] != "__MACOSX"
        and file.parent.name != "assets"
    )


def _is_message(text: str) -> bool:
    shape = json_shape(text)
    return shape is not None and not shape.lists and _KEYS.issubset(shape.keys)


@dataclass(slots=True)
class _Room:
    """What has been read of one room."""

    name: str
    encrypted: int = 0
    replies: Replies = field(default_factory=Replies)
    now: str = ""
    ids: Counter[str] = field(default_factory=Counter)  # of one moment; lines stand by time

    def message(self, row: Row) -> Message | None:
        """Return the message of a line, or None where the system speaks."""
        cells = row.cells
        kind = name_of(cells, "type")
        self.encrypted += kind == "e2e"
        author = name_of(cells, "username")
        if kind or author == _BOT:
            return None
        text, stamp = need(cells, "msg", str), need(cells, "ts", str)
        time = moment(stamp)
        if time is None:
            raise InputError('"ts" must be a time such as "2026-09-08T10:30:00.000Z", got "".')
        text = _QUOTES.sub("", text)
        key = self._key(stamp, author)
        answered = self.replies.answered(key, text, author=author, time=time)
        return Message(
            text=text,
            id=key,
            author=author,
            time=time,
            thread=self.name,
            title=titled(self.name, ""),
            reply_to=answered,
            place=row.place,
            inferred=bool(answered),
        )

    def _key(self, stamp: str, author: str) -> str:
        """Return an id, with a number where someone wrote twice in one millisecond."""
        if stamp != self.now:
            self.now = stamp
            self.ids.clear()
        self.ids[author] += 1
        key = f"{self.name}/{stamp}/{author}"
        return key if self.ids[author] == 1 else f"{key}#{self.ids[author]}"

    def notice(self, place: str) -> Iterator[BadRow]:
        """Yield how many messages are encrypted, once, at the end of a room."""
        if self.encrypted:
            reason = (
                "messages that are encrypted end to end, and so could not be read: "
                f"{self.encrypted:,}. Nothing can be done: the server cannot read them either."
            )
            yield BadRow(place=place, reason=reason, kind="notice")
