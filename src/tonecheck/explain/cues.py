"""Finds the cues of a cleaned text: known phrases that speak for a tone, or that take one back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from tonecheck.errors import ConfigError
from tonecheck.explain.catalogue import Cue, read_cues
from tonecheck.explain.shapes import SHAPES
from tonecheck.explain.tokens import BOUNDARY, Tokens, split
from tonecheck.reading import CueHit

_UNKNOWN = "_"
# What follows one of these is a new clause, which a cancelling cue before it does not govern.
_CLAUSE_ENDS = frozenset((BOUNDARY, ",", ";", ":", "but", "yet"))
# Too frequent to be worth starting a Matcher for.
_FREQUENT = frozenset(
    "i you he she it we they your the a an to of in is are was be do does did have has not and or"
    ' that this for on with as at by if so what who how all can will would enough , ? "'.split()
)

_MOST_TOKENS = 12  # no pattern spans more

_Span = tuple[Cue, int, int]


class CueFinder:
    """Finds cues; load it once and use it for many texts.

    Phrases are looked up with spaCy's PhraseMatcher. Its Matcher, which allows for gaps and costs
    some 5 microseconds a pattern and reply, runs only where a rare word of the pattern occurs.
    Words that no cue holds are replaced by a placeholder first, so that the vocabulary stays the
    same however much text goes through.

    Example:
        >>> finder = CueFinder.load()
        >>> [hit.cue for hit in finder.find("Just google it.")]
        ['dismissiveness.just_google_it']
    """

    def __init__(self, cues: Iterable[Cue]) -> None:
        self.cues: tuple[Cue, ...] = tuple(cues)
        self._vocab = Vocab()
        self._phrases = PhraseMatcher(self._vocab, attr="ORTH")
        self._by_key: dict[int, Cue] = {}
        self._matchers: dict[str, list[Matcher]] = {}
        self._known = {BOUNDARY, "?"}
        self._shapes = [(cue, SHAPES[cue.shape]) for cue in self.cues if cue.shape]
        for cue in self.cues:
            self._add(cue)

    @classmethod
    def load(cls) -> "CueFinder":
        """Return a finder of the cues that ship with the package."""
        return cls(read_cues())

    def find(self, text: str) -> tuple[CueHit, ...]:
        """Return the cues of a cleaned text, sorted by start, end and cue.

        A hit that a cancelling cue takes back stays, with strength 0. That is so where the two
        overlap (unless the hit has the cancelling cue inside itself), and where the hit begins
        within the reach, in words, of a cancelling cue that stands before it in the same clause.
        """
        tokens = split(text)
        spans = _longest(self._spans(text, tokens))
        cancelled = _Cancelled(spans, tokens.forms)
        hits = [_hit(span, tokens, cancelled) for span in spans]
        return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end, hit.cue)))

    def find_many(self, texts: Iterable[str]) -> Iterator[tuple[CueHit, ...]]:
        """Yield the cues of each cleaned text, in order."""
        return map(self.find, texts)

    def _add(self, cue: Cue) -> None:
        self._by_key[self._vocab.strings.add(cue.id)] = cue
        if cue.phrases:
            self._phrases.add(cue.id, [Doc(self._vocab, words=list(p)) for p in cue.phrases])
            self._known.update(*cue.phrases)
        if cue.patterns:
            matcher = Matcher(self._vocab)
            matcher.add(cue.id, [[dict(token) for token in p] for p in cue.patterns])
            for pattern in cue.patterns:
                self._known.update(*map(_literals, pattern))
                for word in _anchor(cue, pattern):
                    self._matchers.setdefault(word, []).append(matcher)

    def _spans(self, text: str, tokens: Tokens) -> Iterator[_Span]:
        known = self._known
        words = [form if form in known else _UNKNOWN for form in tokens.forms]
        doc = Doc(self._vocab, words=words)
        for key, start, end in self._phrases(doc):
            yield self._by_key[key], start, end
        for matcher, first, last in self._triggered(words):
            begin = max(0, first - _MOST_TOKENS)
            for key, start, end in matcher(doc[begin : last + _MOST_TOKENS]):
                yield self._by_key[key], begin + start, begin + end
        for cue, shape in self._shapes:
            for start, end in shape(text, tokens):
                yield cue, start, end

    def _triggered(self, words: Sequence[str]) -> Iterable[tuple[Matcher, int, int]]:
        """Return the matchers that have a chance, with the first and last place that gives it."""
        places: dict[int, tuple[Matcher, int, int]] = {}
        for i in [i for i, word in enumerate(words) if word in self._matchers]:
            for matcher in self._matchers[words[i]]:
                _, first, _ = places.get(id(matcher), (matcher, i, i))
                places[id(matcher)] = (matcher, first, i)
        return places.values()


def _literals(token: Mapping[str, Any]) -> Iterable[str]:
    """Return the words that a pattern token names, whether it wants or forbids them."""
    wanted = token.get("ORTH", ())
    if isinstance(wanted, dict):
        return [word for words in wanted.values() for word in words]
    return [wanted] if wanted else ()


def _anchor(cue: Cue, pattern: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Return the words one of which a text must hold for the pattern to match.

    Raises:
        ConfigError: If the pattern has no such words, or only frequent ones.
    """
    for token in reversed(pattern):  # the last words of a pattern are mostly its rarest
        wanted = token.get("ORTH", ())
        optional = token.get("OP", "1") != "1" or (isinstance(wanted, dict) and "IN" not in wanted)
        words = _literals(token)
        if words and not optional and _FREQUENT.isdisjoint(words):
            return words
    raise ConfigError(
        f"{cue.id}: a pattern needs one token that must be there and names only rare words. "
        "Add one, or write phrases."
    )


