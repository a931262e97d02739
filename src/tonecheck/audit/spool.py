"""A temporary SQLite file that sorts an export into threads and adds up its verdicts.

Exports come in any order and any size. The spool keeps memory flat: messages stream in as they
are read, come out thread by thread with the text that they answer, and their verdicts are added
up by SQL.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tonecheck.labels import Decision
from tonecheck.messages import Message
from tonecheck.prepare import MAX_CHARS
from tonecheck.verdict import Note, Verdict

NOT_JUDGED = (Note.EMPTY, Note.NOT_ENGLISH)
"""The notes of messages that carry no judgement, and so count in no share."""

# Every answer comes with its own copy of what it answers and of its title, so one huge post would
# fill the memory. Nothing beyond `MAX_CHARS` is judged; one more tells that there was more.
_LONGEST_TEXT = MAX_CHARS + 1
_LONGEST_NAME = 1_000

# Nobody reads this file after a crash, so a journal would only cost time.
_OPEN = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
# Text is kept as bytes because SQLite refuses the lone surrogates that exports may hold.
_TABLES = """
CREATE TABLE threads (
    key INTEGER PRIMARY KEY, source TEXT, name BLOB, title BLOB, UNIQUE (source, name)
);
CREATE TABLE members (key INTEGER PRIMARY KEY, name BLOB UNIQUE);
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, source TEXT, id BLOB, reply_to BLOB, thread INTEGER,
    member INTEGER, at REAL, text BLOB, body TEXT, parent INTEGER,
    digest BLOB
);
CREATE UNIQUE INDEX once ON messages (source, id, thread, digest) WHERE id <> x'';
CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY, note TEXT, judged INTEGER, truncated INTEGER, body TEXT
);
CREATE TABLE marks (seq INTEGER, tone TEXT, decision TEXT, severity TEXT, probability REAL);
CREATE INDEX by_seq ON marks (seq);
"""
# An id that stands twice means its first use; the same thread wins, as some platforms number
# messages anew in every channel. Each look-up ends at the first row of its index, however often
# one id stands there; left to itself, SQLite may take an index whose rows it has to sort.
_SORT = """
CREATE INDEX by_place ON messages (source, id, thread);
CREATE INDEX by_id ON messages (source, id);
CREATE INDEX by_thread ON messages (thread, at, seq);
UPDATE messages AS m SET parent = coalesce(
    (SELECT p.seq FROM messages p INDEXED BY by_place WHERE p.source = m.source
     AND p.id = m.reply_to AND p.thread = m.thread AND p.seq <> m.seq ORDER BY p.seq LIMIT 1),
    (SELECT p.seq FROM messages p INDEXED BY by_id WHERE p.source = m.source
     AND p.id = m.reply_to AND p.seq <> m.seq ORDER BY p.seq LIMIT 1)
) WHERE reply_to <> x'';
BEGIN;
"""
_COLUMNS = """
m.seq, m.body, m.text, p.text, t.title, m.member, p.member, a.name
FROM messages m JOIN threads t ON t.key = m.thread
LEFT JOIN messages p ON p.seq = m.parent LEFT JOIN members a ON a.key = p.member
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message as it comes out of the spool.

    Attributes:
        seq: The number under which its verdict is recorded.
        message: The message, with its parent's text and its thread's title filled in. Both texts
            are cut behind `MAX_CHARS`, names and titles much sooner.
        member: The number of its author by order of appearance, or None where nobody is named.
        answers: The same number for the author of the message that it answers.
        answers_name: The name of that author, or empty.
    """

    seq: int
    message: Message
    member: int | None
    answers: int | None
    answers_name: str


class Spool:
    """Messages and verdicts on disk, for the length of one audit.

    Add every message, call `sort` once, then read and record. Use it as a context manager.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_OPEN + _TABLES + "BEGIN;")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def add(self, message: Message, *, source: str) -> bool:
        """Keep a message, cut to what can be judged, and return whether it was new.

        Args:
            message: The message.
            source: Where its ids and threads count: the platform, or one file. A message that
                stands there already, with the same id, thread and text, is not kept again.
        """
        digest = blake2b(_pack(message.text), digest_size=16).digest()
        message = _cut(message)
        thread, author = _pack(message.thread), _pack(message.author)
        self._db.execute(
            "INSERT INTO threads (source, name, title) VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
            "SET title = excluded.title WHERE title = x''",
            (source, thread, _pack(message.title)),
        )
        if author:
            self._db.execute("INSERT OR IGNORE INTO members (name) VALUES (?)", (author,))
        kept = self._db.execute(
            "INSERT OR IGNORE INTO messages (source, id, reply_to, thread, member, at, text, body, "
            "digest) VALUES (?, ?, ?, (SELECT key FROM threads WHERE source = ? AND name = ?), "
            "(SELECT key FROM members WHERE name = ?), ?, ?, ?, ?)",
            (
                source,
                _pack(message.id),
                _pack(message.reply_to),
                source,
                thread,
                author,
                _seconds(message.time),
                _pack(message.text),
                _to_json(message),
                digest,
            ),
        )
        return kept.rowcount == 1

    def sort(self) -> int:
        """Put the messages in order, find what each answers, and return how many there are."""
        self._db.executescript(_SORT)
        return int(self.rows("SELECT count(*) FROM messages")[0][0])

    def in_order(self) -> Iterator[Stored]:
        """Yield every message by thread, then time, then order of reading."""
        cursor = self._db.execute(f"SELECT {_COLUMNS} ORDER BY m.thread, m.at, m.seq")
        return map(_stored, cursor)

    def pick(self, seqs: Iterable[int]) -> Iterator[tuple[Stored, Verdict]]:
        """Yield flagged or unsure messages with their verdicts, in the order that is asked for."""
        for seq in seqs:
            row = self._db.execute(f"SELECT {_COLUMNS} WHERE m.seq = ?", (seq,)).fetchone()
            body = self._db.execute("SELECT body FROM verdicts WHERE seq = ?", (seq,)).fetchone()
            yield _stored(row), Verdict.from_dict(json.loads(body[0]))

    def record(self, seq: int, verdict: Verdict) -> None:
        """Keep what the summary and the report need of a verdict."""
        judged = verdict.note not in NOT_JUDGED
        marks = [
            (seq, str(tone), str(score.decision), str(score.severity), score.probability)
            for tone, score in verdict.tones.items()
            if judged and score.decision is not Decision.NO
        ]
        note = str(verdict.note) if verdict.note else None
        body = json.dumps(verdict.to_dict()) if marks else None
        self._db.execute(
            "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)",
            (seq, note, judged, verdict.truncated, body),
        )
        self._db.executemany("INSERT INTO marks VALUES (?, ?, ?, ?, ?)", marks)

    def rows(self, sql: str, *values: int | float | str) -> list[tuple[Any, ...]]:
        """Return what a query finds; the caller keeps it short."""
        return self._db.execute(sql, values).fetchall()

    def names(self) -> Iterator[tuple[int, str]]:
        """Yield every author's number and name, in order of appearance."""
        for key, name in self._db.execute("SELECT key, name FROM members ORDER BY key"):
            yield key, unpack(name)


