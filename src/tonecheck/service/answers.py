"""What our own protocol answers, as its document describes it; `to_dict` makes the answers."""

from dataclasses import dataclass

from tonecheck.labels import Tone
from tonecheck.verdict import Note, ToneScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """What went wrong.

    Attributes:
        code: One word that does not change.
        message: What was wrong, what is allowed and what to do next.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """Why there is no verdict."""

    error: Error


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAnswer:
    """What tonecheck says about one reply; a person decides what to do about it.

    Attributes:
        schema: The version of this form.
        tones: Each tone's probability, and what the operator's thresholds make of it.
        note: Why the verdict says less than usual, if it does.
    """

    schema: int
    id: str
    tones: dict[Tone, ToneScore]
    explanation: str
    truncated: bool
    note: Note | None
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """What came of each reply, in order.

    Attributes:
        errors: How many of them have no verdict.
    """

    results: list[VerdictAnswer | ErrorAnswer]
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadAnswer:
    """What a thread shows, and the verdict on each message.

    Attributes:
        thread: The report that `ToneChecker.read_thread` gives.
    """

    thread: dict[str, object]
    verdicts: list[VerdictAnswer]
