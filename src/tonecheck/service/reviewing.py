"""What the review page asks of the store: the queue by filters, counts, and taking back."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from tonecheck.labels import Tone
from tonecheck.policy import Policy
from tonecheck.service.records import Reply, Status
from tonecheck.service.store import Store
from tonecheck.service.tables import DecisionRow, ReplyRow

PAGE = 20
SOURCE = "review"
COLUMNS: dict[Tone, InstrumentedAttribute[float]] = {
    Tone.HOSTILITY: ReplyRow.hostility,
    Tone.HUSTLING: ReplyRow.hustling,
    Tone.DISMISSIVENESS: ReplyRow.dismissiveness,
}
"""The column that holds each tone's probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which replies to list; an empty filter lists all.

    Attributes:
        before: Only replies with a lower number, to turn the page.
        thread: The forum's own id of a thread; it lists replies of every status.
    """

    status: Status = Status.OPEN
    tone: Tone | None = None
    community: str = ""
    thread: str = ""
    before: int | None = None


def listed(store: Store, filters: Filters, policy: Policy) -> list[Reply]:
    """Return up to a page and one more of replies, the newest first.

    Args:
        store: Where they are kept.
        filters: Which of them.
        policy: The thresholds in force, from which a filter by tone follows.
    """
    return store.newest(_conditions(filters, policy), limit=PAGE + 1)


def counted(store: Store) -> dict[Status, int]:
    """Return how many replies stand where in the queue."""
    query = select(ReplyRow.status, func.count()).group_by(ReplyRow.status)
    with Session(store.engine) as session:
        return {Status(status): number for status, number in session.execute(query)}


def communities(store: Store) -> list[str]:
    """Return the communities that replies came from, by name."""
    query = select(ReplyRow.community).where(ReplyRow.community != "").distinct()
    with Session(store.engine) as session:
        return sorted(session.scalars(query.limit(200)))


def take_back(store: Store, number: int, by: str) -> bool:
    """Drop the newest decision on a reply, if this reviewer made it here; return whether it was.

    The reply stands again where it stood before.
    """
    with Session(store.engine) as session, session.begin():
        row = session.get(ReplyRow, number)
        newest = select(DecisionRow).where(DecisionRow.reply_id == number)
        made = list(session.scalars(newest.order_by(DecisionRow.id.desc()).limit(2)))
        if row is None or not made or made[0].by != by or made[0].source != SOURCE:
            return False
        session.delete(made[0])
        row.status = made[1].status if len(made) > 1 else str(Status.OPEN)
        return True


def _conditions(filters: Filters, policy: Policy) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.thread:
        wanted.append(ReplyRow.thread == filters.thread)
        wanted.append(_raised(policy, *COLUMNS))
    else:
        wanted.append(ReplyRow.status == str(filters.status))
    if filters.tone is not None:
        wanted.append(_raised(policy, filters.tone))
    if filters.community:
        wanted.append(ReplyRow.community == filters.community)
    if filters.before is not None:
        wanted.append(ReplyRow.id < filters.before)
    return wanted


def _raised(policy: Policy, *tones: Tone) -> ColumnElement[bool]:
    return or_(*(COLUMNS[tone] >= policy[tone].unsure_at for tone in tones))
