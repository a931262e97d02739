"""Mattermost: the bulk export of a server, in JSON lines."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.archive import member_heads, member_rows, opened
from tonecheck.exports.base import Reader, Row, demand, moment, name_of, need, titled
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_lines, jsonl_rows, messages, nested
from tonecheck.exports.streams import head, head_text
from tonecheck.messages import BadRow, Message

# A line names its kind, and then holds it under that name.
_LINE = re.compile(
    r'\s*\{\s*"type"\s*:\s*"(version|role|scheme|emoji|team|channel|user|bot|post|direct_channel|'
    r'direct_post)"\s*,\s*"\1"\s*:'
)
_POSTS = frozenset(("post", "direct_post"))
_NOTED = frozenset(("channel", "user", "bot"))
# What people write. The others are the system speaking (system_join_channel and the like), plugins
# (custom_…) and integrations (slack_attachment).
_WRITTEN = (None, "", "me")
_MARKED = ("from_bot", "from_webhook", "from_plugin")
_LATEST = 10**14  # in milliseconds; later times have no date in Python
_ZIP = b"PK"
_OTHER = (
    'holds no lines of a Mattermost bulk export, such as {"type": "post", "post": {…}}. '
    "Give the .zip that mmctl downloads, or the .jsonl inside it."
)


class Mattermost(Reader):
    """Reads the bulk export of a server: JSON lines, as they are or inside the zip of mmctl.

    Posts have no ids in it, so they are called by channel, time and author. A post with its replies
    is a thread, and so is a post without any; direct messages are one thread a channel, which is
    called by its members. Posts of bots and webhooks are left out, as are those of the system.
    Mattermost does not export deleted ones.
    """

    name = "mattermost"
    title = "Mattermost bulk export"
    how_to = (
        "A system administrator runs `mmctl export create --no-attachments`, asks "
        "`mmctl export list` for the name of the file once the job is done, and fetches it with "
        "`mmctl export download NAME`. Give tonecheck that .zip as it is, or the .jsonl inside it."
    )
    files = (".zip", ".jsonl")

    def sniff(self, path: Path) -> bool:
        """Return whether a file, or one in a zip, begins with a line of a bulk export."""
        heads = itertools.chain([head_text(path)], member_heads(path, _is_lines))
        return any(_LINE.match(text) for text in heads)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts of a server, each with its replies behind it.

        Raises:
            InputError: If it holds no bulk export.
        """
        server = _Server()
        for line in demand(_lines(path), _is_line, _OTHER):
            if isinstance(line, BadRow):
                yield line
                continue
            try:
                yield from server.read(line)
            except InputError as err:
                yield BadRow(place=line.place, reason=str(err))


def _is_lines(name: str) -> bool:
    """Return whether a file of a zip may be the export; attachments lie some folders down."""
    file = PurePosixPath(name)
    return file.suffix == ".jsonl" and len(file.parts) <= 2 and file.parts[0] != "__MACOSX"


def _is_line(cells: dict[str, Any]) -> bool:
    kind = cells.get("type")
    return isinstance(kind, str) and kind in cells


def _lines(path: Path) -> Iterator[Row | BadRow]:
    if not head(path).startswith(_ZIP):
        yield from jsonl_rows(path)
        return
    with opened(path) as archive:
        names = sorted(filter(_is_lines, archive.namelist()), key=lambda name: name.count("/"))
        if not names:
            raise InputError(
                "is a zip without a .jsonl file, so it is not a Mattermost export. "
                "Give the .zip as mmctl downloads it.",
                place=str(path),
            )
        shown = PurePosixPath(names[0]).name
        yield from member_rows(archive, names[0], partial(json_lines, name=shown), shown=shown)


