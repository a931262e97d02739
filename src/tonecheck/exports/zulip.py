"""Zulip: the tar.gz that an organization exports."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE
from tonecheck.exports.base import Reader, Row, Times, name_of, need
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_objects, messages, notice
from tonecheck.exports.streams import Decoded, Item, items
from tonecheck.exports.tar import tar_members
from tonecheck.messages import BadRow, Message

_REALM = "realm.json"
_FOLDER = r"(?:[^/]+/){0,2}"  # uploads lie deeper, whatever they are called
_MEMBERS = re.compile(_FOLDER + r"(?:realm|messages-\d{6,9})\.json", re.ASCII)
_INDEX = re.compile(_FOLDER + r"realm\.json")
_USERS = ("zerver_userprofile", "zerver_userprofile_mirrordummy")
_SYSTEM_BOTS = "zerver_userprofile_crossrealm"
_TABLES = (*_USERS, _SYSTEM_BOTS, "zerver_stream", "zerver_recipient", "zerver_subscription")
_PERSON, _GROUP = "1", "3"  # what a recipient is; all others are streams
_DELETED = "(deleted)"
_RESOLVED = "✔ "
_ADVICE = "Export the organization again."

_MARKUP = re.compile(
    r"@_?\*\*(?P<name>[^*|\n]{0,100})(?:\|(?P<id>\d{1,20}))?\*\*"
    r"|@_?\*(?P<group>[^*\n]{1,100})\*"
    r"|#\*\*(?P<stream>[^*>\n]{1,100})(?:>(?P<topic>[^*@\n]{0,100})(?:@\d{1,20})?)?\*\*",
    re.ASCII,
)
# What "Quote message" puts before a quote; "said" stands in the language of whoever quoted.
_SAID = re.compile(
    r"@_\*\*(?P<name>[^*|\n]{0,100})(?:\|(?P<id>\d{1,20}))?\*\* "
    r"\[(?P<said>[^\]\n]{1,40})\]\((?P<link>[^()\s]{1,2000})\):?\s*",
    re.ASCII,
)
_LINK = re.compile(
    r"#narrow/(?:(?:stream|channel)/(?P<stream>\d{1,20})(?:-[^/]*)?/(?:topic|subject)/(?P<topic>[^/]*)"
    r"|(?:dm|pm-with)/(?P<people>\d{1,20}(?:,\d{1,20})*)(?:-[^/]*)?)/near/(?P<near>\d{1,20})",
    re.ASCII,
)
_FENCE = re.compile(r"`{3,}|~{3,}")
_QUOTES = frozenset(("quote", "quoted"))
_SPOILER = "spoiler"
_MAX_LEVEL = 5  # deeper quotes stay at this level, or n nested ones would cost n² characters


class Zulip(Reader):
    """Reads a Zulip export: a tar.gz with `realm.json` and `messages-000001.json` and so on.

    A thread is a topic of a stream; direct messages are one thread for each set of people. Quotes
    become lines that start with "> ". Replies are inferred: Zulip keeps no links, but a message
    that quotes one earlier message of its own topic, with the link that Zulip writes above a
    quote, answers that one. Messages of bots are left out. The file is read twice, never held.
    """

    name = "zulip"
    title = "Zulip export"
    how_to = (
        "An owner or administrator opens Settings > Organization settings > Data exports and "
        "starts an export of public data, or of private data too where members allow it; on an "
        "own server, `./manage.py export` does the same. Download the .tar.gz file when it is "
        "ready. Give tonecheck that file as it is; there is no need to unpack it."
    )
    files = (".tar.gz", ".tgz", ".tar")

    def sniff(self, path: Path) -> bool:
        """Return whether a file is a tar with an organization and a file of messages."""
        found: set[tuple[str, bool]] = set()
        try:
            for name, _ in tar_members(path, _MEMBERS):
                member = PurePosixPath(name)
                found.add((str(member.parent), member.name == _REALM))
                if {(str(member.parent), True), (str(member.parent), False)} <= found:
                    return True
        except (InputError, *DAMAGE):
            pass
        return False

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages, in the order of the file."""
        realm = _Realm()
        yield from realm.load(path)
        yield from messages(_objects(path, realm.folder), realm.message)
        yield from realm.times.notice(path.name, _ADVICE)


