"""Writes verdicts as a SQLite database, for questions in SQL; docs/sql.md describes it."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tonecheck.audit.flat import SCHEMA, about_audit, keepable
from tonecheck.labels import TONES, Decision
from tonecheck.verdict import Verdict

# Nothing here has to survive a crash: the file is put in place when it is whole.
_OPEN = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
"""
# SQLite keeps these lines as they are, so `.schema` shows the comments to whoever asks.
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE tones (
    tone TEXT PRIMARY KEY,
    definition TEXT,
    unsure_at REAL,       -- from this probability on, a person should look
    yes_at REAL,          -- from this one on, it is flagged
    clear_at REAL,        -- and from this one on, it is clear rather than mild
    precision REAL,       -- of what was flagged, how much was right, on annotated replies
    precision_low REAL,   -- and the ends of the 95 % interval of that
    precision_high REAL
);
CREATE TABLE messages (
    message INTEGER PRIMARY KEY,  -- its line in verdicts.jsonl: by thread, then time
    id TEXT,                      -- what the platform calls it; may stand twice
    thread TEXT,                  -- what the platform calls its thread
    thread_key INTEGER NOT NULL,  -- tells threads of several exports apart; `key` in summary.json
    title TEXT,                   -- of the thread, or the name of the channel
    author TEXT,                  -- a pseudonym, unless names were asked for
    time TEXT,                    -- UTC, such as 2026-09-01 10:30:00
    place TEXT,                   -- file and line that it was read from
    answers INTEGER,              -- the message that it answers, where that is known
    answer TEXT,                  -- how that is known: stated, or inferred and maybe wrong
    answers_author TEXT,          -- and who wrote that one
    hostility REAL NOT NULL,      -- how probable each tone is
    hustling REAL NOT NULL,
    dismissiveness REAL NOT NULL,
    explanation TEXT NOT NULL,
    note TEXT,                    -- why a verdict says less: empty, not_english, truncated
    judged INTEGER NOT NULL,      -- 0 for what is empty or not English: count it in no share
    truncated INTEGER NOT NULL,   -- 1 if only the first part was read
    text TEXT NOT NULL            -- as it was written, at most to where it was read
);
CREATE TABLE marks (              -- what is flagged, and what a person should look at
    message INTEGER NOT NULL REFERENCES messages,
    tone TEXT NOT NULL REFERENCES tones,
    probability REAL NOT NULL,
    decision TEXT NOT NULL,       -- yes: flagged; unsure: a person should look
    severity TEXT NOT NULL,       -- mild or clear
    PRIMARY KEY (message, tone)
) WITHOUT ROWID;
CREATE TABLE evidence (           -- the words that carry a tone
    message INTEGER NOT NULL REFERENCES messages,
    tone TEXT NOT NULL REFERENCES tones,
    start INTEGER NOT NULL,       -- substr(text, start + 1, stop - start) are the words
    stop INTEGER NOT NULL,
    text TEXT NOT NULL,
    cue TEXT NOT NULL,            -- the kind of phrase, or `model` for its weights alone
    weight REAL NOT NULL          -- how much it counts, up to 1
);
CREATE VIEW flagged AS            -- one row a message and tone that was flagged
SELECT m.message, m.time, m.thread_key, m.thread, m.title, m.author, m.answers_author,
    k.tone, k.severity, k.probability,
    (SELECT group_concat(e.text, ' | ') FROM evidence e
     WHERE e.message = k.message AND e.tone = k.tone) AS words,
    m.explanation, m.text
FROM marks k JOIN messages m ON m.message = k.message
WHERE k.decision = 'yes';
"""
# Built at the end, in one go: kept up with every row, they would be written many times over.
_INDICES = """
CREATE INDEX messages_by_thread ON messages (thread_key);
CREATE INDEX messages_by_author ON messages (author);
CREATE INDEX messages_by_answers ON messages (answers);
CREATE INDEX messages_by_time ON messages (time);
CREATE INDEX messages_by_id ON messages (id);
CREATE INDEX marks_by_tone ON marks (tone, decision);
CREATE INDEX evidence_by_message ON evidence (message, tone);
ANALYZE;
"""
_MESSAGE = (
    *("message", "id", "thread", "thread_key", "title", "author", "time", "place"),
    *("answers", "answer", "answers_author", *map(str, TONES), "explanation", "note"),
    *("judged", "truncated", "text"),
)


class VerdictDatabase:
    """Writes `verdicts.sqlite`. Use it as a context manager."""

    def __init__(self, path: Path, checker: Mapping[str, Any]) -> None:
        """Begin the file anew, whatever a killed process left of it.

        Args:
            path: Where to write it.
            checker: The `checker` of the audit's manifest.
        """
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"{_OPEN} PRAGMA user_version = {SCHEMA}; BEGIN; {_TABLES}")
        self._insert("about", *about_audit(checker).items())
        self._insert("tones", *_tones(checker))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
                self._db.executescript(f"BEGIN; {_INDICES} COMMIT;")
        finally:
            self._db.close()

    def write(self, row: Mapping[str, Any], verdict: Verdict) -> None:
        """Write what `flat` returns, with the tones of the verdict and their evidence."""
        number = row["message"]
        cells = {**row, **{str(tone): score.probability for tone, score in verdict.tones.items()}}
        cells["time"] = _moment(row["time"])
        self._insert("messages", tuple(cells[name] for name in _MESSAGE))
        if row["judged"]:
            self._insert("marks", *_marks(number, verdict))
        self._insert("evidence", *_evidence(number, verdict))

    def _insert(self, table: str, *rows: tuple[Any, ...]) -> None:
        if rows:
            holes = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT INTO {table} VALUES ({holes})", rows)


def _moment(time: datetime | None) -> str | None:
    """Return a moment as SQLite's own date functions take it."""
    return time.replace(tzinfo=None).isoformat(" ", "seconds") if time else None


def _tones(checker: Mapping[str, Any]) -> Iterator[tuple[str | float | None, ...]]:
    for tone in TONES:
        band = checker["thresholds"][tone]
        stated = checker["card"][tone].get("precision") or {}
        yield (
            *(str(tone), tone.definition),
            *(band["unsure_at"], band["yes_at"], band["clear_at"]),
            *(stated.get("value"), stated.get("low"), stated.get("high")),
        )


def _marks(number: int, verdict: Verdict) -> Iterator[tuple[int | str | float, ...]]:
    for tone, score in verdict.tones.items():
        if score.decision is not Decision.NO:
            yield number, str(tone), score.probability, str(score.decision), str(score.severity)


def _evidence(number: int, verdict: Verdict) -> Iterator[tuple[int | str | float, ...]]:
    for tone in TONES:
        for span in verdict.tones[tone].evidence:
            text = keepable(span.text)
            yield number, str(tone), span.start, span.end, text, span.cue, span.weight
