"""Mailing lists: the archive of a list, or a folder of mails, in one file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import Message as Mail
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import IO

from tonecheck.errors import InputError
from tonecheck.exports.answers import Answers
from tonecheck.exports.base import Reader, Row, Times
from tonecheck.exports.mailheaders import (
    MALFORMED,
    REPLY,
    answered,
    bare_subject,
    header_of,
    id_of,
    is_no_letter,
    sender,
)
from tonecheck.exports.mailtext import text_of
from tonecheck.exports.people import People
from tonecheck.exports.rows import messages
from tonecheck.exports.streams import head
from tonecheck.messages import BadRow, Message

_KEPT = 2_000_000  # bytes of a mail; pictures come behind the text
_PIECE = 65_536  # of a line that is longer

_ENVELOPE = re.compile(
    rb"From (?![0-9a-f]{40} ).{0,500}?\b"  # 40 digits name a commit of git, pasted into a mail
    rb"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    rb"{1,2}\d{1,2} \d\d:\d\d(?::\d\d)?(?: [+\-\w]{1,6})? \d{4}(?: [+-]\d{4})?)"
)
_HEADER = re.compile(rb"[!-9;-~]{1,100}:")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MARK = b"\xef\xbb\xbf"

_ADVICE = "Look at their Date headers."


class Mbox(Reader):
    """Reads mails that stand one behind the other in a file, each after a line "From …".

    A thread is a mail with all answers to it and to them; without the headers that say so, mails
    of one subject are put into one thread, and none of them gets a `reply_to`. A text is what its
    author wrote: quotations, signatures and what lists add are not in it, and one that only
    quotes is empty. Copies of a mail count once. Mails of software (bounces, notes of absence,
    digests of a list) and deleted ones are left out. The file is read twice, and never held.
    """

    name = "mbox"
    title = "Mailing list archive (mbox)"
    how_to = (
        "On the archive page of a Mailman list, download the months as text, or the whole archive "
        "as mbox, and unpack what ends in .gz. Google Groups comes as mbox from Google Takeout, "
        "and a folder of Thunderbird is one already: the file without an ending in the profile."
    )
    files = (".mbox", ".mbx", ".txt")

    def sniff(self, path: Path) -> bool:
        """Return whether a file begins with a mail and the line before it."""
        lines = head(path).removeprefix(_MARK).lstrip(b"\r\n").split(b"\n", 2)
        return len(lines) > 1 and bool(_ENVELOPE.match(lines[0]) and _HEADER.match(lines[1]))

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the mails of a list or folder.

        Raises:
            InputError: If there is no mail in the file.
        """
        folder = _Folder()
        for row in _mails(path):
            if isinstance(row, Row):
                folder.note(row)
        if not folder.found:
            raise InputError(
                'holds no line such as "From ken@example.org Tue Sep  8 10:30:00 2026", with '
                "which every mail of an mbox begins. Give the archive as it was downloaded.",
                place=str(path),
            )
        yield from messages(_mails(path), folder.message)
        yield from folder.times.notice(path.name, _ADVICE)


