"""Counts an audit by thread, so that a later one can be compared with it without its texts.

Messages of one thread are not independent: one quarrel makes many hostile replies. How much that
takes from what they can tell is seen from how the flagged ones spread over threads, so an audit
keeps how many threads have how many messages and flags. No text, name or id is among it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Any, Self

from tonecheck import __version__
from tonecheck.audit.spool import Spool
from tonecheck.labels import TONES

COUNTS = "counts.json"
"""The file of an audit that holds its counts."""
ANY_TONE = "any_tone"
COLUMNS = ("messages", *map(str, TONES), ANY_TONE, "times")
"""What a row of counts holds: the messages of a thread, those flagged, and how many such threads.
"""

_SCHEMA = 1
_SAMPLED = 512
_PAGE = 256
_TONE_SUMS = ", ".join(f"coalesce(sum(k.{tone}), 0) AS {tone}" for tone in TONES)
_TONE_MARKS = ", ".join(f"max(tone = '{tone}') AS {tone}" for tone in TONES)
_FLAGGED = f"SELECT seq, {_TONE_MARKS} FROM marks WHERE decision = 'yes' GROUP BY seq"
_ROWS = f"""
SELECT messages, {", ".join(TONES)}, {ANY_TONE}, count(*) FROM (
    SELECT count(*) AS messages, {_TONE_SUMS}, count(k.seq) AS {ANY_TONE}
    FROM messages m JOIN verdicts v ON v.seq = m.seq LEFT JOIN ({_FLAGGED}) k ON k.seq = m.seq
    WHERE v.judged GROUP BY {{}}
) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an audit keeps to be compared by.

    Attributes:
        threads: For every kind of thread there is, a row as `COLUMNS` has it.
        conversations: The same, with the messages of a thread on one day (UTC) for a thread.
        sample: Numbers that stand for some of the messages; see `shared_part`.
        version: The version of tonecheck that counted.
    """

    threads: tuple[Row, ...]
    conversations: tuple[Row, ...]
    sample: tuple[int, ...]
    version: str = __version__

    @classmethod
    def of(cls, spool: Spool) -> Self:
        """Return the counts of the messages in a spool that were judged."""
        return cls(
            threads=tuple(spool.rows(_ROWS.format("m.thread"))),
            conversations=tuple(spool.rows(_ROWS.format("m.thread, date(m.at, 'unixepoch')"))),
            sample=_sample(spool),
        )

    @classmethod
    def from_dict(cls, row: Any) -> Self:  # noqa: ANN401  JSON of whoever wrote the file
        """Return the counts that `to_dict` gave.

        Raises:
            ValueError: If it is nothing that `to_dict` gives.
        """
        if not isinstance(row, dict) or row.get("schema") != _SCHEMA:
            raise ValueError(f"no counts of schema {_SCHEMA}")
        if row.get("columns") != list(COLUMNS):
            raise ValueError("other columns")
        return cls(
            threads=_checked_rows(row.get("threads")),
            conversations=_checked_rows(row.get("conversations")),
            sample=tuple(_whole_numbers(row.get("sample"))),
            version=_version(row.get("tonecheck")),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "schema": _SCHEMA,
            "tonecheck": self.version,
            "columns": list(COLUMNS),
            "threads": [list(row) for row in self.threads],
            "conversations": [list(row) for row in self.conversations],
            "sample": list(self.sample),
        }

    @property
    def messages(self) -> int:
        """Return how many messages were judged."""
        return sum(row[0] * row[-1] for row in self.threads)

    def shared_part(self, other: "Counts") -> float:
        """Return which part of the smaller audit's messages stands in the other, too: an estimate.

        Both keep the smallest numbers that the hashes of their messages give, so below the lower
        of the two limits each has all that it could share with the other (Beyer et al. 2007, On
        synopses for distinct-value estimation, SIGMOD). Where one audit is a thousand times as
        large as the other, too few numbers are left to tell, and it returns 0.
        """
        limit = min(_limit(self.sample), _limit(other.sample))
        ours = {number for number in self.sample if number <= limit}
        theirs = {number for number in other.sample if number <= limit}
        if not ours or not theirs:
            return 0.0
        return len(ours & theirs) / min(len(ours), len(theirs))


def _limit(sample: Sequence[int]) -> int:
    """Return up to where a sample is complete."""
    return max(sample) if len(sample) == _SAMPLED else 1 << 32


def _sample(spool: Spool) -> tuple[int, ...]:
    """Return the smallest hashes of when messages were written and what they say.

    What was taken out of a text is not in its hash: whoever knows the rest could find out by trying
    which name or number stood there. Hashes keep 32 bits: enough to see that two audits share
    messages, and too few to prove of any one text that somebody wrote it.
    """
    kept: list[int] = []  # a heap of negative numbers, the largest hash first
    seen: set[int] = set()
    for at, digest in _messages(spool):
        number = int.from_bytes(blake2b(digest + str(at).encode(), digest_size=4).digest())
        if number in seen:
            continue
        if len(kept) < _SAMPLED:
            seen.add(number)
            heappush(kept, -number)
        elif number < -kept[0]:
            seen.add(number)
            seen.discard(-heappushpop(kept, -number))
    return tuple(sorted(seen))


def _messages(spool: Spool) -> Iterator[tuple[float | None, bytes]]:
    sql = (
        "SELECT v.turn, m.at, m.text FROM verdicts v JOIN messages m ON m.seq = v.seq "
        "WHERE v.turn > ? AND v.judged ORDER BY v.turn LIMIT ?"
    )
    turn = 0
    while page := spool.rows(sql, turn, _PAGE):
        for _, at, text in page:
            yield at, blake2b(text, digest_size=16).digest()
        turn = page[-1][0]


def _checked_rows(rows: object) -> tuple[Row, ...]:
    if not isinstance(rows, list):
        raise ValueError("no list of rows")
    checked = [tuple(_whole_numbers(row)) for row in rows]
    for row in checked:
        if len(row) != len(COLUMNS) or max(row[1:-1]) > row[0]:
            raise ValueError("a row that cannot be")
    return tuple(checked)


def _version(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\w.+!-]{1,40}", value, re.ASCII):
        raise ValueError("no version of tonecheck")
    return value


def _whole_numbers(values: object) -> list[int]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ValueError("no list of whole numbers")
    if any(value < 0 for value in values):
        raise ValueError("a number below 0")
    return values


def merged(rows: Sequence[Row], column: str) -> Counter[tuple[int, int]]:
    """Return how many threads have so many messages and so many of them with one tone."""
    place = COLUMNS.index(column)
    found: Counter[tuple[int, int]] = Counter()
    for row in rows:
        found[row[0], row[place]] += row[-1]
    return found
