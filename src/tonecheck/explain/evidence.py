"""Finds the words of a reply that carry a tone: cues and the model's own weights, merged."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tonecheck.labels import Tone
from tonecheck.reading import Contribution, CueHit, Prepared, Reading
from tonecheck.verdict import Evidence

MODEL_CUE = "model"
"""The `cue` of evidence for which no known phrase stands, only the model's weights."""

MOST_SPANS = 3
MOST_WORDS = 12
_MODEL_WORDS = 8
_MOST_UNITS = 3 * _MODEL_WORDS
# Beside known phrases, the model's own phrase is shown if it holds this share of what speaks for
# the tone; less than that is noise.
_SHARE_TO_SHOW = 0.3
_MOST_CHARS = 160  # for text without spaces, where one "word" may be the whole message
_STRETCH = 3
_GAP = 3  # markup of this many characters, such as **, may stand inside a span
_TINY = 1e-9  # less than this is rounding
_WIDE = 8  # a cleaned character that stands for more than this, such as a link, ends a span

_UNIT = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]+")
_SENTENCE_END = re.compile(r"[.!?…\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A piece of evidence and how to speak of it.

    Attributes:
        evidence: The words as they stand in the original.
        shown: The same words cleaned, without markup.
        says: What they do, as a predicate; empty where only the model's weights speak.
    """

    evidence: Evidence
    shown: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A span of the cleaned text with what it counts."""

    start: int
    end: int
    cue: str
    says: str
    weight: float


def gather(
    reading: Reading, contributions: Mapping[Tone, Sequence[Contribution]], tone: Tone
) -> tuple[Finding, ...]:
    """Return up to three spans of the original that speak for a tone, the weightiest first.

    A span is a known phrase, or the phrase of up to eight words that the model's weights favour
    most. Spans consist of whole words, do not overlap and hold at most twelve words. A phrase
    counts for the strength of its cue and for its share of all that speaks for the tone.

    Args:
        reading: The reply.
        contributions: How much each stretch of the cleaned text speaks for each tone.
        tone: The tone to find evidence for.
    """
    words = _Words(reading.prepared.text, contributions.get(tone, ()))
    if not words.units:
        return ()
    known = [words.weighed(hits) for hits in _overlapping(reading.hits, tone)]
    own = words.model_phrase(known)
    candidates = sorted(known, key=lambda candidate: (-candidate.weight, candidate.start))
    if own and (not known or own.weight >= _SHARE_TO_SHOW):
        candidates.insert(MOST_SPANS - 1, own)
    found: list[Finding] = []
    for candidate in candidates:
        finding = _locate(reading.prepared, candidate)
        if all(_apart(finding.evidence, other.evidence) for other in found):
            found.append(finding)
        if len(found) == MOST_SPANS:
            break
    return tuple(sorted(found, key=lambda finding: -finding.evidence.weight))


class _Words:
    """The words and marks of a cleaned text, and how much each speaks for a tone."""

    def __init__(self, text: str, contributions: Sequence[Contribution]) -> None:
        self.text = text
        self.units = [match.span() for match in _UNIT.finditer(text)]
        self._is_word = [text[start].isalnum() for start, _ in self.units]
        self._starts = [start for start, _ in self.units]
        self._ends = [end for _, end in self.units]
        self._contributions = contributions
        self._gains = _gains(self.units, len(text), contributions)
        self._total = sum(gain for gain in self._gains if gain > 0)

    def weighed(self, hits: Sequence[CueHit]) -> _Candidate:
        """Return the phrase that overlapping hits make together, named after the strongest."""
        best = max(hits, key=lambda hit: (hit.strength, hit.end - hit.start))
        first, last = self._cover(min(h.start for h in hits), max(h.end for h in hits))
        if self._count(first, last) > MOST_WORDS:
            first, last = self._cover(best.start, best.end)
        first, last = self._opening(first, last)
        weight = 1 - (1 - best.strength) * (1 - self._share(first, last))
        return self._candidate(first, last, cue=best.kind, says=best.says, weight=weight)

    def model_phrase(self, known: Sequence[_Candidate]) -> _Candidate | None:
        """Return the phrase within a sentence whose weights sum highest, away from known ones.

        None if the model has nothing for the tone there.
        """
        taken = {i for c in known for i in range(*self._cover(c.start, c.end))}
        taken |= {self._cover(c.start, c.end)[1] for c in known}
        span = self._heaviest(taken)
        if span is None and not known:
            # Every word that has something for the tone has more against it.
            top = max(self._contributions, key=lambda c: c.weight, default=None)
            if top is not None and top.weight > 0:
                span = self._cover(top.start, top.end)
        if span is None:
            return None
        return self._candidate(*span, cue=MODEL_CUE, says="", weight=self._share(*span))

    def _heaviest(self, taken: set[int]) -> tuple[int, int] | None:
        """Return the units of up to eight words, of one sentence, that add most; None if nothing.

        A phrase that ends with a given unit adds most if the running sum before it is lowest.
        """
        sums = [0.0, *accumulate(self._gains)]
        words = [i for i, is_word in enumerate(self._is_word) if is_word]
        best, span = 0.0, None
        begin, passed = 0, 0  # where the sentence begins, and how many words are behind us
        for last in range(len(self.units)):
            passed += self._is_word[last]
            if last in taken or self._ends_sentence(last):
                begin = last + 1
                continue
            if self._after_line_end(last):
                begin = last
            if passed > _MODEL_WORDS:
                begin = max(begin, words[passed - _MODEL_WORDS - 1] + 1)
            if self._gains[last] <= 0:
                continue  # without it the phrase would add more
            begin = max(begin, last - _MOST_UNITS)  # marks are no words, but must not pile up
            lowest = min(sums[begin : last + 1])
            gain = sums[last + 1] - lowest
            if gain > best + _TINY:
                # The latest such place, so that words that add nothing stay outside.
                first = max(i for i in range(begin, last + 1) if sums[i] <= lowest + _TINY)
                best, span = gain, (first, last)
        return span

    def _ends_sentence(self, unit: int) -> bool:
        return not self._is_word[unit] and bool(_SENTENCE_END.search(self.text, *self.units[unit]))

    def _after_line_end(self, unit: int) -> bool:
        return unit > 0 and "\n" in self.text[self.units[unit - 1][1] : self.units[unit][0]]

    def _cover(self, start: int, end: int) -> tuple[int, int]:
        """Return the first and last unit that a span touches, or the next one."""
        first = min(bisect_right(self._ends, start), len(self.units) - 1)
        last = bisect_left(self._starts, end) - 1
        return first, max(first, last)

    def _opening(self, first: int, last: int) -> tuple[int, int]:
        """Return the first twelve words of a stretch; it reads better than one cut at both ends."""
        words = [i for i in range(first, last + 1) if self._is_word[i]]
        return (first, last) if len(words) <= MOST_WORDS else (first, words[MOST_WORDS - 1])

    def _candidate(
        self, first: int, last: int, *, cue: str, says: str, weight: float
    ) -> _Candidate:
        start, end = _trimmed(self.text, self.units[first][0], self.units[last][1])
        end = min(end, start + _MOST_CHARS)
        return _Candidate(
            start=start, end=end, cue=cue, says=says, weight=min(1.0, max(0.001, weight))
        )

    def _share(self, first: int, last: int) -> float:
        """Return how much of all that speaks for the tone lies on these units, in [0, 1]."""
        if self._total <= 0:
            return 0.0
        return max(0.0, min(1.0, sum(self._gains[first : last + 1]) / self._total))

    def _count(self, first: int, last: int) -> int:
        return sum(self._is_word[first : last + 1])


def _gains(
    units: Sequence[tuple[int, int]], length: int, contributions: Sequence[Contribution]
) -> list[float]:
    """Return what each unit adds, with the spaces before it; a span's weight is spread evenly."""
    steps = np.zeros(length + 1)
    if contributions:
        starts, ends, weights = map(np.array, zip(*contributions, strict=True))
        each = weights / (ends - starts)
        steps += np.bincount(starts, each, length + 1) - np.bincount(ends, each, length + 1)
    sums = np.concatenate(([0.0], np.cumsum(np.cumsum(steps[:length]))))
    at = sums[[0, *(end for _, end in units)]]
    gains: list[float] = np.diff(at).tolist()
    return gains


def _overlapping(hits: Iterable[CueHit], tone: Tone) -> list[list[CueHit]]:
    """Return the hits that count for a tone, those that overlap together."""
    groups: list[list[CueHit]] = []
    reached = -1
    live = (hit for hit in hits if hit.tone is tone and hit.strength > 0)
    for hit in sorted(live, key=lambda hit: (hit.start, hit.end)):
        if hit.start < reached:
            groups[-1].append(hit)
        else:
            groups.append([hit])
        reached = max(reached, hit.end)
    return groups


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without outer space and punctuation, or as it was if that is all it has."""
    first, last = start, end
    while first < last and _is_edge(text[first]):
        first += 1
    while last > first and _is_edge(text[last - 1]):
        last -= 1
    return (first, last) if first < last else (start, end)


def _is_edge(char: str) -> bool:
    return char.isspace() or unicodedata.category(char).startswith("P")


def _locate(prepared: Prepared, candidate: _Candidate) -> Finding:
    start, end = candidate.start, candidate.end
    begin, stop = prepared.locate(start, end)
    if stop - begin > _STRETCH * (end - start):
        start, end = _longest_part(prepared, start, end)
        begin, stop = prepared.locate(start, end)
    evidence = Evidence(
        start=begin,
        end=stop,
        text=prepared.original[begin:stop],
        cue=candidate.cue,
        weight=round(candidate.weight, 3),
    )
    return Finding(evidence=evidence, shown=prepared.text[start:end], says=candidate.says)


def _longest_part(prepared: Prepared, start: int, end: int) -> tuple[int, int]:
    """Return the longest part that stands in one piece in the original."""
    starts, ends = prepared.starts, prepared.ends
    cuts = [start]
    for i in range(start + 1, end):
        gap = abs(int(starts[i]) - int(ends[i - 1])) > _GAP and starts[i] != starts[i - 1]
        wide = any(int(ends[j]) - int(starts[j]) > _WIDE for j in (i - 1, i))
        if gap or wide:
            cuts.append(i)
    parts = [_trimmed(prepared.text, a, b) for a, b in zip(cuts, [*cuts[1:], end], strict=True)]
    worded = [part for part in parts if any(map(str.isalnum, prepared.text[part[0] : part[1]]))]
    return max(worded or parts, key=lambda part: part[1] - part[0])


def _apart(one: Evidence, other: Evidence) -> bool:
    return one.end <= other.start or other.end <= one.start
