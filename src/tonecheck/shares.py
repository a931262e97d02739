"""Shares with their uncertainty, as numbers and in plain words."""

import math
from dataclasses import dataclass

Z = 1.959963984540054
"""The normal quantile that leaves 2.5 % on either side."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a total, with the 95 % interval of the share."""

    count: int
    total: int

    @property
    def value(self) -> float | None:
        """Return the share in [0, 1], or None where there is nothing to count."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % Wilson interval of the share."""
        return wilson(self.count, self.total)

    def to_dict(self) -> dict[str, float | None]:
        """Return `share`, `low` and `high`, rounded; all are None where there is nothing."""
        if not self.total:
            return {"share": None, "low": None, "high": None}
        low, high = self.interval
        return {
            "share": round(self.count / self.total, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }

    def counted(self) -> dict[str, int | float | None]:
        """Return `count` and `total`, and what `to_dict` returns."""
        return {"count": self.count, "total": self.total, **self.to_dict()}

    @property
    def base(self) -> int:
        """Return what to tell the share in: 100, or as many as it takes to get past 2."""
        share = self.count / self.total if self.count else self.interval[1]
        base = 100
        while share * base < 2 and base < 1_000_000:
            base *= 10
        return base

    def figures(self) -> tuple[str, str, str]:
        """Return the share and the ends of its interval as whole numbers in `base`."""
        low, high = self.interval
        share = self.value or 0.0
        return _whole(share * self.base), _whole(low * self.base), _whole(high * self.base)

    def in_words(self) -> str:
        """Return the share as people say it.

        Example:
            >>> Share(31, 502).in_words()
            'about 6 in 100 (4 to 9)'
        """
        if not self.total:
            return "nothing to count"
        share, low, high = self.figures()
        if not self.count:
            return f"none found (0 to {high} in {self.base:,})"
        return f"about {share} in {self.base:,} ({low} to {high})"


def wilson(count: float, total: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927, JASA 22:209-212).

    It stays inside [0, 1] and keeps close to its promised coverage for small samples and rare
    events, where the textbook interval fails; both are normal here. No data gives (0, 1).
    """
    if not total:
        return 0.0, 1.0
    share = count / total
    spread = Z * math.sqrt(share * (1 - share) / total + (Z / (2 * total)) ** 2)
    middle = share + Z**2 / (2 * total)
    scale = 1 + Z**2 / total
    # at the ends the bound is exact, and rounding must not push it a hair outside
    low = 0.0 if count == 0 else (middle - spread) / scale
    high = 1.0 if count == total else (middle + spread) / scale
    return low, high


def _whole(number: float) -> str:
    return f"{round(number):,}"
