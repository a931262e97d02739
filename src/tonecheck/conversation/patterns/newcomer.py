"""Waved-away newcomer: a first post met with dismissal, or with nothing."""

from collections import OrderedDict
from collections.abc import Collection, Sequence

from tonecheck.conversation.markers import asks
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn

PATIENCE = 10
"""After how many later messages of others a first post counts as passed over."""


class WavedAwayNewcomer(Pattern):
    """Somebody's first post is met with a brush-off or an attack, or with silence.

    Who is new must be supplied. Otherwise whoever opens the thread with a question stands in, and
    only what they are answered counts: silence says little about somebody who may be well known.

    Example:
        Noor's first post ever asks where to hand in. The first answer is "Read the FAQ before
        you post", flagged as dismissive; a friendly one an hour later does not undo it.
    """

    name = "waved_away_newcomer"
    definition = (
        "The first reply to a newcomer's first post is flagged as dismissive or hostile; or nobody "
        f"replies to it while the thread goes on for {PATIENCE} messages by others."
    )
    source = (
        "Whether a first post is answered goes with whether its author posts again: Joyce and "
        "Kraut 2006, Predicting Continued Participation in Newsgroups, JCMC 11(3):723-747."
    )

    def __init__(self, newcomers: Collection[str] | None = None) -> None:
        """Begin a thread.

        Args:
            newcomers: Who writes in the community for the first time here, or None if not known.
        """
        self._newcomers = None if newcomers is None else set(newcomers)
        self._waiting: OrderedDict[str, Turn] = OrderedDict()
        self._passed: dict[str, int] = {}

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; each first post is told once at most."""
        found = [*self._answered(turn), *self._passed_over(turn)]
        if self._is_first(turn):
            self._waiting[turn.key] = turn
            self._passed[turn.key] = 0
        return found

    def _is_first(self, turn: Turn) -> bool:
        if self._newcomers is None:
            return turn.number == 1 and bool(turn.author) and asks(turn.words)
        if turn.author not in self._newcomers:
            return False
        self._newcomers.remove(turn.author)
        return True

    def _answered(self, turn: Turn) -> Sequence[Finding]:
        first = self._waiting.get(turn.answers)
        if first is None or turn.author == first.author:
            return ()
        self._forget(turn.answers)
        if not turn.unkind:
            return ()
        who = "Somebody who came with a question" if self._newcomers is None else "A newcomer"
        found = Finding(
            pattern=self.name,
            messages=(first.key, turn.key),
            people=(turn.author,) if turn.author else (),
            target=first.author,
            explanation=f"{who} was brushed off or attacked in the very first reply.",
        )
        return (found,)

    def _passed_over(self, turn: Turn) -> Sequence[Finding]:
        if self._newcomers is None:
            return ()
        found = []
        for key, first in list(self._waiting.items()):  # at most as many as wait at a time
            self._passed[key] += turn.author != first.author
            if self._passed[key] < PATIENCE:
                continue
            self._forget(key)
            found.append(
                Finding(
                    pattern=self.name,
                    messages=(key,),
                    target=first.author,
                    explanation="Nobody answered a newcomer's first post; the talk went on.",
                )
            )
        return found

    def _forget(self, key: str) -> None:
        del self._waiting[key], self._passed[key]
