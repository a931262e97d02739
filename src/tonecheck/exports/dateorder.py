"""Day first, month first or year first: told from all dates of a file together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

LATE = 2
"""How many days a message may be late without making the order of the days doubtful."""

_CENTURY = 2000
_LAST_YEAR = 2099


def read_date(parts: Sequence[str], order: str, *, since: int) -> date | None:
    """Return the date that three numbers name, or None where they name none.

    Args:
        parts: The numbers, as they are written. Of two digits, a year is of this century.
        order: How they stand, such as `dmy`.
        since: The first year that makes sense.
    """
    year, month, day = (parts[order.index(letter)] for letter in "ymd")
    if len(year) not in {2, 4}:
        return None
    number = int(year) + (_CENTURY if len(year) == 2 else 0)
    try:
        return date(number, int(month), int(day)) if since <= number <= _LAST_YEAR else None
    except ValueError:
        return None


class DateOrder:
    """Tells the order from what no other order allows, and from the days going forward.

    A file is written in the order of time, so the wrong order often sends its days back. Where two
    orders fit equally well, day first goes before month first. A year of two digits at the start
    counts only where it makes the file shorter than the others do, which take it for a day and so
    make years of days.

    Attributes:
        doubtful: A date that can be read day first and month first, or empty.
    """

    def __init__(self, orders: Sequence[str] = ("dmy", "mdy", "ymd"), *, since: int) -> None:
        self._since = since
        self._fits = {order: _Fit() for order in orders}
        self._last: tuple[str, ...] = ()
        self.doubtful = ""

    def note(self, parts: Sequence[str]) -> None:
        """Take in a date, as three numbers."""
        if tuple(parts) == self._last:
            return
        self._last = tuple(parts)
        days = {order: read_date(parts, order, since=self._since) for order in self._fits}
        for order, day in days.items():
            if day is not None:
                self._fits[order].note(day)
        by_day, by_month = days.get("dmy"), days.get("mdy")
        if by_day and by_month and by_day != by_month:
            self.doubtful = self.doubtful or "/".join(parts)

    def decide(self) -> tuple[str, bool]:
        """Return the order that fits best, and whether that is sure."""
        ranks = {order: (-fit.read, fit.back) for order, fit in self._fits.items()}
        best = [order for order, rank in ranks.items() if rank == min(ranks.values())]
        others = [order for order in best if order != "ymd"]
        if others and "ymd" in best:
            shorter = self._fits["ymd"].span < self._fits[others[0]].span
            best = ["ymd"] if shorter else others
        return best[0], len(best) == 1 or not self.doubtful


@dataclass(slots=True)
class _Fit:
    """How well one order fits: how many dates it can read, and how often they go back."""

    read: int = 0
    back: int = 0
    last: date | None = None
    low: date = date.max
    high: date = date.min

    @property
    def span(self) -> int:
        """Return how many days lie between the first and the last date."""
        return (self.high - self.low).days

    def note(self, day: date) -> None:
        """Take in the next date."""
        self.read += 1
        self.back += self.last is not None and (self.last - day).days > LATE
        self.last, self.low, self.high = day, min(self.low, day), max(self.high, day)
