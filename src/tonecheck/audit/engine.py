"""What an audit needs of a cluster that reads and judges in its place."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tonecheck.audit.manifest import Export
from tonecheck.audit.options import Checker
from tonecheck.audit.spool import Spool
from tonecheck.messages import BadRow, Message
from tonecheck.verdict import Verdict

Judged = tuple[Message | BadRow, str | None]
"""A row of an export, and the JSON of its verdict where it is a message."""

TABLE = "table"
"""The name of the format that says nothing of where ids count."""


class Engine(Protocol):
    """Reads exports and judges their messages elsewhere, in the order of reading here.

    `integrations/ray.py` holds one. What it hands over must be what this process would have read,
    and judged, itself: then all files of an audit are the same.
    """

    @property
    def name(self) -> str:
        """Return what to call it: unfinished work of another engine is not taken up."""
        ...

    @property
    def exports(self) -> Sequence[Export]:
        """Return the exports, in order."""
        ...

    def source(self, position: int) -> str:
        """Return where the ids of an export count; exports that share it share their threads."""
        ...

    def read(self, position: int) -> Iterator[Judged]:
        """Yield the rows of an export in order; audits ask for one after the other.

        Raises:
            InputError: If the export cannot be read at all.
        """
        ...


class KeptVerdicts:
    """Says what an engine said, in the place of a checker."""

    def __init__(self, checker: Checker, spool: Spool) -> None:
        self.model = checker.model
        self.policy = checker.policy
        self.card = checker.card
        self._spool = spool

    def check_many(self, messages: Iterable[Message]) -> Iterator[Verdict]:
        """Yield the verdict that is kept of each message, from the first without one on."""
        kept = self._spool.kept_in_order(after=self._spool.judged)
        for _, verdict in zip(messages, kept, strict=True):
            yield verdict


def unjudged(rows: Iterable[Message | BadRow]) -> Iterator[Judged]:
    """Yield rows that this process is to judge itself."""
    return ((row, None) for row in rows)


def source_of(format: str, table: int) -> str:
    """Return where the ids of an export count.

    A platform's ids hold across its files: a chat may be exported in parts, or week by week with
    days that overlap. Those of a table hold within it, as nobody knows who numbered its rows.

    Args:
        format: The name of the format.
        table: Which table it is.
    """
    return format if format != TABLE else f"{TABLE} {table}"
