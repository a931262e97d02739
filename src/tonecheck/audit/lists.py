"""Writes the lists that a report shows only the top of: `threads.csv` and `members.csv`."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tonecheck.audit.files import plain_cell
from tonecheck.audit.spool import Spool
from tonecheck.audit.summary import ranked_threads, receivers
from tonecheck.labels import TONES

LISTS = ("threads.csv", "members.csv")
"""Threads with anything flagged or unsure, and members who were answered with flagged messages."""

THREAD_COLUMNS = (
    *("key", "thread", "title", "messages", "flagged", "unsure"),
    *(str(tone) for tone in TONES),
    "concern",
)
MEMBER_COLUMNS = ("member", "answers", "flagged", "share", "low", "high")


def write_lists(folder: Path, spool: Spool, *, names: bool) -> None:
    """Write both lists whole, in the order of the report, safe to open in a spreadsheet.

    Args:
        folder: Where to write them.
        spool: The messages with their verdicts.
        names: Whether members are called by name rather than by pseudonym.
    """
    threads, members = LISTS
    ranked = ({**row, **row["tones"]} for row in ranked_threads(spool))
    _write(folder / threads, THREAD_COLUMNS, ranked)
    _write(folder / members, MEMBER_COLUMNS, receivers(spool, names=names))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    # the mark at the beginning (utf-8-sig) is how Excel knows that this is not Latin-1
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        cells = csv.writer(file)
        cells.writerow(columns)
        for row in rows:
            values = (row[name] for name in columns)
            cells.writerow([plain_cell(v) if isinstance(v, str) else v for v in values])