@dataclass(slots=True)
class _Server:
    """What channels and people are called, and which ids were given."""

    channels: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # what people show, by username
    bots: set[str] = field(default_factory=set)
    people: People = field(default_factory=People)
    ids: Counter[str] = field(default_factory=Counter)

    def read(self, line: Row) -> Iterator[Message | BadRow]:
        """Yield the post of a line and its replies, or take in a channel or a user.

        Raises:
            InputError: If a line has no type, or does not hold what it says.
        """
        kind = need(line.cells, "type", str)
        if kind in _POSTS:
            post = Row(line.place, need(line.cells, kind, dict))
            thread = _Thread(self, post)
            yield from messages(itertools.chain([post], nested(post, "replies")), thread.message)
        elif kind in _NOTED:
            self._note(kind, need(line.cells, kind, dict))

    def _note(self, kind: str, cells: dict[str, Any]) -> None:
        if kind == "channel":
            name = name_of(cells, "name")
            self.channels[f"{name_of(cells, 'team')}/{name}"] = (
                name_of(cells, "display_name") or name
            )
            return
        user = name_of(cells, "username")
        if kind == "bot":
            self.bots.add(user)
            return
        full = f"{name_of(cells, 'first_name')} {name_of(cells, 'last_name')}".strip()
        self.names[user] = name_of(cells, "nickname") or full or user
        self.people.note(user, self.names[user])

    def author(self, user: str) -> str:
        """Return what the person with a username is called."""
        return self.people.label(user, self.names.get(user, ""), user)

    def unique(self, key: str) -> str:
        """Return an id: the key, with a number where someone wrote twice in one millisecond."""
        self.ids[key] += 1
        return key if self.ids[key] == 1 else f"{key}#{self.ids[key]}"  # no username holds a "#"


class _Thread:
    """A post and what has been read of its replies."""

    def __init__(self, server: _Server, post: Row) -> None:
        self._server = server
        self._post = post
        self._members = _members(post.cells)
        self._channel = _channel(post.cells, self._members)
        self._root = ""  # stays empty where the post itself cannot be read
        self._id = self._channel if self._members else ""
        self._title = ", ".join(map(server.author, self._members))

    def message(self, row: Row) -> Message | None:
        """Return the message of the post or of a reply, or None where nobody wrote it."""
        cells = row.cells
        user, text = need(cells, "user", str), need(cells, "message", str)
        time = _time(cells)
        key = self._server.unique(f"{self._channel}/{cells['create_at']}/{user}")
        if not self._id:
            name = self._server.channels.get(self._channel) or self._channel.rpartition("/")[2]
            self._id, self._title = key, titled(name, text)
        answered = self._root
        if row is self._post:
            self._root = key
        if not _is_written(cells) or user in self._server.bots:
            return None
        return Message(
            text=text,
            id=key,
            author=self._server.author(user),
            time=time,
            thread=self._id,
            title=self._title,
            reply_to=answered,
            place=row.place,
        )


def _members(cells: dict[str, Any]) -> list[str]:
    """Return who talks in a direct channel, in one order for all its posts; else nobody."""
    members = cells.get("channel_members")
    if members is None:
        return []
    if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
        raise InputError(
            '"channel_members" must be a list of usernames. Export again, or repair this line.'
        )
    return sorted(set(members))


def _channel(cells: dict[str, Any], members: list[str]) -> str:
    """Return a key for the channel of a post."""
    if members:
        return "@" + ",".join(members)
    return f"{need(cells, 'team', str)}/{need(cells, 'channel', str)}"


def _time(cells: dict[str, Any]) -> datetime | None:
    stamp = need(cells, "create_at", int)
    if not 0 <= stamp < _LATEST:
        raise InputError(
            f'"create_at" must be milliseconds since 1970, got {str(stamp)[:20]}. Correct it.'
        )
    return moment(stamp / 1000)


def _is_written(cells: dict[str, Any]) -> bool:
    props = cells.get("props")
    if not isinstance(props, dict):
        props = {}
    marked = any(str(props.get(mark)).lower() == "true" for mark in _MARKED)
    return cells.get("type") in _WRITTEN and not marked
