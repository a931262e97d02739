"""Zoom: the chat of a meeting, as text."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader
from tonecheck.exports.inferred import Replies
from tonecheck.exports.rows import notice
from tonecheck.exports.streams import Decoded, head_text
from tonecheck.exports.transcripts import Entry, MadeIds, entries, lines
from tonecheck.messages import BadRow, Message

# "10:30:00 From  NAME  to  Everyone:" and the text on the next lines. In older files a tab stands
# before, the text follows " : " on the same line, and one to everyone may lack the "to".
_LOCAL = re.compile(r"(\d{1,2}:\d\d:\d\d)[ \t]+(?:From|Від|От)[ \t]+(.*)", re.ASCII | re.DOTALL)
_TO = re.compile(r"[ \t]+(?:to|To|до|кому)[ \t]+")
_WIDE_TO = re.compile(r"[ \t]{2,}(?:to|To|до|кому)[ \t]{2,}")
_CLOUD = re.compile(r"(\d{1,2}:\d\d:\d\d)\t([^\t]{1,200}):\t(.*)", re.ASCII | re.DOTALL)
_LONGEST_HEAD = 500
_INDENT = re.compile(r"\t| {1,4}")

_EVERYONE = ("everyone", "meeting group chat", "усі", "всі", "все", "всем", "усім")
_PANELS = frozenset(("hosts and panelists", "all panelists", "panelists"))
_DIRECT = re.compile(r"\((?:direct message|privately)\)\Z", re.IGNORECASE)

_REPLY = 'Replying to "'
_CLOSING = re.compile(r'"(?=\s|\Z)')
_LONGEST_QUOTE = 80  # Zoom quotes 20 characters and three dots
_DOTS = ("...", "…")
_REACTED, _WITH, _LONGEST_REACTION = 'Reacted to "', '" with ', 40
_REMOVED, _FROM = "Removed a ", ' reaction from "'
_EMOJI = re.compile("(?:add|remove) (?:(?!\\w)[\u2000-\U0010ffff]){1,12}")  # in 2022


class Zoom(Reader):
    """Reads the chat that Zoom saves on a computer, or beside a recording in the cloud.

    Such a file has no dates, so its messages have no time. Messages to single people are left out,
    and a notice counts them; so are reactions. A meeting is one thread. Replies are inferred: Zoom
    quotes how the answered message begins, and where one earlier message alone begins so, that is
    it; elsewhere the quoted words stand for it. One that begins with an @ and a name answers the
    last message of that person. The words around names are read in English,
    Ukrainian and Russian, those of replies and reactions in English. The file is read twice.
    """

    name = "zoom"
    title = "Zoom meeting chat"
    how_to = (
        "In the meeting choose Save chat from the menu of the chat (…); the file is called "
        "meeting_saved_chat.txt and lies in Documents/Zoom. Of a meeting recorded in the cloud, "
        "download the chat file from Recordings on the website. Give tonecheck the .txt as it is."
    )
    files = (".txt",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file begins with a message of a meeting."""
        try:
            text = head_text(path)
        except OSError:
            return False
        first = next((line for line in text.splitlines() if line.strip()), "")
        return _form(first) is not None

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of a meeting that went to everyone.

        Raises:
            InputError: If the file holds no message.
        """
        with path.open("rb") as file, Decoded(file) as source:
            forms = (_form(line) for line, _ in lines(source))
            form = next((form for form in forms if form is not None), None)
        if form is None:
            raise InputError(
                "holds no line that begins as a message of Zoom does, such as "
                '"10:30:00 From NAME to Everyone:". Give the file as Zoom saved it.',
                place=str(path),
            )
        meeting = _Meeting(path.stem)
        with path.open("rb") as file, Decoded(file) as source:
            for entry in entries(source, path.name, form):
                message = entry if isinstance(entry, BadRow) else meeting.message(entry)
                if message is not None:
                    yield message
            yield from meeting.notice(path.name)
            yield from notice(path.name, source)


class _Head(NamedTuple):
    """What a line that begins a message says; `to` is empty where it went to everyone."""

    stamp: str
    name: str
    to: str
    text: str


def _form(line: str) -> Callable[[str], _Head | None] | None:
    """Return what reads the lines that begin as this one does."""
    return next((form for form in (_local, _cloud) if form(line)), None)


def _cloud(line: str) -> _Head | None:
    match = _CLOUD.fullmatch(line)
    return _Head(match[1], match[2].strip(), "", match[3]) if match else None


def _local(line: str) -> _Head | None:
    match = _LOCAL.fullmatch(line)
    if match is None:
        return None
    who, mark, text = match[2].partition(" : ")
    if not mark and match[2].rstrip().endswith(":"):
        who, mark = match[2].rstrip()[:-1], ":"
    elif not mark:
        who, mark, text = match[2].partition(": ")
    if not mark or len(who) > _LONGEST_HEAD:
        return None
    parts = list(_WIDE_TO.finditer(who)) or list(_TO.finditer(who))
    if not parts:
        return _Head(match[1], who.strip(), "", text)
    return _Head(match[1], who[: parts[-1].start()].strip(), who[parts[-1].end() :].strip(), text)


def _is_public(to: str) -> bool:
    name = to.casefold()
    if _DIRECT.search(name):
        return False
    return not name or name.startswith(_EVERYONE) or name in _PANELS


class _Meeting:
    """What has been read of a meeting."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._key = ""
        self._ids = MadeIds()
        self._openings = _Openings()
        self._replies = Replies(by_time=False)
        self._direct = 0

    def message(self, entry: Entry[_Head]) -> Message | None:
        """Return the message of an entry, or None where it is a reaction or not for everyone."""
        stamp, name, to, first = entry.head
        if not _is_public(to):
            self._direct += 1
            return None
        more = entry.lines if first else [_INDENT.sub("", line, count=1) for line in entry.lines]
        said = "\n".join([first, *more]).strip()
        # Every save of a meeting is called the same, so a meeting is known by how it begins.
        self._key = self._key or MadeIds().make(stamp, name, said)
        if _is_reaction(said):
            return None
        reply_to, parent, text = self._openings.answered(said)
        if not text:
            return None
        key = self._ids.make(self._key, stamp, name, said)
        self._openings.note(text, key)
        named = self._replies.answered(key, text, author=name, time=None)
        if not reply_to and parent is None:
            reply_to = named
        return Message(
            text=text,
            id=key,
            author=name,
            thread=self._key,
            title=self._title,
            reply_to=reply_to,
            parent=parent,
            place=entry.place,
            inferred=bool(reply_to),
        )

    def notice(self, place: str) -> Iterator[BadRow]:
        """Yield how many messages went to single people."""
        if self._direct:
            yield BadRow(
                place=place,
                reason=f"direct messages were left out ({self._direct:,} in all), as they were not "
                "meant for everyone.",
                kind="notice",
            )


