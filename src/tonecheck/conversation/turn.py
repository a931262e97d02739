"""One message as the patterns of a thread see it."""

from dataclasses import dataclass

from tonecheck.labels import Decision, Tone
from tonecheck.verdict import Verdict

UNKIND = (Tone.HOSTILITY, Tone.DISMISSIVENESS)
"""The tones that are aimed at a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a thread, with its verdict and whom it answers.

    Attributes:
        number: Its place in the thread, from 1.
        key: Its id, or its number where the source gives none.
        author: Who wrote it, or empty.
        words: What the author wrote, without quotes, code and markup.
        verdict: What tonecheck says about it.
        answers: The key of the message that it answers, or empty.
        to: Who wrote that message, or empty where it is not known.
    """

    number: int
    key: str
    author: str
    words: str
    verdict: Verdict
    answers: str = ""
    to: str = ""

    @property
    def unkind(self) -> bool:
        """Return whether it is flagged as hostile or dismissive; unsure does not count."""
        return any(self.says(tone) for tone in UNKIND)

    @property
    def addressed(self) -> bool:
        """Return whether it answers somebody else, and both are known."""
        return bool(self.author and self.to) and self.author != self.to

    def says(self, tone: Tone) -> bool:
        """Return whether a tone is flagged."""
        return self.verdict.tones[tone].decision is Decision.YES
