"""Unanswered questions."""

from collections.abc import Sequence

from tonecheck.conversation.latest import Latest
from tonecheck.conversation.markers import asks, thanks
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn

KEPT = 1_000
"""How many open questions of a thread are remembered, the latest first to stay."""


class UnansweredQuestion(Pattern):
    """Somebody asked, and nobody has answered so far.

    A brush-off is no answer. A question ends when somebody else replies to it in earnest, when the
    very next message by somebody else answers nothing in particular, or when the asker thanks.
    Questions inside hostile or dismissive messages are not counted: they are seldom meant as such.

    Example:
        Ana: "Does the quiz cover week 5?" Ben, to Tom: "Nice slides." Nothing comes for Ana.
    """

    name = "unanswered_question"
    definition = (
        "A message that asks with a question mark, and is not flagged as hostile or dismissive, "
        "has had no reply by anybody else that is free of both."
    )
    source = (
        "Which posts get no reply: Arguello et al. 2006, Talk to Me: Foundations for Successful "
        "Individual-Group Interactions in Online Communities, CHI."
    )

    def __init__(self) -> None:
        self._open = Latest[str, Turn](KEPT)
        self._last: Turn | None = None

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; what is unanswered is only known by `standing`."""
        self._close(turn)
        if turn.author and not turn.unkind and asks(turn.words):
            self._open.put(turn.key, turn)
        self._last = turn
        return ()

    def _close(self, turn: Turn) -> None:
        if turn.unkind:
            return
        key = turn.answers or (self._last.key if self._last is not None else "")
        question = self._open.get(key)
        if question is not None and question.author != turn.author:
            self._open.drop(key)
        if len(self._open) and thanks(turn.words):
            for own in [one.key for one in self._open.values() if one.author == turn.author]:
                self._open.drop(own)

    def standing(self) -> Sequence[Finding]:
        """Return the questions that have no answer so far, as one finding."""
        count = len(self._open)
        if not count:
            return ()
        some = "A question here has" if count == 1 else f"{count:,} questions here have"
        found = Finding(
            pattern=self.name,
            messages=tuple(self._open.keys()),
            people=tuple(dict.fromkeys(one.author for one in self._open.values())),
            explanation=f"{some} no answer yet.",
        )
        return (found,)
