"""How far two shares differ, and how much of that chance alone could have made.

The interval is method 10 of Newcombe (1998, Statistics in Medicine 17:873-890): Wilson's intervals
of the two shares, put together. It keeps its promise for few messages and rare tones, where the
textbook interval fails. It takes messages as independent, and those of one thread are not, so each
share goes in with the number of independent messages that tell as much: its messages, divided by
the design effect of its threads (Rao & Scott 1992, Biometrics 48:577-585). How alike messages of
one thread are is estimated from both audits together, since one alone often has too few flags to
tell. Bootstrapping threads would be an alternative, and gives intervals of no width where nothing
was flagged. `benchmarks/comparison.py` measures how often the intervals hold the truth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import stdtrit

from tonecheck.shares import wilson

Threads = Mapping[tuple[int, int], int]
"""How many threads have so many messages, so many of them flagged."""

_Z = 1.959963984540054  # the normal quantile that leaves 2.5 % on either side
_POWER = 0.8416212335729143  # and the one that leaves 20 % on one side


class Change(StrEnum):
    """What a difference tells."""

    LESS = "less"
    MORE = "more"
    SIMILAR = "similar"
    UNCLEAR = "unclear"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A share, and how much its messages can tell.

    Attributes:
        count: The messages that were flagged.
        total: All messages.
        effective: The number of independent messages that would tell as much.
    """

    count: int
    total: int
    effective: float

    @property
    def share(self) -> float:
        """Return the share in [0, 1]; 0 where there is no message."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval of the share."""
        return wilson(self.share * self.effective, self.effective)

    @property
    def design_effect(self) -> float:
        """Return how many messages tell as much as one that is independent."""
        return self.total / self.effective if self.total else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a share changed between two audits.

    Attributes:
        before: The share in the first audit.
        after: The share in the second.
    """

    before: Sample
    after: Sample

    @property
    def value(self) -> float:
        """Return the second share less the first."""
        return self.after.share - self.before.share

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval of the difference (Newcombe's method 10)."""
        (low_before, high_before), (low, high) = self.before.interval, self.after.interval
        before, after = self.before.share, self.after.share
        return (
            self.value - math.hypot(after - low, high_before - before),
            self.value + math.hypot(high - after, before - low_before),
        )

    @property
    def change(self) -> Change:
        """Return what the difference tells.

        Where the interval holds 0, it depends on its width: a difference of less than half the
        share either way is `SIMILAR`, and a wider interval tells nothing.
        """
        low, high = self.interval
        if not (self.before.total and self.after.total):
            return Change.UNCLEAR
        if not (self.before.count or self.after.count):
            return Change.NONE
        if high < 0:
            return Change.LESS
        if low > 0:
            return Change.MORE
        return Change.SIMILAR if high - low < self._pooled else Change.UNCLEAR

    @property
    def needed(self) -> int | None:
        """Return how many messages each audit needs to tell when the share falls by half.

        That is, to see it in four of five cases (the usual sample size for two proportions, as in
        Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, chapter 4), with
        threads like these. None where nothing is flagged.
        """
        share, half = self._pooled, self._pooled / 2
        if not share:
            return None
        spread = share * (1 - share) + half * (1 - half)
        effect = max(self.before.design_effect, self.after.design_effect)
        return math.ceil((_Z + _POWER) ** 2 * spread / half**2 * effect)

    @property
    def _pooled(self) -> float:
        total = self.before.total + self.after.total
        return (self.before.count + self.after.count) / total if total else 0.0


def difference(before: Threads, after: Threads, *, clustered: bool = True) -> Difference:
    """Return how the share of flagged messages changed from some threads to others.

    Args:
        before: The threads of the first audit.
        after: Those of the second.
        clustered: Whether to allow for messages of one thread being alike.
    """
    alike = correlation(before, after) if clustered else 0.0
    return Difference(before=_sample(before, alike), after=_sample(after, alike))


def correlation(*samples: Threads) -> float:
    """Return how alike the messages of one thread are: their intra-thread correlation.

    It is 0 if they are no more alike than any, and 1 if all are flagged or none. The estimate takes
    the squared distances of threads from their sample's share for what they are expected to be,
    p(1 − p)n(1 + (n − 1)ρ) for n messages, over all samples together.
    """
    excess = pairs = 0.0
    for threads in samples:
        number, count, total = sum(threads.values()), *_totals(threads)
        if number < 2 or not 0 < count < total:
            continue
        share = count / total
        squares = sum(
            times * (flagged - share * size) ** 2 for (size, flagged), times in threads.items()
        )
        variance = share * (1 - share)
        excess += squares * number / (number - 1) - variance * total
        pairs += variance * (_squared(threads) - total)
    return min(1.0, max(0.0, excess / pairs)) if pairs else 0.0


def effective_number(threads: Threads) -> float:
    """Return how many threads of one size would weigh as much as these, which differ in size."""
    _, total = _totals(threads)
    return total**2 / _squared(threads) if total else 0.0


def _sample(threads: Threads, alike: float) -> Sample:
    count, total = _totals(threads)
    if not total:
        return Sample(count=0, total=0, effective=0.0)
    effect = 1 + alike * (_squared(threads) / total - 1)  # Kish 1965, Survey Sampling, 5.4
    # With few threads, their likeness is known badly: Student's quantile for the normal one, as
    # Korn & Graubard (1998, Survey Methodology 24:193-201) do it.
    effect *= (_quantile(effective_number(threads) - 1) / _Z) ** 2 if alike else 1
    return Sample(count=count, total=total, effective=total / effect)


def _quantile(degrees: float) -> float:
    return float(stdtrit(max(degrees, 1.0), 0.975))


def _totals(threads: Threads) -> tuple[int, int]:
    count = sum(flagged * times for (_, flagged), times in threads.items())
    return count, sum(size * times for (size, _), times in threads.items())


def _squared(threads: Threads) -> int:
    return sum(size**2 * times for (size, _), times in threads.items())
