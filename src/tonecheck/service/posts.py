"""What becomes of a kept reply when its post is flagged in its forum, or goes away there."""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from tonecheck.service.records import Status
from tonecheck.service.store import Store
from tonecheck.service.tables import DeliveryRow, ReplyRow

FLAGS = "discourse-flag"
"""Under what the store notes which posts we flagged, as if that were an event."""

_TOGETHER = 200  # texts in one statement


def was_flagged(store: Store, post: str) -> bool:
    """Return whether we flagged a post, by the name under which that was noted."""
    noted = select(DeliveryRow.id).where(DeliveryRow.source == FLAGS, DeliveryRow.event_id == post)
    with Session(store.engine) as session:
        return session.scalar(noted) is not None


def withdraw(store: Store, reply: int, *, forget: bool) -> None:
    """Take a reply out of the queue, for there is nothing left to decide.

    Args:
        store: Where it is kept.
        reply: Its number.
        forget: Whether to delete it with its decisions, also where others answered its words, as
            when its author took it back. What staff delete is kept: that they agree with the
            verdict is told only afterwards.
    """
    waiting = ReplyRow.id == reply, ReplyRow.status == str(Status.OPEN)
    with Session(store.engine) as session, session.begin():
        if not forget:
            session.execute(update(ReplyRow).where(*waiting).values(status=str(Status.UNQUEUED)))
            return
        delete_with_words(session, ReplyRow.id == reply)
    store.settle()


def delete_with_words(session: Session, wanted: ColumnElement[bool]) -> int:
    """Delete replies with their decisions, and their words where others answered them.

    Args:
        session: The transaction.
        wanted: What holds for the replies.

    Returns:
        How many.
    """
    words = session.scalars(select(ReplyRow.text).where(wanted, ReplyRow.text != "")).all()
    for start in range(0, len(words), _TOGETHER):
        quoted = ReplyRow.parent.in_(words[start : start + _TOGETHER])
        session.execute(update(ReplyRow).where(quoted).values(parent=""))
    return rows(session.execute(delete(ReplyRow).where(wanted)))


def rows(result: Any) -> int:  # noqa: ANN401  SQLAlchemy types a DELETE's result as any Result
    """Return how many rows a statement changed."""
    return int(result.rowcount)
