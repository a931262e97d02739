"""WhatsApp: a chat as a phone exports it, as text or in a zip."""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE, UNOPENED, open_zip, opened
from tonecheck.exports.base import Reader, Times
from tonecheck.exports.dateorder import DateOrder, read_date
from tonecheck.exports.inferred import Replies
from tonecheck.exports.rows import notice
from tonecheck.exports.streams import Decoded, head, head_text
from tonecheck.exports.transcripts import Entry, MadeIds, Speakers, entries, lines
from tonecheck.messages import BadRow, Message

_CHAT = re.compile(r"(?:.*/)?(?:_chat|[^/]*WhatsApp[^/]*)\.txt", re.DOTALL)
_TITLE = re.compile(r"WhatsApp Chat (?:with|-) (.+)")
_UNNAMED = "_chat"

# Marks that only steer the direction of writing go; the spaces before AM and PM become plain.
_CLEAN = str.maketrans(
    dict.fromkeys("\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    | dict.fromkeys("\u00a0\u2007\u2009\u202f", " ")
)
_APPS = "\u200e"  # on iPhones it stands before what the app wrote by itself, in any language
# Android: "8/9/26, 10:30 - Name: text"; iPhone: "[08/09/2026, 10:30:00] Name: text". Some
# languages put a word between day and hour, or in place of AM and PM.
_HEAD = re.compile(
    rf"{_APPS}*(?P<open>\[)?(?P<first>\d{{1,4}})(?P<mark>[./-]) ?(?P<second>\d{{1,2}})(?P=mark) ?"
    r"(?P<third>\d{1,4})\.?,?(?: ?(?P<word>[^\W\d_]{1,4})\.?,?)? ?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<seconds>\d\d))? ?"
    r"(?P<half>[AaPp]\.? ?[Mm]\.?)?(?(open)\] ?| [-–—] )(?P<rest>.*)",
    re.DOTALL,
)
_HALVES = {"上午": "am", "午前": "am", "오전": "am", "下午": "pm", "午後": "pm", "오후": "pm"}

_EVENT = re.compile(
    r" (?:added|removed|created group|changed (?:the (?:subject|group)|this group)) "
)
_OWN_EVENT = re.compile(r" (?:left|was added|(?:joined|created|added|removed|changed) .*)")
_EDITED = "<This message was edited>"
_TAIL = re.compile(rf"{_APPS}(?:<[^<>]*>|(?:image|video|audio|sticker|GIF|document) omitted)$")
_APP_LINE = re.compile(
    r"<[^<>]{1,80} omitted>|<attached: [^<>]{1,300}>|.{1,300} \(file attached\)"
    r"|(?:image|video|video note|audio|sticker|GIF|document|Contact card) omitted"
    r"|[^•]{1,300} • [^•]{0,80}document omitted"
    r"|POLL:|OPTION: .{0,300} \(\d{1,6} votes?\)"
    r"|Messages (?:to this .{1,30})?and calls are (?:now )?(?:end-to-end encrypted|secured).*"
)
_APP_MESSAGE = re.compile(
    r"(?:This message was deleted|You deleted this message)(?: (?:as|by) admin.{0,80})?\.?"
    r"|Waiting for this message\..*|Missed (?:group )?(?:voice|video) call.*"
)
# What copying messages out of a chat puts before each: the words of others.
_PASTED = re.compile(r"\[\d[\d/.:, apmAPM-]{6,30}\] [^:]{1,80}: ", re.ASCII)

_FIRST_YEAR = 2009  # WhatsApp began then
_NOON = 12

Open = Callable[[], IO[bytes]]


class WhatsApp(Reader):
    """Reads a chat that a phone exported: the .txt, or the .zip that holds it.

    The order of day and month and the form of the hours are told from the whole file; where nothing
    decides, days are read first and a notice says so. Times are those of the phone's clock, taken
    as UTC. Such a file names no replies, so a chat is one thread and replies are inferred from
    quotes, mentions and times (see `inferred.Replies`). Events, deleted messages and media are left
    out, as far as they are named in English or marked by an iPhone. Pasted messages become quotes.
    The file is read twice, and never held.
    """

    name = "whatsapp"
    title = "WhatsApp chat export"
    how_to = (
        "Open the chat on a phone and choose Export chat (Android: the menu, then More; iPhone: "
        "tap the name of the chat and scroll down). Choose Without media, and save or send the "
        "file. Give tonecheck the .txt or the .zip as it is."
    )
    files = (".txt", ".zip")

    def sniff(self, path: Path) -> bool:
        """Return whether a file begins with a message of a chat, or is a zip that holds a chat."""
        try:
            with open_zip(path) as archive:
                return bool(_chats(archive))
        except UNOPENED:
            pass
        try:
            text = head_text(path)
        except OSError:
            return False
        first = next((line for line in text.splitlines() if line.strip()), "")
        return _HEAD.match(first.translate(_CLEAN)) is not None

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of a chat, or of each chat in a zip."""
        if not head(path).startswith(b"PK"):
            try:
                yield from _messages(lambda: path.open("rb"), path.name, path.stem)
            except InputError as err:
                raise InputError(str(err), place=str(path)) from None
            return
        with opened(path) as archive:
            chats = _chats(archive)
            if not chats:
                raise InputError(
                    "is a zip without _chat.txt, so it is no WhatsApp chat. "
                    "Give the .zip as the phone made it.",
                    place=str(path),
                )
            for chat in chats:
                stem = Path(chat).stem
                name = path.stem if stem == _UNNAMED else stem
                try:
                    yield from _messages(partial(archive.open, chat), chat, name)
                except InputError as err:
                    yield BadRow(place=chat, reason=str(err), kind="rest")
                except DAMAGE:
                    reason = "this file of the zip is damaged or encrypted. Export the chat again."
                    yield BadRow(place=chat, reason=reason, kind="rest")


def _chats(archive: zipfile.ZipFile) -> list[str]:
    names = [name for name in archive.namelist() if _CHAT.fullmatch(name)]
    return [name for name in names if not name.startswith("__MACOSX/")]


def _messages(open_chat: Open, name: str, stem: str) -> Iterator[Message | BadRow]:
    """Yield the messages of one chat, then what had to be guessed."""
    form = _main_form(open_chat)
    if form is None:
        raise InputError(
            "holds no line that begins as a message of WhatsApp does, such as "
            '"8/9/26, 10:30 - Name: text". Give the file as the phone made it.'
        )
    titled = _TITLE.fullmatch(stem)
    chat = _Chat(form, titled[1] if titled else stem)
    with open_chat() as file, Decoded(file) as source:
        for entry in entries(source, name, chat.begins):
            message = entry if isinstance(entry, BadRow) else chat.message(entry)
            if message is not None:
                yield message
        yield from chat.times.notice(name, "Export the chat again, and leave the file as it is.")
        yield from chat.notices(name)
        yield from notice(name, source)


Key = tuple[bool, str, bool, bool]


def _key(match: re.Match[str]) -> Key:
    """Return the form in which a line begins; one phone writes all messages in the same."""
    has_half = bool(match["half"]) or match["word"] in _HALVES
    return bool(match["open"]), match["mark"], has_half, len(match["first"]) == 4


class _Form:
    """The lines that begin in one form: how many, who wrote them, and what their dates tell."""

    def __init__(self, match: re.Match[str]) -> None:
        self.key = _key(match)
        self.start = match["rest"]
        self.count = 0
        self.speakers = Speakers()
        # No language that puts dots or hyphens into a date puts the month first.
        orders = ("dmy", "mdy", "ymd") if match["mark"] == "/" else ("dmy", "ymd")
        self.dates = DateOrder(orders, since=_FIRST_YEAR)

    def note(self, match: re.Match[str]) -> None:
        """Take in one of the lines."""
        self.count += 1
        self.dates.note(match.group("first", "second", "third"))
        if not _is_event(match["rest"]):
            self.speakers.note(match["rest"])


def _main_form(open_chat: Open) -> _Form | None:
    """Return the form in which most lines begin; those in another were pasted into messages."""
    forms: dict[Key, _Form] = {}
    try:
        with open_chat() as file, Decoded(file) as source:
            for line, _ in lines(source):
                if match := _HEAD.match(line.translate(_CLEAN)):
                    key = _key(match)
                    if key not in forms:
                        forms[key] = _Form(match)
                    forms[key].note(match)
    except DAMAGE:
        if not forms:
            raise
        # The real reading says where, and yields what stands before.
    return max(forms.values(), key=lambda form: form.count, default=None)


def _is_event(rest: str) -> bool:
    """Return whether a line tells of an event, as no name stands in it; titles may hold a colon."""
    name, mark, _ = rest.partition(": ")
    return not mark or _EVENT.search(name) is not None


class _Chat:
    """What has been read of one chat."""

    def __init__(self, form: _Form, title: str) -> None:
        self.times = Times()
        self.replies = Replies()
        self._form = form
        self._order, self._is_sure = form.dates.decide()
        self._names = frozenset(form.speakers.names())
        self._ids = MadeIds()
        self._strangers = 0
        self._title = title
        name, text = form.speakers.split(form.start)
        if title == _UNNAMED and _APP_LINE.fullmatch(text.replace(_APPS, "")):
            self._title = _shown(name)  # an iPhone lets the group say that it is encrypted

    def begins(self, line: str) -> re.Match[str] | None:
        """Return how a message begins; lines that begin in another form were pasted into one."""
        match = _HEAD.match(line.translate(_CLEAN))
        if match is None or _key(match) == self._form.key:
            return match
        self._strangers += 1
        return None

    def message(self, entry: Entry[re.Match[str]]) -> Message | None:
        """Return the message of an entry, or None where its author typed nothing."""
        if _is_event(entry.head["rest"]):
            return None
        name, first = self._form.speakers.split(entry.head["rest"])
        is_iphone = self._form.key[0]
        text = _typed([first, *(line.translate(_CLEAN) for line in entry.lines)], is_iphone)
        is_own = is_iphone and text.startswith(name) and _OWN_EVENT.fullmatch(text[len(name) :])
        if not text or is_own:
            return None
        written = " ".join(part or "" for part in entry.head.groups()[1:-1])
        key, author = self._ids.make(self._title, written, name, text), self._author(name)
        time = self.times.read(_stamp(entry.head, self._order) or written)
        answered = self.replies.answered(key, text, author=author, time=time)
        return Message(
            text=text,
            id=key,
            author=author,
            time=time,
            thread=self._title,
            title=self._title,
            reply_to=answered,
            place=entry.place,
            inferred=bool(answered),
        )

    def _author(self, name: str) -> str:
        """Return a name without the tilde of those who are in nobody's contacts."""
        shown = _shown(name)
        return name.strip() if shown != name and shown in self._names else shown

    def notices(self, place: str) -> Iterator[BadRow]:
        """Yield what had to be guessed, at the end."""
        if not self._is_sure:
            yield BadRow(
                place=place,
                reason=f"dates such as {self._form.dates.doubtful} can be read day first or month "
                "first, and nothing in the file decides, so they were read day first. If they are "
                "wrong, export a longer period.",
                kind="notice",
            )
        if self._strangers:
            yield BadRow(
                place=place,
                reason="lines that begin as messages do, but with the date in another form, were "
                f"read as part of the message before ({self._strangers:,} in all). If two chats "
                "stand in this file, give each in its own.",
                kind="notice",
            )


def _shown(name: str) -> str:
    """Return a name without the marks of the app."""
    return name.replace(_APPS, "").strip().removeprefix("~").strip()


def _stamp(match: re.Match[str], order: str) -> str:
    """Return the moment that a line names, in ISO 8601, or an empty string where it names none."""
    day = read_date(match.group("first", "second", "third"), order, since=_FIRST_YEAR)
    hour = int(match["hour"])
    half = _HALVES.get(match["word"] or "") or (match["half"] or "")[:1].lower() + "m"
    if half != "m" and hour <= _NOON:
        hour = hour % _NOON + _NOON * (half == "pm")
    return f"{day}T{hour:02}:{match['minute']}:{match['seconds'] or '00'}" if day else ""


def _typed(lines: Iterable[str], is_iphone: bool) -> str:
    """Return what the author typed: nothing that the app wrote, and as quotes what was pasted."""
    kept: list[str] = []
    for line in lines:
        line = line.rstrip().removesuffix(_EDITED).rstrip(f" {_APPS}")
        if is_iphone:
            line = _TAIL.sub("", line)
        plain = line.replace(_APPS, "").rstrip()
        if not _APP_LINE.fullmatch(plain) and not (is_iphone and line.startswith(_APPS)):
            kept.append(f"> {plain}" if _PASTED.match(plain) else plain)
    text = "\n".join(kept).strip()
    return "" if _APP_MESSAGE.fullmatch(text) else text
