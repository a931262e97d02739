"""When a thread that is followed crosses the line, so that people are told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.reader import Following
from tonecheck.conversation.report import URGENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Why a thread crosses the line now: a reason to read it, and never a judgement.

    Attributes:
        reason: What it is called, such as the name of a pattern.
        explanation: One sentence that names nobody.
        messages: The keys of the messages that show it, in order.
        risk: How likely the thread is to turn personal soon, where the rule says that.
    """

    reason: str
    explanation: str
    messages: tuple[str, ...] = ()
    risk: float | None = None


class Line(Protocol):
    """Says after each message of a thread whether the thread crosses the line."""

    def crosses(self, following: Following, found: Sequence[Finding]) -> Crossing | None:
        """Return why a thread crosses the line now, or None where it does not.

        Args:
            following: The thread after the message.
            found: The patterns that the message completed.
        """
        ...


class ConcernLine:
    """A thread crosses the line with a message that completes a pattern of concern.

    Where it completes several, the one nearest to harm is the reason. A question that waits for an
    answer is no such pattern: no message completes it.
    """

    def crosses(self, following: Following, found: Sequence[Finding]) -> Crossing | None:
        """Return the most urgent concern that the message completed, or None."""
        concerns = [finding for finding in found if not finding.good]
        if not concerns:
            return None
        first = min(concerns, key=lambda finding: URGENCY.index(finding.pattern))
        return Crossing(
            reason=first.pattern, explanation=first.explanation, messages=first.messages
        )


class ForecastLine:
    """A thread also crosses the line where it is likely enough to turn personal soon.

    A pattern that is there goes before a forecast, which raises a false alarm for about a quarter
    of the calm threads; see docs/forecast.md.
    """

    def __init__(self) -> None:
        self._concerns = ConcernLine()

    def crosses(self, following: Following, found: Sequence[Finding]) -> Crossing | None:
        """Return the most urgent concern that the message completed, else the forecast, or None."""
        if crossing := self._concerns.crosses(following, found):
            return crossing
        risk = following.risk
        if risk is None or not risk.crossed:
            return None
        return Crossing(reason="forecast", explanation=risk.explanation, risk=risk.probability)