def unpack(value: bytes) -> str:
    """Return the text that a BLOB column of the spool holds."""
    return value.decode("utf-8", "surrogatepass")


def _pack(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cut(message: Message) -> Message:
    return replace(
        message,
        text=message.text[:_LONGEST_TEXT],
        parent=None if message.parent is None else message.parent[:_LONGEST_TEXT],
        title=message.title[:_LONGEST_NAME],
        author=message.author[:_LONGEST_NAME],
    )


def _to_json(message: Message) -> str:
    """Return all but the text, which answers are given without the rest."""
    row = {name: getattr(message, name) for name in Message.__slots__ if name != "text"}
    row["time"] = message.time.isoformat() if message.time else None
    return json.dumps(row)


def _stored(row: tuple[Any, ...]) -> Stored:
    seq, body, text, parent, title, member, answers, answers_name = row
    fields = json.loads(body)
    fields["time"] = datetime.fromisoformat(fields["time"]) if fields["time"] else None
    fields["title"] = fields["title"] or unpack(title)
    if fields["parent"] is None and parent is not None:
        fields["parent"] = unpack(parent)
    return Stored(
        seq=seq,
        message=Message(**fields, text=unpack(text)),
        member=member,
        answers=answers,
        answers_name=unpack(answers_name or b""),
    )


def _seconds(time: datetime | None) -> float | None:
    """Return seconds since 1970 in UTC, or None for a moment that no chat can be from.

    Exports write "no date" as 1970 or as year 1; one of them would stretch the timeline by decades.
    """
    if time is None or not 1990 <= time.year < 2200:
        return None
    return (time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