@dataclass(slots=True)
class _Folder:
    """What has to be known of a whole file before its mails can be read."""

    found: bool = False
    answers: Answers = field(default_factory=Answers)
    people: People = field(default_factory=People)
    times: Times = field(default_factory=Times)
    _topics: dict[str, str] = field(default_factory=dict)  # the latest mail that began a subject
    _texts: dict[str, bytes] = field(default_factory=dict)  # a digest of the text of each id

    def note(self, row: Row) -> None:
        """Take in who wrote a mail and what it answers."""
        self.found = True
        raw = row.cells["raw"]
        end = _END_OF_HEADERS.search(raw)
        try:
            mail = message_from_bytes(raw[: end.end()] if end else raw)
            key = id_of(mail, raw)
            chain = answered(mail, key)
            person, name, _ = sender(mail)
            subject = header_of(mail, "Subject")
        except MALFORMED:
            return  # the real reading reports it
        self.people.note(person, name)
        for target, answer in pairwise(chain):  # these may not be in the file
            self.answers.targets.setdefault(answer, target)
        if chain:
            self.answers.targets[key] = chain[-1]
        else:
            self._note_topic(key, subject)

    def _note_topic(self, key: str, subject: str) -> None:
        """Take in a mail that does not say what it answers, which its subject may."""
        topic = bare_subject(subject).casefold()
        if not topic:
            return
        if not REPLY.match(subject):
            self._topics[topic] = key
        elif topic in self._topics:
            self.answers.targets.setdefault(key, self._topics[topic])

    def message(self, row: Row) -> Message | None:
        """Return the message of a mail, or None for a copy, a deleted one, or one by software."""
        raw = row.cells["raw"]
        if not _END_OF_HEADERS.search(raw):
            raise InputError(
                "no empty line ends the headers of this mail, so it has no text. "
                "If it is the last one, the file breaks off here: download it again."
            )
        try:
            mail = message_from_bytes(raw)
            text = None if is_no_letter(mail) else text_of(mail)
            return None if text is None else self._letter(mail, row, text)
        except MALFORMED as err:
            if isinstance(err, InputError):
                raise
            raise InputError(
                "this mail is put together in a way that cannot be read, so it was passed over. "
                "Look at it in a mail program."
            ) from None

    def _letter(self, mail: Mail, row: Row, text: str) -> Message | None:
        if not text and row.cells["is_cut"]:
            raise InputError(
                f"the text of this mail begins behind its first {_KEPT:,} bytes, and no more is "
                "read. Take out what is attached to it."
            )
        sent_as = id_of(mail, row.cells["raw"])
        key = self._unique(sent_as, text)
        if not key:
            return None
        chain = answered(mail, sent_as)
        dates = filter(None, (header_of(mail, "Date"), row.cells["date"]))
        return Message(
            text=text,
            id=key,
            author=self.people.label(*sender(mail)),
            time=self.times.read(*map(_moment, dates)),
            thread=self.answers.root(sent_as),
            title=bare_subject(header_of(mail, "Subject")),
            reply_to=chain[-1] if chain else "",
            place=row.place,
        )

    def _unique(self, key: str, text: str) -> str:
        """Return an id that no other text has, or an empty string for a copy."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if self._texts.get(key, digest) != digest:  # two mails under one id
            key = f"{key}-{digest.hex()}"
        if key in self._texts:
            return ""
        self._texts[key] = digest
        return key


class _Splitter:
    """Parts a file into mails, of which it holds one at a time, and that not beyond a limit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._raw = bytearray()
        self._date = ""
        self._line = 0  # where the mail begins; 0 before the first
        self._is_cut = False

    def split(self, file: IO[bytes]) -> Iterator[Row | BadRow]:
        """Yield the mails; a place is the line before a mail."""
        number, is_start, waiting = 0, True, b""
        while piece := file.readline(_PIECE):
            number += is_start
            # The line opens a mail where a header follows; elsewhere it is someone's sentence.
            if waiting and _HEADER.match(piece):
                yield from self._finished()
                self._begin(waiting, number - 1)
            else:
                self._add(waiting)
            waiting = piece if is_start and len(piece) < _PIECE and _ENVELOPE.match(piece) else b""
            if not waiting:
                self._add(piece)
            is_start = piece.endswith(b"\n")
        yield from self._finished()
        if waiting:
            self._begin(waiting, number)
            yield from self._finished()

    def _begin(self, envelope: bytes, line: int) -> None:
        found = _ENVELOPE.match(envelope)
        self._date = found[1].decode("ascii") if found else ""
        self._line, self._is_cut = line, False

    def _add(self, piece: bytes) -> None:
        self._is_cut |= len(self._raw) + len(piece) > _KEPT
        self._raw += piece[: max(0, _KEPT - len(self._raw))]

    def _finished(self) -> Iterator[Row | BadRow]:
        raw, self._raw = bytes(self._raw), bytearray()
        if self._line:
            cells = {"raw": raw, "date": self._date, "is_cut": self._is_cut}
            yield Row(f"{self._name}:{self._line}", cells)
        elif raw.strip():
            yield BadRow(
                place=f"{self._name}:1",
                reason="this stands before the first mail, so nobody is known to have written it. "
                "Give the archive as it was downloaded.",
            )


def _mails(path: Path) -> Iterator[Row | BadRow]:
    """Yield the mails of a file."""
    with path.open("rb") as file:
        if file.read(len(_MARK)) != _MARK:
            file.seek(0)
        yield from _Splitter(path.name).split(file)


def _moment(date: str) -> datetime | str:
    """Return the moment that a mail was sent, or the header as it is."""
    try:
        return parsedate_to_datetime(date)
    except MALFORMED:
        return date
