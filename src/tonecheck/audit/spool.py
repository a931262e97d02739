"""A SQLite file that sorts an export into threads, keeps its verdicts and adds them up.

Exports come in any order and any size. The spool keeps memory flat: messages stream in as they
are read, come out thread by thread with the text that they answer, and their verdicts are added
up by SQL. What is committed survives whatever ends the process, so an audit goes on from there.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tonecheck.audit.stored import (
    COLUMNS,
    JOINS,
    Stored,
    cut,
    pack,
    seconds,
    stored,
    to_json,
    unpack,
)
from tonecheck.labels import Decision
from tonecheck.messages import BadRow, Message
from tonecheck.verdict import Note, Verdict

NOT_JUDGED = (Note.EMPTY, Note.NOT_ENGLISH)
"""The notes of messages that carry no judgement, and so count in no share."""

# The lock is asked for first: then the log needs no shared memory, which network disks do not have.
# NORMAL waits for the disk only when the log is emptied, and survives a power cut, too. The log is
# cut back when it was emptied: an export is read in one go, and leaves one as large as itself.
_OPEN = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;
PRAGMA cache_size = -8000;
"""
_TABLES = """
BEGIN;
CREATE TABLE IF NOT EXISTS exports (
    position INTEGER PRIMARY KEY, read INTEGER, duplicates INTEGER
);
CREATE TABLE IF NOT EXISTS problems (
    seq INTEGER PRIMARY KEY, place BLOB, reason BLOB, kind TEXT
);
CREATE TABLE IF NOT EXISTS threads (
    key INTEGER PRIMARY KEY, source TEXT, name BLOB, title BLOB, UNIQUE (source, name)
);
CREATE TABLE IF NOT EXISTS members (key INTEGER PRIMARY KEY, name BLOB UNIQUE);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY, source TEXT, id BLOB, reply_to BLOB, thread INTEGER,
    member INTEGER, at REAL, text BLOB, body TEXT, parent INTEGER,
    digest BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS once ON messages (source, id, thread, digest) WHERE id <> x'';
CREATE TABLE IF NOT EXISTS turns (turn INTEGER PRIMARY KEY, seq INTEGER);
CREATE TABLE IF NOT EXISTS verdicts (
    turn INTEGER PRIMARY KEY, seq INTEGER, note TEXT, judged INTEGER, truncated INTEGER, body TEXT
);
CREATE TABLE IF NOT EXISTS kept (seq INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS marks (
    seq INTEGER, tone TEXT, decision TEXT, severity TEXT, probability REAL
);
CREATE TABLE IF NOT EXISTS left_out (seq INTEGER PRIMARY KEY, reason TEXT);
CREATE TABLE IF NOT EXISTS unnamed (member INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS groups (member INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE IF NOT EXISTS notes (step TEXT PRIMARY KEY, body TEXT);
COMMIT;
BEGIN;
"""
# An id that stands twice means its first use; the same thread wins, as some platforms number
# messages anew in every channel. Each look-up ends at the first row of its index, however often
# one id stands there; left to itself, SQLite may take an index whose rows it has to sort.
_SORT = """
BEGIN;
CREATE INDEX by_place ON messages (source, id, thread);
CREATE INDEX by_id ON messages (source, id);
CREATE INDEX by_thread ON messages (thread, at, seq);
UPDATE messages AS m SET parent = coalesce(
    (SELECT p.seq FROM messages p INDEXED BY by_place WHERE p.source = m.source
     AND p.id = m.reply_to AND p.thread = m.thread AND p.seq <> m.seq ORDER BY p.seq LIMIT 1),
    (SELECT p.seq FROM messages p INDEXED BY by_id WHERE p.source = m.source
     AND p.id = m.reply_to AND p.seq <> m.seq ORDER BY p.seq LIMIT 1)
) WHERE reply_to <> x'';
INSERT INTO turns (seq) SELECT seq FROM messages ORDER BY thread, at, seq;
PRAGMA user_version = 1;
COMMIT;
BEGIN;
"""
# Built at the end, in one go: kept up with every verdict, they would be written many times over.
_INDEX_VERDICTS = """
BEGIN;
CREATE INDEX IF NOT EXISTS by_message ON verdicts (seq);
CREATE INDEX IF NOT EXISTS by_seq ON marks (seq);
COMMIT;
BEGIN;
"""
_PAGE = 128
"""How many messages are fetched at a time. A query left open would keep the log from being emptied,
and one that fetched them all would fill the memory."""


