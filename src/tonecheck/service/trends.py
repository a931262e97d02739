"""How tones and decisions went over the last weeks, and which threads to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from tonecheck.labels import TONES, Tone
from tonecheck.policy import Policy
from tonecheck.service.records import Status
from tonecheck.service.reviewing import COLUMNS
from tonecheck.service.store import Store, now
from tonecheck.service.tables import DecisionRow, ReplyRow
from tonecheck.shares import Share

WEEKS = 12
MOST_THREADS = 30
MIN_A_THREAD = 2  # of raised replies: one reply is in the queue already


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The replies that were judged in the seven days from `start`, and how many were flagged."""

    start: date
    judged: int
    flagged: dict[Tone, int]

    def share(self, tone: Tone) -> Share:
        """Return the share of flagged replies."""
        return Share(self.flagged[tone], self.judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyThread:
    """A thread in which several replies were raised.

    Attributes:
        judged: How many of its replies were judged.
        flagged: How many of them reach a threshold of flags in any tone.
        raised: How many are flagged or unsure.
        last: When the newest was judged.
    """

    community: str
    thread: str
    title: str
    judged: int
    flagged: int
    raised: int
    last: datetime

    @property
    def share(self) -> Share:
        """Return the share of raised replies."""
        return Share(self.raised, self.judged)


def weeks(store: Store, policy: Policy, moment: datetime | None = None) -> list[Week]:
    """Return the last weeks, the oldest first, from the first that has anything in it."""
    today = (moment or now()).date()
    first = today - timedelta(days=7 * WEEKS - 1)
    day = func.date(ReplyRow.judged_at).label("day")
    query = select(day, func.count(), *(_sum(tone, policy[tone].yes_at) for tone in TONES))
    since = datetime.combine(first, datetime.min.time())
    query = query.where(ReplyRow.judged_at >= since).group_by(day)
    with Session(store.engine) as session:
        rows = [tuple(row) for row in session.execute(query)]
    found = [_week(first + timedelta(days=7 * number), rows) for number in range(WEEKS)]
    begin = next((n for n, week in enumerate(found) if week.judged), WEEKS)
    return found[begin:]


def decided(store: Store, since: datetime) -> dict[Status, int]:
    """Return how many replies people agreed, disagreed or were not sure about since a moment.

    The newest decision on each reply counts.
    """
    newest = select(func.max(DecisionRow.id)).group_by(DecisionRow.reply_id)
    query = select(DecisionRow.status, func.count()).where(
        DecisionRow.id.in_(newest), DecisionRow.at >= since
    )
    with Session(store.engine) as session:
        rows = session.execute(query.group_by(DecisionRow.status))
        return {Status(status): number for status, number in rows}


def busy_threads(store: Store, policy: Policy, since: datetime) -> list[BusyThread]:
    """Return the threads with the most raised replies since a moment, the surest first.

    They stand in the order of the lower end of the share's interval, so that two of two do not go
    before fifteen of twenty.
    """
    raised = _any(policy, "unsure_at").label("raised")
    query = (
        select(
            ReplyRow.community,
            ReplyRow.thread,
            func.max(ReplyRow.title),
            func.count(),
            _any(policy, "yes_at"),
            raised,
            func.max(ReplyRow.judged_at),
        )
        .where(ReplyRow.judged_at >= since, ReplyRow.thread != "")
        .group_by(ReplyRow.community, ReplyRow.thread)
        .having(_any(policy, "unsure_at") >= MIN_A_THREAD)
        .order_by(raised.desc())
        .limit(10 * MOST_THREADS)
    )
    with Session(store.engine) as session:
        rows = session.execute(query).all()
    threads = [
        BusyThread(
            community=community,
            thread=thread,
            title=title,
            judged=judged,
            flagged=flagged,
            raised=count,
            last=last,
        )
        for community, thread, title, judged, flagged, count, last in rows
    ]
    threads.sort(key=lambda thread: (-thread.share.interval[0], -thread.raised, thread.thread))
    return threads[:MOST_THREADS]


def _week(start: date, rows: Sequence[tuple[Any, ...]]) -> Week:
    end = start + timedelta(days=7)
    inside = [row for row in rows if start <= _day(row[0]) < end]
    return Week(
        start=start,
        judged=sum(row[1] for row in inside),
        flagged={tone: sum(row[2 + n] for row in inside) for n, tone in enumerate(TONES)},
    )


def _day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value  # SQLite says strings


def _sum(tone: Tone, threshold: float) -> Any:  # noqa: ANN401  a ColumnElement
    return func.sum(case((COLUMNS[tone] >= threshold, 1), else_=0))


def _any(policy: Policy, threshold: str) -> Any:  # noqa: ANN401  a ColumnElement
    reached = [(COLUMNS[tone] >= getattr(policy[tone], threshold), 1) for tone in TONES]
    return func.sum(case(*reached, else_=0))
