"""Escalation: two people getting at each other more and more."""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from tonecheck.conversation.latest import Latest
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn
from tonecheck.labels import Tone

STEPS = 3
"""How many of their replies to each other are looked at."""

RISE = 0.3
"""By how much the probability of hostility must have risen over them."""

_PAIRS = 2_000  # whose latest replies are remembered


class Escalation(Pattern):
    """Two people answer each other, and each reply is no less hostile than the one before.

    Example:
        Ben: "I do not think that is right." Chi: "Did you even read it?" Ben: "You clearly
        cannot read, idiot." Hostility goes 0.05, 0.4, 0.95, and both have taken part.
    """

    name = "escalation"
    definition = (
        f"In the last {STEPS} replies between two people, both of whom wrote, the probability of "
        f"hostility never falls, rises by at least {RISE}, and the last is flagged as hostile."
    )
    source = (
        "The spiral of incivility: Andersson and Pearson 1999, Tit for Tat?, "
        "Academy of Management Review 24(3):452-471."
    )

    def __init__(self) -> None:
        self._exchanges = Latest[frozenset[str], deque[Turn]](_PAIRS)
        self._told: set[frozenset[str]] = set()

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; a pair is told again only once a reply between them was calm."""
        if not turn.addressed:
            return ()
        pair = frozenset((turn.author, turn.to))
        exchange = self._exchanges.get(pair) or deque(maxlen=STEPS)
        exchange.append(turn)
        self._exchanges.put(pair, exchange)
        if not turn.says(Tone.HOSTILITY):
            self._told.discard(pair)
            return ()
        if pair in self._told or not _rises(exchange):
            return ()
        self._told.add(pair)
        found = Finding(
            pattern=self.name,
            messages=tuple(one.key for one in exchange),
            people=tuple(dict.fromkeys(one.author for one in exchange)),
            explanation="Two people are getting more and more hostile to each other.",
        )
        return (found,)


def _rises(exchange: Sequence[Turn]) -> bool:
    values = [turn.verdict.tones[Tone.HOSTILITY].probability for turn in exchange]
    both = len({turn.author for turn in exchange}) == 2
    steady = all(one <= other for one, other in pairwise(values))
    return len(values) == STEPS and both and steady and values[-1] - values[0] >= RISE
