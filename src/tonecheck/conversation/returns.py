"""Whether newcomers write again, by how their first post was met."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tonecheck.conversation.turn import Turn
from tonecheck.shares import Share

WATCHED = timedelta(days=14)
"""How long a newcomer is waited for; and how long nobody counts as new, at the start."""

CAVEAT = (
    "This goes together, and need not be cause and effect: who asks what, when and how also sets "
    "how they are met and whether they stay."
)
"""What must stand next to these figures wherever they are shown."""


class Met(StrEnum):
    """How a first post was met."""

    KINDLY = "kindly"
    UNKINDLY = "unkindly"
    BY_NOBODY = "by_nobody"


@dataclass(slots=True)
class _First:
    """A first post: when, its reply, and whether its author wrote again after each of the two."""

    time: datetime
    replied: datetime | None = None
    unkind: bool = False
    after_post: bool = False
    after_reply: bool = False

    @property
    def base(self) -> datetime:
        return self.time if self.replied is None else self.replied


class Returns:
    """Counts who writes again within `WATCHED` of the first reply to their first post.

    Without a reply in that time, it counts from the post. Nobody is new in the first days of the
    record, for they may have written before it; and nobody is counted whose days are not over.
    """

    def __init__(self) -> None:
        self._start: datetime | None = None
        self._last: datetime | None = None
        self._seen: set[str] = set()
        self._firsts: dict[str, _First] = {}
        self._posts: dict[tuple[str, str], str] = {}  # who wrote a first post

    def add(self, turn: Turn, time: datetime | None, thread: str) -> None:
        """Take the next message of the community, in the order of time; without one it is left."""
        if time is None or not turn.author:
            return
        self._start = self._start or time
        self._last = time
        self._reply(turn, time, thread)
        first = self._firsts.get(turn.author)
        if first is not None:
            first.after_post |= time - first.time <= WATCHED
            first.after_reply |= first.replied is not None and time - first.replied <= WATCHED
        elif turn.author not in self._seen and time - self._start >= WATCHED:
            self._firsts[turn.author] = _First(time)
            self._posts[thread, turn.key] = turn.author
        self._seen.add(turn.author)

    def _reply(self, turn: Turn, time: datetime, thread: str) -> None:
        author = self._posts.get((thread, turn.answers), turn.author)
        if author == turn.author:
            return
        first = self._firsts[author]
        if first.replied is None and time - first.time <= WATCHED:
            first.replied, first.unkind = time, turn.unkind

    def shares(self) -> dict[Met, Share]:
        """Return the share of newcomers who wrote again, by how they were met."""
        counts = {met: [0, 0] for met in Met}
        for first in self._firsts.values():
            if self._last is None or self._last - first.base < WATCHED:
                continue
            count = counts[_met(first)]
            count[0] += first.after_post if first.replied is None else first.after_reply
            count[1] += 1
        return {met: Share(back, total) for met, (back, total) in counts.items()}


def _met(first: _First) -> Met:
    if first.replied is None:
        return Met.BY_NOBODY
    return Met.UNKINDLY if first.unkind else Met.KINDLY
