import pytest

from tonecheck.conversation.reader import ThreadReader
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.messages import Message
from tonecheck.verdict import ToneScore, Verdict

LETTERS = {"h": Tone.HOSTILITY, "p": Tone.HUSTLING, "d": Tone.DISMISSIVENESS}


def verdict_of(key, tones="", p=0.9):
    flagged = {LETTERS[letter] for letter in tones}
    scores = {
        tone: ToneScore(
            probability=p if tone in flagged else 0.05,
            severity=Severity.CLEAR if tone in flagged else Severity.NONE,
            decision=Decision.YES if tone in flagged else Decision.NO,
        )
        for tone in TONES
    }
    return Verdict(id=key, tones=scores, explanation="", model="tiny@1")


class Forum:
    """Reads a thread written as rows: id, author, what is answered, tones flagged, text."""

    def __init__(self, rows, newcomers=None):
        self.reader = ThreadReader("t", newcomers=newcomers)
        self.told = []
        for row in rows:
            self.say(*row)

    def say(self, key, author, answers="", tones="", text="Well, I see.", p=0.9):
        message = Message(id=key, author=author, reply_to=answers, text=text)
        self.told.extend(self.reader.add(message, verdict_of(key, tones, p)))

    def found(self, pattern):
        return [one for one in self.reader.report().findings if one.pattern == pattern]


@pytest.fixture(scope="session")
def forum():
    return Forum


@pytest.fixture(scope="session")
def judged():
    return verdict_of
