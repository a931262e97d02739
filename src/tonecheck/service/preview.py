"""What another threshold would have done: how many flags, and about how many of them right."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tonecheck.labels import TONES, Tone
from tonecheck.service.reviewing import COLUMNS
from tonecheck.service.store import Store
from tonecheck.service.tables import DecisionRow, ReplyRow
from tonecheck.shares import Z, wilson

Judged = list[tuple[float, bool | None]]
"""The probability of each reply, and whether people last said that it has the tone."""

DAYS = 30
ENOUGH = 10
"""From so many decided flags on, what people said goes before what the model says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a threshold would have flagged.

    Attributes:
        threshold: From this probability on a reply is flagged.
        flags: How many replies reach it.
        decided: On how many of them a person said whether they have the tone.
        right: About how many of the flags have the tone, and the 95 % interval of it.
        by_people: Whether people's answers stand for the undecided ones, or the probabilities.
    """

    threshold: float
    flags: int
    decided: int
    right: float
    low: float
    high: float
    by_people: bool

    def in_words(self) -> str:
        """Return the preview as people say it.

        Example:
            >>> judged = [(0.9, None)] * 10 + [(0.8, True)] * 4
            >>> preview(judged, 0.5).in_words()
            '14 flags, about 13 right (11 to 14)'
        """
        if not self.flags:
            return "no flags"
        flags = f"{self.flags:,} flag" if self.flags == 1 else f"{self.flags:,} flags"
        low, high = math.floor(self.low), math.ceil(self.high)
        if low == high:
            return f"{flags}, {high:,} right"
        return f"{flags}, about {round(self.right):,} right ({low:,} to {high:,})"


def judged(store: Store, since: datetime) -> Mapping[Tone, Judged]:
    """Return for each tone what was judged since a moment, and what people last said of it."""
    recent = ReplyRow.judged_at >= since
    decisions = select(DecisionRow.reply_id, DecisionRow.labels).join(ReplyRow).where(recent)
    said: dict[Tone, dict[int, bool]] = {tone: {} for tone in TONES}
    found: dict[Tone, Judged] = {tone: [] for tone in TONES}
    with Session(store.engine) as session:
        for number, labels in session.execute(decisions.order_by(DecisionRow.id)):
            for tone, value in labels.items():
                said[Tone(tone)][number] = value >= 0.5
        columns = (COLUMNS[tone] for tone in TONES)
        for number, *probabilities in session.execute(select(ReplyRow.id, *columns).where(recent)):
            for tone, probability in zip(TONES, probabilities, strict=True):
                found[tone].append((probability, said[tone].get(number)))
    return found


def preview(judged: Iterable[tuple[float, bool | None]], threshold: float) -> Preview:
    """Return what a threshold would have done.

    What a person said counts as it is. The rest is as often right as people said of these flags,
    if they decided enough of them; else as often as the probabilities say, with the interval of a
    sum of independent draws.
    """
    flags = [(p, label) for p, label in judged if p >= threshold]
    known = [label for _, label in flags if label is not None]
    unknown = [p for p, label in flags if label is None]
    sure, rest = sum(known), len(unknown)
    by_people = len(known) >= ENOUGH
    if by_people:
        ends = wilson(sure, len(known))
        middle, low, high = (rest * share for share in (sure / len(known), *ends))
    else:
        middle = sum(unknown)
        spread = Z * math.sqrt(sum(p * (1 - p) for p in unknown))
        low, high = max(0.0, middle - spread), min(float(rest), middle + spread)
    return Preview(
        threshold=threshold,
        flags=len(flags),
        decided=len(known),
        right=sure + middle,
        low=sure + low,
        high=sure + high,
        by_people=by_people,
    )
