"""Says in one sentence what the words of a reply do, never what their author is."""

import re
from collections.abc import Mapping, Sequence

from tonecheck.explain.evidence import Finding
from tonecheck.labels import TONES, Decision, Tone
from tonecheck.verdict import Note, ToneScore

MOST_WORDS = 25
_QUOTED_WORDS = 6
_FEWER_QUOTED_WORDS = 3
_QUOTED_CHARS = 60
_IRREGULAR = {"is": "be", "has": "have", "does": "do", "goes": "go", "lies": "lie"}
_SIBILANTS = ("sses", "shes", "ches", "xes", "zes")
_FUNCTION_WORDS = frozenset(
    """about after all also and any are because been before but can did does for from get give got
    had has have her here him his how into its just let more most not now off one only other our
    out over own per put read some such than that the their them then there these they this those
    too under until upon use very was were what when where which while who why will with would
    yes yet you your""".split()
)
_INNER_QUOTES = str.maketrans("“”", "‘’")


def explain(
    scores: Mapping[Tone, ToneScore],
    findings: Mapping[Tone, Sequence[Finding]],
    note: Note | None = None,
) -> str:
    """Return one sentence of at most 25 words on what the reply's words do.

    A sentence on a tone that is only unsure says "may" and leaves the decision to a person. What
    it quotes is plain text, not escaped.

    Args:
        scores: The score of every tone.
        findings: The evidence of each tone that is not `no`, the weightiest first.
        note: Why the verdict says less than usual, if it does.
    """
    if note in (Note.EMPTY, Note.NOT_ENGLISH):
        return note.meaning
    tones = _to_explain(scores)
    if not tones:
        where = " in the part that was read" if note is Note.TRUNCATED else ""
        return f"No hostile, hustling or dismissive wording found{where}."
    unsure = scores[tones[0]].decision is Decision.UNSURE
    wordings = [_Wording(tone, findings.get(tone, ()), unsure) for tone in tones]
    return next(s for s in _sentences(wordings) if len(s.split()) <= MOST_WORDS)


def _to_explain(scores: Mapping[Tone, ToneScore]) -> list[Tone]:
    """Return the two strongest flagged tones, or if there are none the two strongest unsure."""
    for decision in (Decision.YES, Decision.UNSURE):
        tones = [tone for tone in TONES if scores[tone].decision is decision]
        if tones:
            return sorted(tones, key=lambda tone: -scores[tone].probability)[:2]
    return []


class _Wording:
    """How a tone of a reply is put into words."""

    def __init__(self, tone: Tone, findings: Sequence[Finding], unsure: bool) -> None:
        self.unsure = unsure
        self.tone = tone
        self._text = ""
        self.says = ""
        # A known phrase can say what it does; the model's own phrase cannot, however weighty.
        for finding in sorted(findings, key=lambda finding: not finding.says)[:1]:
            self._text, self.says = finding.shown, finding.says

    def quote(self, words: int) -> str:
        """Return the evidence in quotation marks, shortened; empty if there is none to show."""
        text = " ".join("".join(c if c.isprintable() else " " for c in self._text).split())
        if not text or not (self.says or _has_content(text)):
            return ""
        shown = " ".join(text.split()[:words])[:_QUOTED_CHARS].rstrip().translate(_INNER_QUOTES)
        return f"“{shown}{'…' if len(shown) < len(text) else ''}”"

    def predicate(self) -> str:
        """Return what the words do."""
        if self.says:
            return f"may {bare(self.says)}" if self.unsure else self.says
        if self.unsure:
            return f"may read as {self.tone.adjective}"
        return f"resembles replies marked as {self.tone.adjective}"

    def clause(self, words: int) -> str:
        """Return subject and predicate."""
        return f"{self.quote(words) or 'the wording'} {self.predicate()}"


def _sentences(wordings: Sequence[_Wording]) -> list[str]:
    """Return ways to say it, the fullest first; the last is short enough for any evidence."""
    first, *others = wordings
    ending = "; a person should decide" if first.unsure else ""
    ways = []
    for other in others:
        twice = first.says and first.says == other.says
        for words in () if twice else (_QUOTED_WORDS, _FEWER_QUOTED_WORDS):
            if first.quote(words) != other.quote(words):
                second = f", and {other.clause(words)}"
            elif first.says or other.says:
                second = f" and {other.predicate()}"
            else:
                second = f" and {other.tone.adjective}"
            ways.append(f"{first.clause(words)}{second}{ending}")
        also = "it may also read as" if first.unsure else "it also reads as"
        ways.append(f"{first.clause(_QUOTED_WORDS)}; {also} {other.tone.adjective}")
    ways.append(f"{first.clause(_QUOTED_WORDS)}{ending}")
    return [f"{way[0].upper()}{way[1:]}." for way in ways]


def _has_content(text: str) -> bool:
    """Return whether a phrase holds more than words that hold a sentence together."""
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower())
    return any(len(word) > 2 and word not in _FUNCTION_WORDS for word in words)


def bare(predicate: str) -> str:
    """Return a predicate as it stands after "may": "sends it away" gives "send it away"."""
    verb, *rest = predicate.split(" ")
    if verb in _IRREGULAR:
        verb = _IRREGULAR[verb]
    elif verb.endswith("ies"):
        verb = verb[:-3] + "y"
    elif verb.endswith(_SIBILANTS):
        verb = verb[:-2]
    else:
        verb = verb.removesuffix("s")
    return " ".join([verb, *rest])
