"""Recovery: people mend what went wrong."""

from collections import deque
from collections.abc import Sequence

from tonecheck.conversation.markers import apologises, thanks
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn

WINDOW = 20
"""For how many messages an unkind one can be mended."""

HEATED, COOL = 3, 10
"""How many unkind messages within a window are a heated moment, and how many calm ones end it."""


class Recovery(Pattern):
    """After an unkind message, somebody apologises, one of the two thanks, or the talk cools down.

    It shows what went well, and says nothing of whether the hurt is gone.

    Example:
        Ben: "That is a stupid question." Ana: "It is in the syllabus." Ben: "Sorry, I was rude.
        You are right."
    """

    name = "recovery"
    definition = (
        f"Within {WINDOW} messages of one flagged as hostile or dismissive, its author apologises, "
        "or it and a message that thanks or concedes are between the same two people; or after "
        f"{HEATED} flagged messages there come {COOL} without."
    )
    source = (
        "Remedial interchanges: Goffman 1971, Relations in Public, chapter 4. Gratitude and "
        "apology in talk that stays civil: Zhang et al. 2018, Conversations Gone Awry, ACL."
    )

    def __init__(self) -> None:
        self._unkind: deque[Turn] = deque(maxlen=WINDOW)
        self._heated: tuple[str, ...] = ()

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; each unkind message is mended once at most."""
        while self._unkind and turn.number - self._unkind[0].number > WINDOW:
            self._unkind.popleft()
        if turn.unkind:
            self._unkind.append(turn)
            if len(self._unkind) >= HEATED:
                self._heated = tuple(one.key for one in self._unkind)
            return ()
        return self._mended(turn) or self._cooled(turn)

    def _mended(self, turn: Turn) -> Sequence[Finding]:
        if not turn.author:
            return ()
        if apologises(turn.words):
            before = [one for one in self._unkind if one.author == turn.author]
            says = "Somebody apologised for an unkind message."
        elif thanks(turn.words):
            pair = {turn.author, turn.to}
            before = [one for one in self._unkind if one.addressed and {one.author, one.to} == pair]
            says = "Two people came back to thanks after an unkind message."
        else:
            return ()
        if not before:
            return ()
        for one in before:
            self._unkind.remove(one)
        self._heated = ()
        return (self._found(turn, [one.key for one in before], says),)

    def _cooled(self, turn: Turn) -> Sequence[Finding]:
        if not self._heated or not self._unkind:
            return ()
        if turn.number - self._unkind[-1].number < COOL:
            return ()
        heated, self._heated = self._heated, ()
        self._unkind.clear()
        return (self._found(turn, heated, "A heated moment cooled down."),)

    def _found(self, turn: Turn, before: Sequence[str], says: str) -> Finding:
        return Finding(
            pattern=self.name,
            messages=(*before, turn.key),
            people=(turn.author,) if turn.author else (),
            explanation=says,
            good=True,
        )
