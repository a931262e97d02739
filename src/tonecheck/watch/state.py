"""What a watcher remembers over restarts: how far it read, whom it told of what, what waits.

One SQLite file. It holds no names and no texts, unless alerts with texts wait to be delivered:
threads and messages are kept as digests. Everything that belongs together is committed together,
so that a process that is killed neither loses an alert nor reads a message twice.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tonecheck.errors import InputError

KEPT_THREADS = 100_000
"""How many threads are remembered as told of; the one told of longest ago is forgotten first."""

_KEPT_SOURCES = 10_000
_FORMAT = 1
_APPLICATION = 0x746F6E65  # "tone": what tells our files from those of other programs
_OPEN = f"""
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_FORMAT};
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, at REAL, body TEXT);
CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, digest BLOB, file BLOB, round INTEGER)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_file ON seen (file, round);
CREATE TABLE IF NOT EXISTS told (thread BLOB PRIMARY KEY, at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY, body TEXT, printed INTEGER DEFAULT 0, posted INTEGER
);
UPDATE alerts SET posted = 0 WHERE posted = 2;
"""
WAITS, DONE, REFUSED = 0, 1, 2
"""How far an alert is on its way. One that was refused is tried again at the next start."""


def digest(*parts: str) -> bytes:
    """Return what stands for a thread, a message or a text, and cannot be read back."""
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert on its way, as JSON."""

    seq: int
    body: str


class State:
    """The memory of a watcher; use it as a context manager.

    Attributes:
        is_new: Whether no watcher read anything with it before.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open a state file, or make one that only its owner may read; in memory without a path.

        Raises:
            InputError: If it is no state file, another watcher uses it, or it cannot be written.
        """
        self._path = path
        with self._told_plainly():
            if path is not None:
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None)
            try:
                self._require_ours()
                self._db.executescript(_OPEN)
                self.is_new = not self._count("sources")
                self.commit()
            except BaseException:
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
        self._db.close()  # what was not committed is read again

    def commit(self) -> None:
        """Keep everything since the last commit."""
        with self._told_plainly():
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def position(self, source: str) -> dict[str, Any] | None:
        """Return where reading a source stopped, or None if it was never read."""
        found = self._rows("SELECT body FROM sources WHERE name = ?", source)
        return dict(json.loads(found[0][0])) if found else None

    def keep_position(self, source: str, position: Mapping[str, Any], *, at: float) -> None:
        """Keep where reading a source stopped."""
        sql = "INSERT OR REPLACE INTO sources VALUES (?, ?, ?)"
        self._change(sql, source, at, json.dumps(position))
        sql = "DELETE FROM sources WHERE name IN (SELECT name FROM sources ORDER BY at LIMIT ?)"
        self._change(sql, max(0, self._count("sources") - _KEPT_SOURCES))

    def seen(self, key: bytes) -> bytes | None:
        """Return the digest of a message's text when it was last read, or None if it is new."""
        found = self._rows("SELECT digest FROM seen WHERE key = ?", key)
        return bytes(found[0][0]) if found else None

    def see(self, key: bytes, text: bytes, *, file: bytes, round: int) -> None:
        """Keep that a message was read in a file, in its so-manieth reading."""
        self._change("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", key, text, file, round)

    def unseen(self, file: bytes, *, before: int) -> Iterator[bytes]:
        """Forget, and yield, the messages of a file that are no longer in it."""
        old = (file, before)
        for (key,) in self._db.execute("SELECT key FROM seen WHERE file = ? AND round < ?", old):
            yield bytes(key)
        self._change("DELETE FROM seen WHERE file = ? AND round < ?", *old)

    def told(self, thread: bytes) -> float | None:
        """Return when people were told of a thread, in seconds since 1970, or None."""
        found = self._rows("SELECT at FROM told WHERE thread = ?", thread)
        return float(found[0][0]) if found else None

    def add_alert(self, thread: bytes, body: str, *, at: float, post: bool) -> None:
        """Keep an alert until it was delivered, and that people are told of its thread.

        Args:
            thread: The digest of the thread.
            body: The alert, as JSON.
            at: When, in seconds since 1970.
            post: Whether it is to be posted as well as printed.
        """
        self._change("INSERT OR REPLACE INTO told VALUES (?, ?)", thread, at)
        posted = WAITS if post else DONE
        self._change("INSERT INTO alerts (body, posted) VALUES (?, ?)", body, posted)
        sql = "DELETE FROM told WHERE thread IN (SELECT thread FROM told ORDER BY at LIMIT ?)"
        self._change(sql, max(0, self._count("told") - KEPT_THREADS))

    def to_print(self) -> list[Waiting]:
        """Return the alerts that were not printed, oldest first."""
        return self._waiting("printed")

    def to_post(self) -> list[Waiting]:
        """Return the alerts that were not posted, oldest first."""
        return self._waiting("posted")

    def printed(self, alert: Waiting) -> None:
        """Keep that an alert was printed."""
        self._mark("printed", alert, DONE)

    def posted(self, alert: Waiting, outcome: int = DONE) -> None:
        """Keep that an alert was posted, or refused."""
        self._mark("posted", alert, outcome)

    @property
    def lasts(self) -> bool:
        """Return whether it is kept on disk."""
        return self._path is not None

    @property
    def undelivered(self) -> int:
        """Return how many alerts were not posted, or were refused."""
        return int(self._rows("SELECT count(*) FROM alerts WHERE posted <> ?", DONE)[0][0])

    def _waiting(self, column: str) -> list[Waiting]:
        sql = f"SELECT seq, body FROM alerts WHERE {column} = ? ORDER BY seq"
        return [Waiting(seq, body) for seq, body in self._rows(sql, WAITS)]

    def _mark(self, column: str, alert: Waiting, outcome: int) -> None:
        self._change(f"UPDATE alerts SET {column} = ? WHERE seq = ?", outcome, alert.seq)
        self._change("DELETE FROM alerts WHERE printed = ? AND posted = ?", DONE, DONE)
        self.commit()

    def _count(self, table: str) -> int:
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._told_plainly():
            return self._db.execute(sql, values).fetchall()

    def _change(self, sql: str, *values: object) -> None:
        with self._told_plainly():
            self._db.execute(sql, values)

    def _require_ours(self) -> None:
        """Refuse a database of another program, before anything is written into it."""
        (ours,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (ours, version) != (_APPLICATION, _FORMAT):
            raise InputError(
                "is a database of another program, or of another version of tonecheck. "
                "Give --state a new file.",
                place=str(self._path),
            )

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Turn what SQLite says into what to do about it."""
        try:
            yield
        except sqlite3.DatabaseError as err:
            name = getattr(err, "sqlite_errorname", "")
            if name == "SQLITE_BUSY":
                message = "another watcher uses this state. End that one, or give another file."
            elif name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
                message = "is no state of a watcher, or is damaged. Give --state a new file."
            elif name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANT")):
                message = f"cannot be written: {err}. Make room there, or give another file."
            else:
                raise
            raise InputError(message, place=str(self._path)) from err
