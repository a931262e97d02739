import json
import re
import sys
from collections.abc import Iterable, Iterator

import pytest

from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.messages import Message
from tonecheck.policy import Band
from tonecheck.verdict import Evidence, Note, ToneScore, Verdict

WORDS = {
    "idiot": (Tone.HOSTILITY, 0.95),
    "moaner": (Tone.HOSTILITY, 0.6),
    "obviously": (Tone.HUSTLING, 0.7),
    "google it": (Tone.DISMISSIVENESS, 0.9),
    "hmpf": (Tone.DISMISSIVENESS, 0.45),
}


class WordChecker:
    """Flags a handful of words, so that tests know what must come out."""

    model = "words@1.0.0"
    policy = dict.fromkeys(TONES, Band(unsure_at=0.4, yes_at=0.55, clear_at=0.8))

    def __init__(self, words=WORDS) -> None:
        self.words = words
        self.card = {
            str(tone): {"precision": {"value": 0.72, "low": 0.6, "high": 0.8}} for tone in TONES
        }
        self.seen: list[Message] = []

    def check_many(self, messages: Iterable[Message]) -> Iterator[Verdict]:
        for message in messages:
            self.seen.append(message)
            yield self._check(message)

    def _check(self, message: Message) -> Verdict:
        note = None if message.text.strip() else Note.EMPTY
        if "ñ" in message.text:
            note = Note.NOT_ENGLISH
        tones = {tone: self._score(message.text, tone) for tone in TONES}
        words = [e.text for score in tones.values() for e in score.evidence]
        explanation = f"The words “{words[0]}” carry it." if words else ""
        return Verdict(
            id=message.id, tones=tones, explanation=explanation, model=self.model, note=note
        )

    def _score(self, text: str, tone: Tone) -> ToneScore:
        found = [
            (match, probability)
            for word, (home, probability) in self.words.items()
            if home is tone
            for match in re.finditer(word, text)
        ]
        probability = max((p for _, p in found), default=0.02)
        band = self.policy[tone]
        return ToneScore(
            probability=probability,
            severity=band.grade(probability) if found else Severity.NONE,
            decision=band.decide(probability) if found else Decision.NO,
            evidence=tuple(
                Evidence(start=m.start(), end=m.end(), text=m.group(), cue="word", weight=p)
                for m, p in found
            ),
        )


@pytest.fixture(scope="session")
def check_words():
    """Check by `WordChecker`, where a test runs many times and a fixture once."""
    return lambda message: next(WordChecker().check_many([message]))


@pytest.fixture
def checker():
    return WordChecker()


@pytest.fixture
def write_export(tmp_path):
    """Write rows as JSON lines, which the table reader takes."""

    def write(rows, name="forum.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def without_charts(monkeypatch):
    """Make the extra that draws charts look as if it were not installed; it also saves time."""
    monkeypatch.setitem(sys.modules, "altair", None)


@pytest.fixture
def audit(tmp_path, checker, write_export, without_charts):
    """Audit rows and return the folder with the files."""

    def run(rows, **options):
        path = write_export(rows)
        return run_audit([path], tmp_path / "out", checker, options=AuditOptions(**options)).out

    return run


@pytest.fixture
def lines():
    """Read a file of JSON lines."""

    def read(path):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    return read


@pytest.fixture
def forum():
    """Return a small forum: two threads, four people, one rude, one pushy, one dismissive reply."""

    def row(number, thread, author, text, reply_to=None):
        return {
            "id": f"m{number}",
            "thread": thread,
            "title": {"a": "Inverting a matrix", "b": "Exam dates"}[thread],
            "author": author,
            "time": f"2026-09-{7 + number:02d}T10:00:00Z",
            "reply_to": reply_to and f"m{reply_to}",
            "text": text,
        }

    return [
        row(1, "a", "Maya Okafor", "How do I invert a matrix?"),
        row(2, "a", "Rhys Gale", "Just google it, Maya.", reply_to=1),
        row(3, "b", "Ines Sol", "When is the exam?"),
        row(4, "a", "Rhys Gale", "You idiot, Maya Okafor, obviously row by row.", reply_to=1),
        row(5, "b", "Tomo Abe", "In week six, see the plan.", reply_to=3),
        row(6, "b", "Maya Okafor", "hmpf", reply_to=5),
    ]
