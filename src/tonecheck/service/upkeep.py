"""Lets go of what is kept: after some days, and whenever an author asks for it."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from tonecheck.errors import InputError
from tonecheck.service.posts import delete_with_words, rows
from tonecheck.service.store import Store, now, storable
from tonecheck.service.tables import DecisionRow, DeliveryRow, ReplyRow

DELIVERY_DAYS = 30
"""For how long an event is known as delivered: Discourse gives up after some hours."""

RETRY = 3600.0
"""After how many seconds purging is tried again where the database refused it."""

_DAY = 24 * 3600
_log = logging.getLogger(__name__)


def purge(store: Store, days: int) -> int:
    """Delete replies, with their decisions, that were judged more than some days ago.

    Returns:
        How many.
    """
    old = delete(ReplyRow).where(ReplyRow.judged_at < now() - timedelta(days=days))
    told = delete(DeliveryRow).where(DeliveryRow.at < now() - timedelta(days=DELIVERY_DAYS))
    with Session(store.engine) as session, session.begin():
        session.execute(told)
        count = rows(session.execute(old))
    store.settle()
    return count


async def keep_purging(store: Store, days: int) -> None:
    """Purge now and once a day, until the task is cancelled.

    A database that is busy or away ends nothing: purging is tried again, and the log says so.
    """
    while True:
        pause: float = _DAY
        try:
            await run_in_threadpool(purge, store, days)
        except SQLAlchemyError as err:  # not its words, which may hold what people wrote
            pause = RETRY
            _log.error(
                "what is too old could not be deleted: %s; trying again in %d minutes",
                type(err).__name__,
                RETRY / 60,
            )
        await asyncio.sleep(pause)


def export_author(store: Store, author: str) -> Iterator[dict[str, Any]]:
    """Yield all that is kept about an author: replies, verdicts and what was decided.

    Names of those who decided are left out.

    Raises:
        InputError: If no author is named.
    """
    own = _by(author)
    query = select(ReplyRow).where(own).order_by(ReplyRow.id)
    with Session(store.engine) as session:
        for row in session.scalars(query.execution_options(yield_per=200)):
            decided = select(DecisionRow).where(DecisionRow.reply_id == row.id)
            yield {
                "source": row.source,
                "community": row.community,
                "id": row.external_id,
                "author": row.author,
                "thread": row.thread,
                "title": row.title,
                "time": _utc(row.time) if row.time else None,
                "judged": _utc(row.judged_at),
                "text": row.text,
                "parent": row.parent,
                "url": row.url,
                "verdict": row.verdict,
                "status": row.status,
                "decisions": [
                    {"status": made.status, "labels": made.labels, "at": _utc(made.at)}
                    for made in session.scalars(decided)
                ],
            }


def forget_author(store: Store, author: str) -> int:
    """Delete all that is kept about an author, also where others answered their words.

    Returns:
        How many replies of theirs went away.

    Raises:
        InputError: If no author is named.
    """
    own = _by(author)
    with Session(store.engine) as session, session.begin():
        count = delete_with_words(session, own)
    store.settle()
    return count


def _utc(time: datetime) -> str:
    return time.replace(tzinfo=UTC).isoformat()


def _by(author: str) -> ColumnElement[bool]:
    if not author:  # else it would be everybody whose name the forum did not send
        raise InputError("an author needs a name. Give it as the forum sends it.")
    return ReplyRow.author == storable(author)
