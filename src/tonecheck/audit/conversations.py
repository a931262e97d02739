"""Reads the threads of an audit one after another, and writes what each of them shows."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tonecheck.audit.files import plain_cell
from tonecheck.audit.members import label
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import Stored, seconds, unpack
from tonecheck.console import json_line
from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.reader import ThreadReader
from tonecheck.conversation.report import URGENCY, ThreadReport
from tonecheck.conversation.returns import WATCHED
from tonecheck.conversation.turn import Turn, Turns
from tonecheck.shares import Share
from tonecheck.verdict import Verdict

CONVERSATIONS = ("conversations.jsonl", "conversations.csv")
"""What each thread shows, in the order of the verdicts."""

COLUMNS = (
    *("key", "thread", "title", "place", "messages", "flagged", "peak", "peak_heat", "last_heat"),
    *(*URGENCY, "recovery", "explanation"),
)
MOST_SHOWN = 20
"""How many threads keep their detail for the report."""

MOST_MENDED = 10
"""How many threads in which something went well keep it."""

QUIET = "unanswered_question"
"""The pattern that alone puts no thread into the report: it is found in far too many."""

_CURVE = 120  # points of a drawn curve; of longer threads, the hottest of each stretch
_FINDINGS = 4  # of one thread that the report tells
_MESSAGES = 30  # of a finding; a thread can have a thousand open questions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadThread:
    """What a report keeps of a thread, however long that is.

    Attributes:
        key: Its number in the spool.
        title: Its title, or its id where it has none.
        messages: How many of its messages were read.
        flagged: How many of them are flagged as hostile or dismissive.
        curve: Its heat, in no more than some hundred points.
        step: How many messages a point of the curve stands for.
        peak: The number of the message after which it was hottest.
        first: The turn of its first message in the audit; others follow.
        findings: What is to be told, the most urgent first; `messages` are turns of the audit.
        explanation: The most important thing about it, in one sentence.
    """

    key: int
    title: str
    messages: int
    flagged: Share
    curve: tuple[float, ...]
    step: int
    peak: int
    first: int
    findings: tuple[Finding, ...]
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """What the threads of an audit show.

    Attributes:
        threads: How many threads show each pattern.
        concerning: How many show a pattern of concern, other than a question without an answer.
        shown: The first of them, the most urgent first.
        mended: Some of those in which something went well, with that alone as findings.
    """

    threads: dict[str, int]
    concerning: int
    shown: tuple[ReadThread, ...]
    mended: tuple[ReadThread, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what `summary.json` says."""
        return {"threads": self.threads, "concerning": self.concerning}


class ConversationFiles:
    """Reads messages in the order of the spool, thread by thread, and writes `CONVERSATIONS`.

    It holds one thread at a time, and of the others those that the report shows.
    """

    def __init__(self, folder: Path, spool: Spool, *, names: bool) -> None:
        """Begin both files.

        Args:
            folder: Where to write them.
            spool: The messages with their verdicts.
            names: Whether members are called by name rather than by pseudonym.
        """
        self._spool, self._names = spool, names
        self._newcomers = _Newcomers(spool, names=names)
        self._threads: Counter[str] = Counter()
        self._concerning = 0
        self._shown: list[tuple[tuple[float, ...], ReadThread]] = []
        self._mended: list[tuple[tuple[float, ...], ReadThread]] = []
        self._reader: ThreadReader | None = None
        self._turns = Turns()
        self._first: Stored | None = None
        lines, sheet = (folder / name for name in CONVERSATIONS)
        self._lines = lines.open("w", encoding="utf-8", newline="\n")
        # the mark at the beginning (utf-8-sig) is how Excel knows that this is not Latin-1
        self._sheet = sheet.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
        self._cells = csv.writer(self._sheet)
        self._cells.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._sheet.close()

    def write(self, stored: Stored, verdict: Verdict) -> Turn:
        """Read the next message and return its turn; its thread is written when another begins."""
        if self._reader is None or self._first is None or stored.thread != self._first.thread:
            self._end_thread()
            self._first, self._turns = stored, Turns()
            self._reader = ThreadReader(
                stored.message.thread,
                title=stored.message.title,
                newcomers=self._newcomers.of(stored),
            )
        # turns are ids that every message has; who it is must not stand in any file
        message = replace(
            stored.message,
            id=str(stored.turn),
            reply_to="" if stored.parent is None else str(stored.parent),
            author=label(stored.member, stored.message.author, names=self._names),
        )
        turn = self._turns.next(message, verdict)
        self._reader.take(turn)
        return turn

    def end(self) -> Conversations:
        """Write what the last thread shows, and return what the report needs of all of them."""
        self._end_thread()
        return Conversations(
            threads={name: self._threads[name] for name in (*URGENCY, "recovery")},
            concerning=self._concerning,
            shown=tuple(thread for _, thread in self._shown),
            mended=tuple(thread for _, thread in self._mended),
        )

    def _end_thread(self) -> None:
        if self._reader is None or self._first is None:
            return
        report, first = self._reader.report(), self._first
        self._reader = self._first = None
        patterns = {finding.pattern for finding in report.findings}
        self._threads.update(patterns)
        self._write(report, first)
        concerns = [one for one in report.concerns if one.pattern != QUIET]
        if concerns:
            self._concerning += 1
            rank = (URGENCY.index(concerns[0].pattern), -max(report.heat), first.thread)
            _keep(self._shown, (rank, _read(report, first, report.concerns)), MOST_SHOWN)
        if report.went_well:
            rank = (-max(len(one.messages) for one in report.went_well), 0.0, first.thread)
            _keep(self._mended, (rank, _read(report, first, report.went_well)), MOST_MENDED)

    def _write(self, report: ThreadReport, first: Stored) -> None:
        # ids as the export gives them, for whoever looks a message up in the other files
        findings = [
            {**finding.to_dict(), "messages": [self._place(turn) for turn in finding.messages]}
            for finding in report.findings
        ]
        about = {"key": first.thread, "place": first.message.place}
        row = {**report.to_dict(), **about, "findings": findings}
        self._lines.write(json_line(row) + "\n")
        counts = Counter(finding.pattern for finding in report.findings)
        values = {
            **counts,
            **about,
            "thread": report.id,
            "title": report.title,
            "messages": len(report.heat),
            "flagged": report.flagged.count,
            "peak": report.peak,
            "peak_heat": round(max(report.heat), 4),
            "last_heat": round(report.heat[-1], 4),
            "explanation": report.explanation,
        }
        cells = (values.get(name, 0) for name in COLUMNS)
        self._cells.writerow([plain_cell(v) if isinstance(v, str) else v for v in cells])

    def _place(self, turn: str) -> str:
        sql = "SELECT m.id, json_extract(m.body, '$.place') FROM turns q JOIN messages m "
        ((id, place),) = self._spool.rows(f"{sql} ON m.seq = q.seq WHERE q.turn = ?", int(turn))
        return unpack(id) or str(place)