def _objects(path: Path, folder: str) -> Iterator[Row | BadRow]:
    """Yield the messages of all files of messages that lie in a folder."""
    shown, number = path.name, 0
    wanted = re.compile(re.escape(folder) + r"messages-\d{6,9}\.json", re.ASCII)
    try:
        for name, file in tar_members(path, wanted):
            shown, number = PurePosixPath(name).name, 0
            with Decoded(file) as source:
                for row in json_objects(source, shown, ["zerver_message.item"]):
                    number += 1
                    yield row
    except DAMAGE:
        yield BadRow(
            place=f"{shown}:{number + 1}",
            reason="the archive is damaged or breaks off here, so the rest of it was not read. "
            "Download the export again.",
            kind="rest",
        )


@dataclass(frozen=True, slots=True)
class _Talk:
    """Where a message was sent, and what a link to there names."""

    thread: str
    title: str
    stream: str = ""
    topic: str = ""
    people: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Realm:
    """What has to be known of an organization before its messages can be read."""

    folder: str = ""
    names: dict[str, str] = field(default_factory=dict)
    people: People = field(default_factory=People)
    bots: set[str] = field(default_factory=set)
    streams: dict[str, str] = field(default_factory=dict)
    recipients: dict[str, tuple[str, str]] = field(default_factory=dict)  # what each is, and whose
    groups: dict[str, set[str]] = field(default_factory=dict)
    times: Times = field(default_factory=Times)

    def load(self, path: Path) -> Iterator[BadRow]:
        """Read `realm.json`; where it breaks off, ids and numbers stand in for names."""
        try:
            for name, file in tar_members(path, _INDEX):
                self.folder = name[: -len(_REALM)]
                with Decoded(file) as source:
                    yield from self._tables(source)
                return
        except DAMAGE:
            raise InputError(
                "is not a complete archive: it breaks off or is damaged before the end of its "
                "realm.json. Download the export again.",
                place=str(path),
            ) from None
        raise InputError(
            "is an archive without realm.json, so it is not a Zulip export. "
            "Give the .tar.gz as Zulip made it.",
            place=str(path),
        )

    def _tables(self, source: Decoded) -> Iterator[BadRow]:
        number = 0
        try:
            for item in items(source, [f"{table}.item" for table in _TABLES]):
                number += 1
                if isinstance(item.value, dict):
                    self._note(item, item.value)
        except InputError as err:
            yield BadRow(place=f"{_REALM}:{number + 1}", reason=str(err), kind="rest")
        yield from notice(_REALM, source)

    def _note(self, item: Item, row: dict[str, Any]) -> None:
        table, key = item.path.removesuffix(".item"), str(row.get("id"))
        if table == _SYSTEM_BOTS or (table in _USERS and row.get("is_bot") is True):
            self.bots.add(key)
        if table in _USERS:
            self.names[key] = name = str(row.get("full_name") or "")
            if key not in self.bots:
                self.people.note(key, name)
        elif table == "zerver_stream":
            self.streams[key] = str(row.get("name") or "")
        elif table == "zerver_recipient":
            self.recipients[key] = str(row.get("type")), str(row.get("type_id"))
        elif table == "zerver_subscription":  # it stands after the recipients
            recipient = str(row.get("recipient"))
            if self.recipients.get(recipient, ("", ""))[0] == _GROUP:
                self.groups.setdefault(recipient, set()).add(str(row.get("user_profile")))

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where it is deleted or a bot speaks."""
        cells = row.cells
        key, content = need(cells, "id", int), need(cells, "content", str)
        sender, recipient = str(need(cells, "sender", int)), str(need(cells, "recipient", int))
        topic = name_of(cells, "subject")
        if sender in self.bots or content.strip() == _DELETED:
            return None
        talk = self._talk(recipient, sender=sender, topic=topic)
        text = _Text(self.names)
        shown = text.read(content)
        answered = _answered(text.links, talk, before=key, sender=sender)
        return Message(
            text=shown,
            id=str(key),
            author=self.people.label(sender, self.names.get(sender, "")),
            time=self.times.read(cells.get("date_sent", cells.get("pub_date"))),
            thread=talk.thread,
            title=talk.title,
            reply_to=answered,
            place=row.place,
            inferred=bool(answered),
        )

    def _talk(self, recipient: str, *, sender: str, topic: str) -> _Talk:
        kind, target = self.recipients.get(recipient, ("", ""))
        if kind not in {_PERSON, _GROUP}:
            topic, stream = topic.removeprefix(_RESOLVED), self.streams.get(target, "")
            title = " > ".join(filter(None, (f"#{stream}" if stream else "", topic)))
            topic = topic.casefold()  # to Zulip, topics that differ in case are one
            return _Talk(f"{recipient}/{topic}", title, target, topic)
        # Each side of a talk of two writes to the other one, so that it has two recipients.
        people = {sender, target} if kind == _PERSON else self.groups.get(recipient, set())
        ids = sorted(people, key=lambda key: (len(key), key))
        names = ", ".join(sorted(self.names.get(key) or key for key in ids))
        title = f"Direct messages: {names}" if names else "Direct messages"
        thread = "dm/" + "-".join(ids) if kind == _PERSON else f"group/{recipient}"
        return _Talk(thread, title, people=frozenset(people))


def _answered(links: set[str], talk: _Talk, *, before: int, sender: str) -> str:
    """Return the id of the one earlier message of the same talk that is quoted, if that is so."""
    match = _LINK.search(links.copy().pop()) if len(links) == 1 else None
    if match is None or int(match["near"]) >= before:
        return ""
    if match["stream"] is None:
        people = frozenset(match["people"].split(","))
        is_here = people in {talk.people, talk.people - {sender}}  # old links leave oneself out
    else:
        # Zulip writes a dot for the percent sign of an address.
        topic = unquote(match["topic"].replace(".", "%")).removeprefix(_RESOLVED).casefold()
        is_here = (match["stream"], topic) == (talk.stream, talk.topic)
    return match["near"] if is_here else ""


class _Text:
    """Turns a message's Markdown into text that shows what is quoted.

    Attributes:
        links: The addresses of the messages that are quoted.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.links: set[str] = set()
        self._names = names
        self._open: list[tuple[str, str]] = []  # fences and what stands between them
        self._level = 0

    def read(self, content: str) -> str:
        """Return the text: quotes as "> " lines, spoilers without fences, names for mentions."""
        lines = content.split("\n")
        shown: list[str] = []
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            kept = self._line(line.rstrip("\r"), following)
            if kept is not None:
                shown.append(("> " * min(self._level, _MAX_LEVEL) + kept).rstrip())
        return "\n".join(shown).strip("\n")

    def _line(self, line: str, following: str) -> str | None:
        """Return a line as it is shown, or None where it is a mere fence."""
        fence, kind = self._open[-1] if self._open else ("", "")
        if fence and line.rstrip() == fence:
            self._open.pop()
            self._level -= kind in _QUOTES
            return None if kind in _QUOTES or kind == _SPOILER else line
        if fence and kind not in _QUOTES and kind != _SPOILER:
            return line  # code
        fence, kind, header = _fence(line)
        if fence:
            self._open.append((fence, kind))
            self._level += kind in _QUOTES
            return line if kind not in _QUOTES and kind != _SPOILER else header or None
        if (said := _SAID.fullmatch(line)) and _fence(following)[1] in _QUOTES:
            if not self._level:
                self.links.add(said["link"])
            return f"> {self._named(said)} {said['said']}:"
        return _MARKUP.sub(self._readable, line)

    def _named(self, match: re.Match[str]) -> str:
        return match["name"] or self._names.get(match["id"] or "") or match["id"] or ""

    def _readable(self, match: re.Match[str]) -> str:
        if match["stream"]:
            return "#" + " > ".join(filter(None, (match["stream"], match["topic"])))
        return "@" + (match["group"] or self._named(match))


def _fence(line: str) -> tuple[str, str, str]:
    """Return the fence that a line opens, what it fences and its heading; empty where none."""
    match = _FENCE.match(line)
    if match is None:
        return "", "", ""
    rest = line[match.end() :].strip()
    if "`" in rest or "~" in rest:
        return "", "", ""
    kind, _, header = rest.strip("{}").partition(" ")
    return match.group(), kind.removeprefix(".").lower(), header.strip()