class _Openings:
    """How the messages of a meeting begin, to find the one that a reply quotes."""

    _KEY, _KEPT, _MANY = 12, 100, 200  # so many that begin alike are not told apart

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[str, str]]] = {}

    def note(self, text: str, key: str) -> None:
        """Take in a message and its id."""
        opening = _plain(text[: 2 * self._KEPT])[: self._KEPT]
        alike = self._found.setdefault(opening[: self._KEY], [])
        if len(alike) <= self._MANY:
            alike.append((opening, key))

    def answered(self, said: str) -> tuple[str, str | None, str]:
        """Return the id of the answered message or else how it begins, and the reply itself."""
        if not said.startswith(_REPLY):
            return "", None, said
        ends = []
        for closing in _CLOSING.finditer(said, len(_REPLY)):
            if closing.start() > len(_REPLY) + _LONGEST_QUOTE:
                break
            ends.append(closing.start())
            if key := self._find(said[len(_REPLY) : closing.start()]):
                return key, None, said[closing.end() :].strip()
        if not ends:
            return "", None, said
        # A quote may hold quotes itself; what follows the last of them is then a line end.
        end = next((end for end in ends if said[end + 1 : end + 2] == "\n"), ends[0])
        return "", _stem(_plain(said[len(_REPLY) : end])), said[end + 1 :].strip()

    def _find(self, quote: str) -> str:
        """Return the id of the only message that a quote can be from, or an empty string."""
        whole = _plain(quote)
        stem = _stem(whole)
        alike = self._found.get(whole[: self._KEY], [])
        keys = [
            key
            for opening, key in alike
            if opening == whole or (stem != whole and opening.startswith(stem))
        ]
        return keys[0] if len(keys) == 1 and len(alike) <= self._MANY else ""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _stem(quote: str) -> str:
    """Return a quote without the dots that show that it was cut."""
    return next((quote.removesuffix(dots) for dots in _DOTS if quote.endswith(dots)), quote)


def _is_reaction(said: str) -> bool:
    if said.startswith(_REACTED) and _WITH in said:
        reaction = said.rpartition(_WITH)[2]
        return len(reaction) <= _LONGEST_REACTION and "\n" not in reaction
    if said.startswith(_REMOVED):
        return _FROM in said and said.endswith('"')
    return _EMOJI.fullmatch(said) is not None
