"""How to run an audit, and what it needs of whatever judges."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from tonecheck.audit.hiding import Hiding
from tonecheck.audit.selection import Selection
from tonecheck.audit.workplace import Notify
from tonecheck.messages import Message
from tonecheck.policy import Policy
from tonecheck.verdict import Verdict

Progress = Callable[[str, int, int | None], None]
"""Called with the phase (`reading`, `judging`, `hiding` or `writing`), how many messages are done,
and of how many."""


class Checker(Protocol):
    """What an audit needs of a `ToneChecker`."""

    @property
    def model(self) -> str:
        """Return the model's `name@version`."""
        ...

    @property
    def policy(self) -> Policy:
        """Return the thresholds in force."""
        ...

    @property
    def card(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the model card states of each tone; it may be empty."""
        ...

    def check_many(self, messages: Iterable[Message]) -> Iterator[Verdict]:
        """Yield a verdict for each message, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """How to run an audit.

    Attributes:
        format: The name of the exports' format, or None to find out.
        columns: For tables, which column holds what: `{"text": "body"}`.
        names: Whether members appear under their names rather than pseudonyms.
        selection: Which messages the audit is about.
        hiding: What its files do not show; the names of those who are left out never.
        groups: Which group each author is in, by the names in the exports, or None. Only the
            figures of groups of five people or more are shown.
        title: What the report is called, or empty for the names of the exports.
        compare: The folder of an earlier audit to compare with, or None.
        also: Which of `TABLES` to write as well.
        made_on: The date to print on the report, or None to leave it out. An audit that goes on
            keeps the date of its first run.
        on_progress: Called now and then, with the phase, the messages done, and the total or None.
        on_notice: Called with a sentence where unfinished work is taken up or thrown away.
    """

    format: str | None = None
    columns: Mapping[str, str] | None = None
    names: bool = False
    selection: Selection = field(default_factory=Selection)
    hiding: Hiding = field(default_factory=Hiding)
    groups: Mapping[str, str] | None = None
    title: str = ""
    # What is not compared is no part of the manifest: it may change from run to run.
    compare: Path | None = field(default=None, compare=False)
    also: tuple[str, ...] = field(default=(), compare=False)
    made_on: date | None = field(default=None, compare=False)
    on_progress: Progress | None = field(default=None, compare=False)
    on_notice: Notify | None = field(default=None, compare=False)
