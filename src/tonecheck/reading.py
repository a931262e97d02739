"""What the stages hand to each other on the way from a reply to its verdict."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonecheck.labels import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The author's own words, cleaned, with the way back to the original.

    Attributes:
        original: The text as it came.
        text: The cleaned text that scorers read.
        starts: For each code point of `text`, where its source begins in `original`; int32.
        ends: For each code point of `text`, one past where its source ends; int32.
        truncated: Whether the original was longer than the limit and its end was left out.
    """

    original: str
    text: str
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    truncated: bool = False

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` stands in the original, half-open."""
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"no span [{start}, {end}) in a text of {len(self.text)}")
        return int(self.starts[start:end].min()), int(self.ends[start:end].max())


@dataclass(frozen=True, slots=True, kw_only=True)
class CueHit:
    """A known phrase found in a cleaned text.

    Attributes:
        start: Where it begins in the cleaned text.
        end: One past its end.
        cue: The id of the cue.
        kind: The kind of the cue, such as `insult` or `brush_off`; shown with the evidence.
        tone: The tone that it speaks for, or None for a cue that only says what is not meant.
        strength: How much it says on its own, in (0, 1]. Zero where another cue cancels it.
        says: What the phrase does, as a predicate: "sends the asker away".
    """

    start: int
    end: int
    cue: str
    kind: str
    tone: Tone | None
    strength: float
    says: str


class Contribution(NamedTuple):
    """How much a stretch of the cleaned text speaks for one tone; below zero, against it.

    What the weight means is up to the kind of model. The linear model's is what the stretch adds
    to the log-odds. The encoder's is how sure it is that the word carries the tone, less half of
    how sure it is of the surest word: no share of the probability, but a ranking.
    """

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reply made ready for scoring: its words, its parent's words, and the cues found."""

    prepared: Prepared
    parent: str = ""
    hits: tuple[CueHit, ...] = field(default=())
