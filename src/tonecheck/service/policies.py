"""The thresholds in force: those of the settings, until somebody sets others on the review page.

Every change is kept, with who made it and when. The newest holds in all processes that share the
database, and only for the model it was made for: probabilities of another mean something else.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from tonecheck.checker import ToneChecker
from tonecheck.labels import TONES
from tonecheck.messages import Message
from tonecheck.policy import Band, Policy, policy_from
from tonecheck.service.store import Store, now
from tonecheck.service.tables import PolicyRow
from tonecheck.verdict import Verdict

FRESH = 2.0
"""For so many seconds another process may go on with the thresholds before a change."""

SHOWN = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the thresholds.

    Attributes:
        policy: What it put in force.
        by: The key or reviewer who made it.
        of_settings: Whether it put those of the settings back.
    """

    number: int
    policy: Policy
    by: str
    at: datetime
    of_settings: bool


class Policies:
    """The checker of a service, with the thresholds that are in force.

    Attributes:
        start: The thresholds of the settings, or else the model's.
    """

    def __init__(
        self, store: Store, checker: ToneChecker, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.start = checker.policy
        self._store, self._clock = store, clock
        self._own = checker
        self._known = checker
        self._looked: float | None = None

    @property
    def checker(self) -> ToneChecker:
        """Return the checker with the newest thresholds, as of the last `FRESH` seconds.

        Where the database does not answer, those that were known last stay.
        """
        if self._looked is None or self._clock() - self._looked >= FRESH:
            self._looked = self._clock()
            try:
                self._know(self.newest())
            except SQLAlchemyError as err:
                _log.error("the thresholds could not be looked up: %s", type(err).__name__)
        return self._known

    def check_many(self, messages: Iterable[Message]) -> Iterator[Verdict]:
        """Yield the verdict on each message, in order, all by the same thresholds."""
        return self.checker.check_many(messages)

    def newest(self) -> Change | None:
        """Return the newest change, or None if those of the settings were never changed."""
        return next(iter(self.history(1)), None)

    def history(self, limit: int = SHOWN) -> list[Change]:
        """Return the changes for this model, the newest first."""
        query = select(PolicyRow).where(PolicyRow.model == self._own.model)
        with Session(self._store.engine) as session:
            rows = session.scalars(query.order_by(PolicyRow.id.desc()).limit(limit))
            return [self._change(row) for row in rows]

    def put(self, policy: Policy, by: str, *, seen: int) -> bool:
        """Put thresholds in force; return False if somebody changed them in the meantime.

        Args:
            policy: The thresholds.
            by: Who does it.
            seen: The number of the newest change that they know of, or 0.
        """
        bands = {str(tone): asdict(policy[tone]) for tone in TONES}
        return self._put(bands, by, seen=seen)

    def undo(self, by: str, *, seen: int) -> bool:
        """Put in force what was before the newest change; return False as `put` does."""
        query = select(PolicyRow.bands).where(
            PolicyRow.model == self._own.model, PolicyRow.id < seen
        )
        with Session(self._store.engine) as session:
            earlier = session.scalars(query.order_by(PolicyRow.id.desc()).limit(1)).first()
        return self._put(earlier or {}, by, seen=seen)

    def _put(self, bands: dict[str, dict[str, float]], by: str, *, seen: int) -> bool:
        newest = self.newest()
        if seen != (newest.number if newest else 0):
            return False
        row = PolicyRow(model=self._own.model, bands=bands, by=by, at=now())
        with Session(self._store.engine) as session, session.begin():
            session.add(row)
        self._know(self.newest())
        return True

    def _know(self, change: Change | None) -> None:
        policy = change.policy if change else self.start
        if policy != self._known.policy:
            self._known = self._own.with_policy(policy)

    def _change(self, row: PolicyRow) -> Change:
        return Change(
            number=row.id,
            policy=policy_from(row.bands) if row.bands else self.start,
            by=row.by,
            at=row.at.replace(tzinfo=UTC),
            of_settings=not row.bands,
        )


def flagging_from(band: Band, yes_at: float) -> Band:
    """Return a band that flags from another probability on; its other ends move only if they must.

    Example:
        >>> flagging_from(Band(unsure_at=0.3, yes_at=0.5, clear_at=0.8), 0.2)
        Band(unsure_at=0.2, yes_at=0.2, clear_at=0.8)
    """
    return Band(
        unsure_at=min(band.unsure_at, yes_at), yes_at=yes_at, clear_at=max(band.clear_at, yes_at)
    )