def _longest(spans: Iterable[_Span]) -> list[_Span]:
    """Return the spans, without those that overlap a longer one of the same cue."""
    kept: list[_Span] = []
    covered: dict[str, set[int]] = {}
    for cue, start, end in sorted(spans, key=lambda span: (span[1] - span[2], span[1])):
        own = covered.setdefault(cue.id, set())
        if own.isdisjoint(range(start, end)):
            own.update(range(start, end))
            kept.append((cue, start, end))
    return kept


class _Cancelled:
    """Which tokens cancelling cues cover, and at which a cue begins in vain."""

    def __init__(self, spans: Iterable[_Span], forms: list[str]) -> None:
        self._covers: dict[int, list[tuple[int, int]]] = {}
        self._governed: set[int] = set()
        for cue, start, end in spans:
            if cue.tone is not None:
                continue
            for i in range(start, end):
                self._covers.setdefault(i, []).append((start, end))
            for i in range(end, min(end + cue.reach + 1, len(forms))):
                if forms[i] in _CLAUSE_ENDS:
                    break
                self._governed.add(i)

    def holds(self, start: int, end: int) -> bool:
        """Return whether a cue at these tokens is taken back."""
        if start in self._governed:
            return True
        over = (span for i in range(start, end) for span in self._covers.get(i, ()))
        # A cue that has a cancelling cue inside itself knew about it: "I don't think you get it".
        return any(s < start or end < e or (s, e) == (start, end) for s, e in over)


def _hit(span: _Span, tokens: Tokens, cancelled: _Cancelled) -> CueHit:
    cue, first, last = span[0], span[1], span[2] - 1
    while tokens.forms[first] == BOUNDARY and first < last:
        first += 1
    while tokens.forms[last] == BOUNDARY and first < last:
        last -= 1
    return CueHit(
        start=tokens.starts[first],
        end=tokens.ends[last],
        cue=cue.id,
        kind=cue.kind,
        tone=cue.tone,
        strength=0.0 if cue.tone and cancelled.holds(first, last + 1) else cue.strength,
        says=cue.says,
    )
