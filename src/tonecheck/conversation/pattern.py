"""What a pattern is: a class that reads a thread turn by turn and says what it found."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tonecheck.conversation.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A pattern found in a thread: a reason to read it, and never a judgement of a person.

    Attributes:
        pattern: The pattern's name, such as `pile_on`.
        messages: The keys of the messages that show it, in order.
        people: Who took part in it, in order; empty where nobody did.
        target: Whom it met, or empty.
        explanation: One sentence that names nobody.
        good: Whether it is something that went well.
    """

    pattern: str
    messages: tuple[str, ...]
    people: tuple[str, ...] = ()
    target: str = ""
    explanation: str
    good: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "pattern": self.pattern,
            "messages": list(self.messages),
            "people": list(self.people),
            "target": self.target or None,
            "explanation": self.explanation,
            "good": self.good,
        }


class Pattern(ABC):
    """Reads one thread, turn by turn, each in constant time.

    Attributes:
        name: What findings call it.
        definition: When it is found, in one sentence.
        source: Where the notion comes from. The numbers in a definition are choices of ours.
    """

    name: ClassVar[str]
    definition: ClassVar[str]
    source: ClassVar[str]

    @abstractmethod
    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn, and return what it completes; each finding comes once."""

    def standing(self) -> Sequence[Finding]:
        """Return what is the case as long as nothing more is written, such as silence."""
        return ()
