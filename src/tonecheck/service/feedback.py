"""Turns what people decided into labelled examples that `tonecheck train` reads."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tonecheck.labels import TONES
from tonecheck.service.store import Store
from tonecheck.service.tables import DecisionRow, ReplyRow

CORPUS = "tonecheck_feedback_train"
"""What the file has to be called, with `.jsonl`, for `tonecheck train --corpora` to find it."""

_PAGE = 500  # replies that are in memory at once


@dataclass(slots=True)
class Left:
    """How many decided replies cannot be learned from.

    Attributes:
        without_text: Their words were not kept.
        without_label: Nobody was sure about any tone.
    """

    without_text: int = 0
    without_label: int = 0


def examples(store: Store, left: Left) -> Iterator[Mapping[str, Any]]:
    """Yield a row for each decided reply with its words, in the order in which they were judged.

    A label is the mean of what was decided: 1 has the tone, 0 has not. Tones that nobody decided on
    are missing. Who decided, and who wrote, is left out.

    Args:
        store: Where the decisions are.
        left: Is told of what is left out.
    """
    last = 0
    while page := _page(store, last):
        for reply, decisions in page:
            labels = _labels(decisions)
            if not labels:
                left.without_label += 1
            elif not reply.text:
                left.without_text += 1
            else:
                yield _example(reply, labels, decisions)
        last = page[-1][0].id


def _page(store: Store, after: int) -> list[tuple[ReplyRow, list[DecisionRow]]]:
    decided = select(DecisionRow.reply_id).distinct()
    query = (
        select(ReplyRow)
        .where(ReplyRow.id > after, ReplyRow.id.in_(decided))
        .order_by(ReplyRow.id)
        .limit(_PAGE)
    )
    with Session(store.engine, expire_on_commit=False) as session:
        replies = session.scalars(query).all()
        by_reply: dict[int, list[DecisionRow]] = defaultdict(list)
        wanted = DecisionRow.reply_id.in_([reply.id for reply in replies])
        for row in session.scalars(select(DecisionRow).where(wanted).order_by(DecisionRow.id)):
            by_reply[row.reply_id].append(row)
    return [(reply, by_reply[reply.id]) for reply in replies]


def _labels(decisions: list[DecisionRow]) -> dict[str, float]:
    found = {
        str(tone): [row.labels[tone] for row in decisions if tone in row.labels] for tone in TONES
    }
    return {tone: round(fmean(values), 4) for tone, values in found.items() if values}


def _example(
    reply: ReplyRow, labels: Mapping[str, float], decisions: list[DecisionRow]
) -> dict[str, Any]:
    newest: datetime = max(row.at for row in decisions)
    return {
        "id": f"{reply.source}/{reply.id}",
        "source": f"feedback/{reply.source}",
        "thread": f"{reply.community}/{reply.thread or reply.id}",
        "text": reply.text,
        "parent": reply.parent or None,
        "labels": dict(labels),
        "decisions": len(decisions),
        "decided": newest.date().isoformat(),
    }