class _Newcomers:
    """Says who writes in the community for the first time in a thread.

    Nobody is new in the first days of the record, for they may have written before it; in a thread
    of these days, whoever opens it with a question stands in.
    """

    def __init__(self, spool: Spool, *, names: bool) -> None:
        self._spool, self._names = spool, names
        spool.rows("DROP TABLE IF EXISTS firsts")
        spool.rows(
            "CREATE TEMP TABLE firsts AS SELECT member, thread, at, seq FROM (SELECT m.member, "
            "m.thread, m.at, m.seq, row_number() OVER (PARTITION BY m.member ORDER BY m.at, m.seq) "
            "AS nth FROM turns q JOIN messages m ON m.seq = q.seq "
            "WHERE m.member IS NOT NULL AND m.at IS NOT NULL) WHERE nth = 1"
        )
        spool.rows("CREATE INDEX temp.firsts_by_thread ON firsts (thread)")
        start = spool.rows("SELECT min(at) FROM firsts")[0][0]
        self._since = None if start is None else start + WATCHED.total_seconds()

    def of(self, first: Stored) -> set[str] | None:
        """Return the newcomers of the thread that a message begins, or None if nobody knows."""
        at = seconds(first.message.time)
        if at is None or self._since is None or at < self._since:
            return None
        rows = self._spool.rows(
            "SELECT f.member, a.name FROM firsts f JOIN members a ON a.key = f.member "
            "WHERE f.thread = ?",
            first.thread,
        )
        return {label(member, unpack(name), names=self._names) for member, name in rows}


def _keep(
    kept: list[tuple[tuple[float, ...], ReadThread]],
    one: tuple[tuple[float, ...], ReadThread],
    most: int,
) -> None:
    """Put a thread among those that are kept, and drop the last if there are too many."""
    kept.append(one)
    kept.sort(key=lambda item: item[0])
    del kept[most:]


def _read(report: ThreadReport, first: Stored, findings: Sequence[Finding]) -> ReadThread:
    step = -(-len(report.heat) // _CURVE)
    return ReadThread(
        key=first.thread,
        title=report.title or report.id,
        messages=len(report.heat),
        flagged=report.flagged,
        curve=tuple(max(report.heat[at : at + step]) for at in range(0, len(report.heat), step)),
        step=step,
        peak=report.peak or 1,
        first=first.turn,
        findings=tuple(_told(findings)),
        explanation=report.explanation,
    )


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding of each pattern first, so that many of one kind do not hide another."""
    firsts = {finding.pattern: finding for finding in reversed(findings)}
    others = [one for one in findings if firsts[one.pattern] is not one]
    ordered = [one for one in findings if firsts[one.pattern] is one] + others
    return [replace(one, messages=one.messages[:_MESSAGES]) for one in ordered[:_FINDINGS]]
