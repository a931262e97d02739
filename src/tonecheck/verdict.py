"""What tonecheck says about one reply. Every class here is frozen and turns into plain JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tonecheck.labels import TONES, Decision, Severity, Tone

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA = 1
"""The version of the JSON form; it grows only when a key changes its meaning or goes away."""


class Note(StrEnum):
    """Why a verdict says less than usual."""

    EMPTY = "empty"
    NOT_ENGLISH = "not_english"
    TRUNCATED = "truncated"

    @property
    def meaning(self) -> str:
        """Return what the note means, in one sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Note.EMPTY: "Nothing here is in the author's own words, so there is nothing to judge.",
    Note.NOT_ENGLISH: "This does not look like English, the only language that this model reads.",
    Note.TRUNCATED: "Only the first part of this long message was read.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words of the reply that carry a tone.

    Attributes:
        start: First code point of the span in the original text.
        end: One past the last code point.
        text: The span itself: `original[start:end]`.
        cue: The kind of cue, such as `insult`, or `model` where only the model's weights speak.
        weight: How much the span counts, in (0, 1].
    """

    start: int
    end: int
    text: str
    cue: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneScore:
    """One tone of one reply: the probability, and what the policy makes of it."""

    probability: float
    severity: Severity
    decision: Decision
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What tonecheck says about one reply; a person decides what to do about it.

    Attributes:
        state: What an encoder made of the reply and what it answers, for the forecast of a thread;
            None where the model has none. It is in no output.
    """

    id: str
    tones: Mapping[Tone, ToneScore]
    explanation: str
    model: str
    truncated: bool = False
    note: Note | None = None
    state: "NDArray[np.float32] | None" = field(default=None, compare=False, repr=False)

    @property
    def flagged(self) -> tuple[Tone, ...]:
        """Return the tones whose decision is yes."""
        return tuple(t for t in TONES if self.tones[t].decision is Decision.YES)

    @property
    def unsure(self) -> tuple[Tone, ...]:
        """Return the tones that a person should look at."""
        return tuple(t for t in TONES if self.tones[t].decision is Decision.UNSURE)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON values, in the order that the contract fixes."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "tones": {str(tone): _tone_dict(self.tones[tone]) for tone in TONES},
            "explanation": self.explanation,
            "truncated": self.truncated,
            "note": str(self.note) if self.note else None,
            "model": self.model,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Verdict":
        """Return the verdict that `to_dict` wrote."""
        return cls(
            id=row["id"],
            tones={tone: _tone_score(row["tones"][tone]) for tone in TONES},
            explanation=row["explanation"],
            truncated=row["truncated"],
            note=Note(row["note"]) if row.get("note") else None,
            model=row["model"],
        )


def _tone_dict(score: ToneScore) -> dict[str, Any]:
    return {
        "probability": score.probability,
        "severity": str(score.severity),
        "decision": str(score.decision),
        "evidence": [
            {"start": e.start, "end": e.end, "text": e.text, "cue": e.cue, "weight": e.weight}
            for e in score.evidence
        ],
    }


def _tone_score(row: Mapping[str, Any]) -> ToneScore:
    return ToneScore(
        probability=row["probability"],
        severity=Severity(row["severity"]),
        decision=Decision(row["decision"]),
        evidence=tuple(Evidence(**e) for e in row["evidence"]),
    )
