"""One message as the patterns of a thread see it."""

from dataclasses import dataclass

from tonecheck.conversation.latest import Latest
from tonecheck.conversation.links import KEPT
from tonecheck.labels import Decision, Tone
from tonecheck.messages import Message
from tonecheck.prepare import prepare
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


class Turns:
    """Makes turns of the messages of one thread, as they come."""

    def __init__(self) -> None:
        self._authors = Latest[str, str](KEPT)
        self._count = 0

    def next(self, message: Message, verdict: Verdict) -> Turn:
        """Return the turn of the next message."""
        self._count += 1
        key = message.id or str(self._count)
        turn = Turn(
            number=self._count,
            key=key,
            author=message.author,
            words=prepare(message.text).text,
            verdict=verdict,
            answers=message.reply_to,
            to=self._authors.get(message.reply_to) or "",
        )
        self._authors.put(key, message.author)
        return turn
