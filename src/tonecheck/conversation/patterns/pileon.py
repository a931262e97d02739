"""Pile-on: several people against one."""

from collections import deque
from collections.abc import Sequence

from tonecheck.conversation.latest import Latest
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn

WINDOW = 20
"""Messages of the thread within which the attacks must fall."""

PEOPLE = 3
"""How many different people it takes."""

_TARGETS = 2 * WINDOW  # more cannot be attacked within a window


class PileOn(Pattern):
    """Three or more people answer the same person with hostility or dismissal in a short while.

    Whether the target had it coming is not looked at: also someone who was wrong can be piled on.

    Example:
        In a thread on a late assignment, Ana asks for two more days. "Grow up", answers Ben;
        "Stop wasting our time", Chi; "You are pathetic", Dee. The third completes a pile-on
        of three on Ana.
    """

    name = "pile_on"
    definition = (
        f"At least {PEOPLE} people answer the same person with a hostile or dismissive reply "
        f"within {WINDOW} messages of the thread."
    )
    source = (
        "Dogpiling; why those who join in think it fair: Blackwell, Chen, Schoenebeck and Lampe "
        "2018, When Online Harassment Is Perceived as Justified, ICWSM."
    )

    def __init__(self) -> None:
        self._recent = Latest[str, deque[Turn]](_TARGETS)
        self._told: dict[str, int] = {}

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; a pile-on is told once, and again only after a window of calm."""
        if not (turn.addressed and turn.unkind):
            return ()
        recent = self._recent.get(turn.to) or deque(maxlen=WINDOW)
        recent.append(turn)
        self._recent.put(turn.to, recent)
        while recent[0].number <= turn.number - WINDOW:
            recent.popleft()
        people = tuple(dict.fromkeys(one.author for one in recent))
        if len(people) < PEOPLE:
            return ()
        told, self._told[turn.to] = self._told.get(turn.to), turn.number
        if told is not None and turn.number - told <= WINDOW:
            return ()
        found = Finding(
            pattern=self.name,
            messages=tuple(one.key for one in recent),
            people=people,
            target=turn.to,
            explanation=f"{len(people)} people turned on the same person within a few messages.",
        )
        return (found,)
