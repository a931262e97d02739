"""Slack: the zip that a workspace owner exports."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.archive import UNOPENED, member_rows, open_zip, opened
from tonecheck.exports.base import Reader, Row, name_of, need, titled
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_objects, messages
from tonecheck.messages import BadRow, Message

_INDEXES = ("users.json", "channels.json")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json", re.ASCII)
_STAMP = re.compile(r"(\d{1,11})\.(\d{1,6})", re.ASCII)
# What people write. Every other subtype is the system speaking (joins, topics, files removed,
# tombstones of deleted messages) or a bot.
_WRITTEN = frozenset((None, "", "thread_broadcast", "me_message", "file_share"))
_BOT = "USLACKBOT"

# Slack escapes & < > in what people type, so an angle bracket that is left is its own markup.
# Something stands before its bar; what begins with one is left as it is.
_MARKUP = re.compile(r"<([^<>|\n][^<>\n]*)>|&(?:amp|lt|gt);")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


class Slack(Reader):
    """Reads a Slack export: a zip with `users.json`, `channels.json` and a folder a channel.

    A message that starts no thread is a thread of its own. A thread is called by its channel and
    the `ts` of its first message, a message by its `ts` alone. A reply that was also sent to the
    channel counts once. The same reply may stand in another day's file than its thread's start.
    """

    name = "slack"
    title = "Slack export"
    how_to = (
        "A workspace owner opens Settings & administration > Workspace settings > Import/Export "
        "Data > Export, picks a period and starts the export. Slack sends a link to a .zip file. "
        "Give tonecheck that .zip as it is; there is no need to unpack it."
    )
    files = (".zip",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is a zip with the indexes of a workspace."""
        try:
            with open_zip(path) as archive:
                return _root(archive) is not None
        except UNOPENED:
            return False

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages, channel by channel, oldest first."""
        with opened(path) as archive:
            root = _root(archive)
            if root is None:
                raise InputError(
                    "is a zip without users.json and channels.json, so it is not a Slack export. "
                    "Give the .zip as Slack made it.",
                    place=str(path),
                )
            names = _Names()
            yield from names.load(archive, root)
            for channel, days in sorted(_channels(archive, root).items()):
                read = _Channel(channel, names).message
                for day in sorted(days):
                    yield from messages(_objects(archive, day, root), read)


def _root(archive: zipfile.ZipFile) -> str | None:
    """Return the folder that holds the export, empty for the top, or None where there is none."""
    folders = [
        name[: -len(index)]
        for name in archive.namelist()
        for index in _INDEXES
        if name == index or name.endswith("/" + index)
    ]
    folders = [folder for folder in folders if not folder.startswith("__MACOSX/")]
    return min(folders, key=lambda folder: folder.count("/"), default=None)


def _channels(archive: zipfile.ZipFile, root: str) -> dict[str, list[str]]:
    """Return the day files of each channel."""
    channels: dict[str, list[str]] = {}
    for name in archive.namelist():
        parts = PurePosixPath(name.removeprefix(root)).parts
        if name.startswith(root) and len(parts) == 2 and _DAY.fullmatch(parts[1]):
            channels.setdefault(parts[0], []).append(name)
    return channels


def _objects(archive: zipfile.ZipFile, name: str, root: str) -> Iterator[Row | BadRow]:
    """Return the objects of a file that holds a JSON list."""
    shown = name.removeprefix(root)
    return member_rows(
        archive, name, lambda source: json_objects(source, shown, ["item"]), shown=shown
    )


@dataclass(slots=True)
class _Names:
    """What users and channels are called, by their ids."""

    users: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    people: People = field(default_factory=People)
    channels: dict[str, str] = field(default_factory=dict)
    bots: set[str] = field(default_factory=lambda: {_BOT})

    def load(self, archive: zipfile.ZipFile, root: str) -> Iterator[BadRow]:
        """Read the indexes; what cannot be read is yielded, and its ids stay as they are."""
        held = set(archive.namelist())
        for index in (*_INDEXES, "groups.json"):
            if root + index not in held:
                continue
            for row in _objects(archive, root + index, root):
                if isinstance(row, BadRow):
                    yield row
                elif index == "users.json":
                    self._user(row.cells)
                else:
                    self.channels[_text(row.cells.get("id"))] = _text(row.cells.get("name"))

    def _user(self, row: dict[str, Any]) -> None:
        user = _text(row.get("id"))
        profile = row.get("profile")
        if not isinstance(profile, dict):
            profile = {}
        named = (profile.get("display_name"), profile.get("real_name"), row.get("real_name"))
        self.users[user] = next(filter(None, map(_text, (*named, row.get("name")))), user)
        self.handles[user] = _text(row.get("name"))
        if row.get("is_bot") is True:
            self.bots.add(user)
        else:
            self.people.note(user, self.users[user])

    def author(self, cells: dict[str, Any]) -> str:
        """Return who wrote a message, told apart from others of that name."""
        user = name_of(cells, "user")
        name = self.users.get(user) or _profile_name(cells)
        return self.people.label(user, name, self.handles.get(user, ""))

    def readable(self, text: str) -> str:
        """Return what a message showed: names for ids, links spelt out, entities undone."""
        return _MARKUP.sub(self._shown, text)

    def _shown(self, match: re.Match[str]) -> str:
        if match[1] is None:
            return _ENTITIES[match[0]]
        target, _, label = match[1].partition("|")
        label = self.readable(label)
        sign, key = target[0], target[1:]
        if sign == "@":
            return "@" + (self.users.get(key) or label or key)
        if sign == "#":
            return "#" + (label or self.channels.get(key) or key)
        if sign == "!":  # <!here>, <!subteam^S1|@tutors>, <!date^1725350400^{date}|3 September>
            return label or "@" + key.partition("^")[0]
        address = self.readable(target)
        if not label or address.endswith(label):  # Slack links "example.org" by itself
            return label if address.startswith("mailto:") and label else address
        return f"{label} ({address})"


class _Channel:
    """What has been read of one channel."""

    def __init__(self, name: str, names: _Names) -> None:
        self._name = name
        self._names = names
        self._titles: dict[str, str] = {}  # of threads that have replies
        self._replies: set[str] = set()

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where the system or a bot speaks."""
        cells = row.cells
        if not self._is_written(cells):
            return None
        stamp = need(cells, "ts", str)
        time = _time(stamp)
        text = self._names.readable(need(cells, "text", str))
        author = self._names.author(cells)
        root = name_of(cells, "thread_ts") or stamp
        if root != stamp:
            if stamp in self._replies:
                return None  # the copy that was also sent to the channel
            self._replies.add(stamp)
            title = self._titles.get(root) or titled(self._name, "")
        else:
            title = titled(self._name, text)
            if "thread_ts" in cells:
                self._titles[root] = title
        return Message(
            text=text,
            id=stamp,
            author=author,
            time=time,
            thread=f"{self._name}/{root}",
            title=title,
            reply_to="" if root == stamp else root,
            place=row.place,
        )

    def _is_written(self, cells: dict[str, Any]) -> bool:
        kind, user = cells.get("subtype"), cells.get("user")
        return (
            cells.get("type", "message") == "message"
            and (kind is None or isinstance(kind, str))
            and kind in _WRITTEN
            and not cells.get("bot_id")
            and not (isinstance(user, str) and user in self._names.bots)
        )


def _time(stamp: str) -> datetime:
    """Return the moment that a `ts` names, to the microsecond, which a float would lose."""
    match = _STAMP.fullmatch(stamp)
    if not match:
        raise InputError(f'"ts" must be a string such as "1725350400.000100", got {stamp[:40]!r}.')
    start = datetime.fromtimestamp(int(match[1]), tz=UTC)
    return start + timedelta(microseconds=int(match[2].ljust(6, "0")))


def _profile_name(cells: dict[str, Any]) -> str:
    profile = cells.get("user_profile")
    if not isinstance(profile, dict):
        return ""
    return _text(profile.get("display_name")) or _text(profile.get("real_name"))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