class Spool:
    """Messages and verdicts on disk, until the files of an audit are written.

    Add every message, call `sort` once, then read and record. What was not committed when the
    process ended is gone, and the rest is there when the same file is opened again. Use it as a
    context manager.
    """

    def __init__(self, path: Path) -> None:
        """Open a spool, or make one that only its owner may read: it holds what people wrote.

        Raises:
            sqlite3.DatabaseError: If the file is no spool, or is damaged.
        """
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._db.executescript(_OPEN + _TABLES)
            self._exports = self._number("SELECT count(*) FROM exports")
        except sqlite3.Error:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self._db.close()

    @property
    def exports(self) -> int:
        """Return how many exports were read to their end."""
        return self._exports

    @property
    def read(self) -> int:
        """Return how many messages stood in these exports, duplicates included."""
        return self._number("SELECT coalesce(sum(read), 0) FROM exports")

    @property
    def duplicates(self) -> int:
        """Return how many of them were not kept, because they stood there already."""
        return self._number("SELECT coalesce(sum(duplicates), 0) FROM exports")

    @property
    def is_sorted(self) -> bool:
        """Return whether every export was read and the messages are in order."""
        return self._number("PRAGMA user_version") > 0

    @property
    def total(self) -> int:
        """Return how many messages there are to judge; 0 before they are sorted."""
        return self._number("SELECT coalesce(max(turn), 0) FROM turns")

    @property
    def judged(self) -> int:
        """Return how many messages have a verdict: the first ones in order."""
        return self._number("SELECT coalesce(max(turn), 0) FROM verdicts")

    def commit(self) -> None:
        """Make what was done so far last."""
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def add(self, message: Message, *, source: str) -> bool:
        """Keep a message, cut to what can be judged, and return whether it was new.

        Args:
            message: The message.
            source: Where its ids and threads count: the platform, or one file. A message that
                stands there already, with the same id, thread and text, is not kept again.
        """
        digest = blake2b(pack(message.text), digest_size=16).digest()
        message = cut(message)
        thread, author = pack(message.thread), pack(message.author)
        self._db.execute(
            "INSERT INTO threads (source, name, title) VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
            "SET title = excluded.title WHERE title = x''",
            (source, thread, pack(message.title)),
        )
        if author:
            self._db.execute("INSERT OR IGNORE INTO members (name) VALUES (?)", (author,))
        kept = self._db.execute(
            "INSERT OR IGNORE INTO messages (source, id, reply_to, thread, member, at, text, body, "
            "digest) VALUES (?, ?, ?, (SELECT key FROM threads WHERE source = ? AND name = ?), "
            "(SELECT key FROM members WHERE name = ?), ?, ?, ?, ?)",
            (
                source,
                pack(message.id),
                pack(message.reply_to),
                source,
                thread,
                author,
                seconds(message.time),
                pack(message.text),
                to_json(message),
                digest,
            ),
        )
        return kept.rowcount == 1

    def keep(self, verdict: str) -> None:
        """Keep what an engine said, as JSON, of the message that was added last."""
        self._db.execute("INSERT INTO kept SELECT max(seq), ? FROM messages", (verdict,))

    def kept_in_order(self, *, after: int = 0) -> Iterator[Verdict]:
        """Yield what an engine said of each message, in the order of `in_order`."""
        sql = "SELECT q.turn, k.body FROM turns q JOIN kept k ON k.seq = q.seq WHERE q.turn > ?"
        for _, body in self._pages(f"{sql} ORDER BY q.turn LIMIT ?", after):
            yield Verdict.from_dict(json.loads(body))

    def add_problem(self, row: BadRow) -> None:
        """Keep a row that could not be read, or what else a reader had to say."""
        self._db.execute(
            "INSERT INTO problems (place, reason, kind) VALUES (?, ?, ?)",
            (pack(row.place), pack(row.reason), row.kind),
        )

    def end_export(self, *, read: int, duplicates: int) -> None:
        """Commit what was read of an export.

        Args:
            read: How many messages stood there.
            duplicates: How many of these were not new.
        """
        self._db.execute("INSERT INTO exports VALUES (?, ?, ?)", (self._exports, read, duplicates))
        self.commit()
        self._exports += 1

    def sort(self) -> int:
        """Put the messages in order, find what each answers, and return how many there are."""
        if not self.is_sorted:
            self._db.executescript(_SORT)
        return self.total

    def in_order(self, *, after: int = 0) -> Iterator[Stored]:
        """Yield every message by thread, then time, then order of reading.

        Args:
            after: How many were judged before; the next one comes first.
        """
        sql = f"SELECT q.turn, {COLUMNS} FROM turns q JOIN messages m ON m.seq = q.seq {JOINS}"
        for turn, *row in self._pages(f"{sql} WHERE q.turn > ? ORDER BY q.turn LIMIT ?", after):
            yield stored(turn, tuple(row))

    def record(self, message: Stored, verdict: Verdict) -> None:
        """Keep the verdict on a message."""
        seq, note = message.seq, str(verdict.note) if verdict.note else None
        judged = verdict.note not in NOT_JUDGED
        body = json.dumps(verdict.to_dict(), separators=(",", ":"))
        self._db.execute(
            "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
            (message.turn, seq, note, judged, verdict.truncated, body),
        )
        self._db.executemany(
            "INSERT INTO marks VALUES (?, ?, ?, ?, ?)",
            [
                (seq, str(tone), str(score.decision), str(score.severity), score.probability)
                for tone, score in verdict.tones.items()
                if judged and score.decision is not Decision.NO
            ],
        )

    def end_judging(self) -> None:
        """Commit the verdicts, and make them quick to add up."""
        self.commit()
        self._db.executescript(_INDEX_VERDICTS)

    def judged_in_order(self) -> Iterator[tuple[Stored, Verdict]]:
        """Yield every message with its verdict, in the order of `in_order`."""
        sql = (
            f"SELECT v.turn, v.body, w.turn, {COLUMNS} FROM verdicts v "
            f"JOIN messages m ON m.seq = v.seq {JOINS} LEFT JOIN verdicts w ON w.seq = m.parent"
        )
        for turn, body, parent, *row in self._pages(
            f"{sql} WHERE v.turn > ? ORDER BY v.turn LIMIT ?", 0
        ):
            message = stored(turn, tuple(row), parent_turn=parent)
            yield message, Verdict.from_dict(json.loads(body))

    def pick(self, seqs: Iterable[int]) -> Iterator[tuple[Stored, Verdict]]:
        """Yield messages with their verdicts, in the order that is asked for."""
        sql = f"SELECT v.turn, v.body, {COLUMNS} FROM messages m JOIN verdicts v ON v.seq = m.seq"
        for seq in seqs:
            turn, body, *row = self._db.execute(f"{sql} {JOINS} WHERE m.seq = ?", (seq,)).fetchone()
            yield stored(turn, tuple(row)), Verdict.from_dict(json.loads(body))

    def problems(self, *, each: int | None = None) -> Iterator[BadRow]:
        """Yield what could not be read, in order; with a number, that many of each kind at most."""
        sql = "SELECT seq, place, reason, kind FROM problems WHERE seq > ?"
        if each is not None:
            numbered = "SELECT *, row_number() OVER (PARTITION BY kind ORDER BY seq) AS nth"
            sql = sql.replace("problems", f"({numbered} FROM problems)") + f" AND nth <= {each}"
        for _, place, reason, kind in self._pages(f"{sql} ORDER BY seq LIMIT ?", 0):
            yield BadRow(place=unpack(place), reason=unpack(reason), kind=kind)

    def names(self) -> Iterator[tuple[int, str]]:
        """Yield every author's number and name, in order of appearance."""
        sql = "SELECT key, name FROM members WHERE key > ? ORDER BY key LIMIT ?"
        for key, name in self._pages(sql, 0):
            yield key, unpack(name)

    def note(self, step: str) -> Any | None:  # noqa: ANN401  JSON
        """Return what a step noted when it was done, or None if it was not."""
        found = self.rows("SELECT body FROM notes WHERE step = ?", step)
        return json.loads(found[0][0]) if found else None

    def end_step(self, step: str, note: Mapping[str, Any]) -> None:
        """Note what a step found, and commit it with what the step changed."""
        self._db.execute("INSERT INTO notes VALUES (?, ?)", (step, json.dumps(note)))
        self.commit()

    def change(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement that changes something, once for each row of values."""
        self._db.executemany(sql, rows)

    def each(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, however many, which may be changed meanwhile.

        Args:
            sql: A query that goes by its first column, a positive number: `… WHERE key > ? ORDER BY
                key LIMIT ?`.
        """
        return self._pages(sql, 0)

    def rows(self, sql: str, *values: int | float | str) -> list[tuple[Any, ...]]:
        """Return what a query finds; the caller keeps it short."""
        return self._db.execute(sql, values).fetchall()

    def stream(self, sql: str, *values: int | float | str) -> Iterator[tuple[Any, ...]]:
        """Yield what a query finds, however much; nothing may be added or recorded meanwhile."""
        yield from self._db.execute(sql, values)

    def _pages(self, sql: str, after: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that goes by its first column, a page at a time."""
        while page := self.rows(sql, after, _PAGE):
            yield from page
            after = page[-1][0]

    def _number(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])
