"""Writes the files of an audit that other programs read: one line or row a message."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from tonecheck.console import json_line
from tonecheck.labels import TONES
from tonecheck.messages import BadRow, Message
from tonecheck.verdict import Verdict

CSV_COLUMNS = (
    "id",
    "thread",
    "title",
    "author",
    "time",
    "place",
    "answer",
    *(f"{tone}{part}" for tone in TONES for part in ("", "_decision", "_severity")),
    "explanation",
    "evidence",
    "note",
    "truncated",
    "model",
    "text",
)

# What makes a spreadsheet take a cell for a formula, full-width forms included:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


class VerdictFiles:
    """Writes `verdicts.jsonl` and `verdicts.csv` side by side.

    Texts are as long as the spool keeps them: to one character behind what is judged.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / "verdicts.jsonl").open("w", encoding="utf-8", newline="\n")
        # the mark at the beginning (utf-8-sig) is how Excel knows that this is not Latin-1
        self._sheet = (folder / "verdicts.csv").open(
            "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
        )
        self._cells = csv.writer(self._sheet)
        self._cells.writerow(CSV_COLUMNS)

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

    def write(self, message: Message, verdict: Verdict, *, author: str) -> None:
        """Write one verdict to both files, under the author's name or pseudonym."""
        where = {
            "thread": message.thread,
            "title": message.title,
            "author": author,
            "time": message.time.isoformat() if message.time else None,
            "place": message.place,
            "answer": answer_kind(message),
        }
        row = {**verdict.to_dict(), **where, "text": message.text}
        self._lines.write(json_line(row) + "\n")
        self._cells.writerow(_cells(verdict, where, message.text))


def write_problem(file: TextIO, row: BadRow) -> None:
    """Write one line of `problems.jsonl`."""
    line = json_line({"place": row.place, "reason": row.reason, "kind": row.kind})
    file.write(line + "\n")


def plain_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def answer_kind(message: Message) -> str | None:
    """Return how it is known what a message answers: `stated`, `inferred`, or None."""
    if message.inferred:
        return "inferred"
    return "stated" if message.reply_to or message.parent is not None else None


def _cells(verdict: Verdict, where: Mapping[str, str | None], text: str) -> list[str | float]:
    scores = [verdict.tones[tone] for tone in TONES]
    numbers: list[str | float] = []
    for score in scores:
        numbers += [score.probability, str(score.decision), str(score.severity)]
    words = [evidence.text for score in scores for evidence in score.evidence]
    texts = [
        verdict.explanation,
        " | ".join(dict.fromkeys(words)),
        str(verdict.note or ""),
        str(verdict.truncated).lower(),
        verdict.model,
        text,
    ]
    row = [verdict.id, *(value or "" for value in where.values()), *numbers, *texts]
    return [plain_cell(cell) if isinstance(cell, str) else cell for cell in row]
