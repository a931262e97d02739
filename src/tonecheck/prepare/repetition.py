"""Take out what a reply repeats from its parent, with or without quote marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import punctuation

from tonecheck.prepare.mapped import Edit, Span, cut

GRAM = 6
"""How many words in a row must stand in the parent to count as repeated, from a sentence's start.

Of such stretches in 6,000 replies of debate forums, nearly all that we read were repetitions. Most
of those that both began and ended within a sentence were the author's own, on the same topic.
"""

GRAM_WITHIN = 12
"""How many words in a row count as repeated where they begin within a sentence."""

OPENING = 4
"""From how many words on a whole sentence of the parent, opening the reply, counts as repeated."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*")
_SENTENCE_END = re.compile(r"[.!?\n]+")
# Punctuation goes with the words that it encloses; `@` may be a mention of the author's own.
_OPENERS = frozenset("\"'([{<>*_~-")
_STARTERS = frozenset(".!?:@\n")
_CLOSERS = frozenset(punctuation) - {"@"}

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParentWords:
    """What a reply may repeat: the parent's word sequences and its shorter sentences."""

    grams: frozenset[Gram]
    sentences: frozenset[Gram]
    marks: frozenset[str]

    @classmethod
    def of(cls, *texts: str) -> "ParentWords":
        """Return the words of all versions of a parent, such as raw and cleaned."""
        grams: set[Gram] = set()
        sentences: set[Gram] = set()
        known: list[str] = []
        for text in texts:
            words = _words(text)
            if words == known:
                continue  # cleaning changed no word, as mostly
            known = words
            grams.update(_grams(words))
            if len(words) >= OPENING:
                parts = (tuple(_words(part)) for part in _SENTENCE_END.split(text))
                sentences.update(part for part in parts if OPENING <= len(part) < GRAM)
        return cls(frozenset(grams), frozenset(sentences), frozenset("".join(texts)))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _grams(words: list[str]) -> Iterator[Gram]:
    return zip(*(words[n:] for n in range(GRAM)), strict=False)


def repeated(text: str, parent: ParentWords) -> list[Edit]:
    """Return edits that remove every stretch of words that stands in the parent.

    If nothing but marks that the parent has too is left then, such as its emoji, it goes as well.
    """
    if parent.grams.isdisjoint(_grams(_words(text))):
        return []
    edits = cut(text, sorted(_with_marks(text, span) for span in _repetitions(text, parent.grams)))
    rest, at = [], 0
    for start, end, _ in edits:
        rest.append(text[at:start])
        at = end
    left = "".join([*rest, text[at:]])
    if not _WORD.search(left) and parent.marks.issuperset("".join(left.split())):
        return [(0, len(text), "")]
    return edits


def _repetitions(text: str, grams: frozenset[Gram]) -> Iterator[Span]:
    """Yield the stretches that count: long ones, and those at the start of a sentence.

    The start of the text counts as one, and so does the end of a repetition.
    """
    reached = 0
    for start, end, size in sorted(_stretches(text, grams)):
        opens = not _WORD.search(text, reached, start) or _starts_sentence(text, start)
        if opens or size >= GRAM_WITHIN:
            yield start, end
            reached = max(reached, end)


def _starts_sentence(text: str, start: int) -> bool:
    while start > 0 and (text[start - 1] == " " or text[start - 1] in _OPENERS):
        start -= 1
    return text[start - 1 : start] in _STARTERS


def _stretches(text: str, grams: frozenset[Gram]) -> list[tuple[int, int, int]]:
    """Return start, end and number of words of each stretch that stands in the parent.

    Words go on a stack. When the topmost `GRAM` of them stand in the parent, they are marked, and
    stay to see how far the stretch reaches; the first word that does not extend it removes it, and
    is then looked at again on top of what lay beneath. So one pass finds nested repetition too.
    """
    stack: list[tuple[str, int, int]] = []
    stretches: list[tuple[int, int, int]] = []
    marked = 0  # how many words on top of the stack are a repetition
    for match in _WORD.finditer(text):
        stack.append((match.group().lower(), match.start(), match.end()))
        if _on_top(stack) in grams:
            marked = marked + 1 if marked else GRAM
        elif marked:
            word = stack.pop()
            stretches.append((stack[-marked][1], stack[-1][2], marked))
            del stack[-marked:]
            stack.append(word)
            marked = GRAM if _on_top(stack) in grams else 0
    if marked:
        stretches.append((stack[-marked][1], stack[-1][2], marked))
    return stretches


def _on_top(stack: list[tuple[str, int, int]]) -> Gram:
    return tuple(word for word, _, _ in stack[-GRAM:])


def _with_marks(text: str, span: Span) -> Span:
    start, end = span
    while start > 0 and text[start - 1] in _OPENERS:
        start -= 1
    while end < len(text) and text[end] in _CLOSERS:
        end += 1
    return start, end


def repeated_opening(text: str, parent: ParentWords) -> list[Edit]:
    """Return the edit that removes short whole sentences of the parent where the reply opens."""
    if not parent.sentences:
        return []
    end = 0
    while end < len(text):
        sentence = _SENTENCE.match(text, end)
        if sentence is None or tuple(_words(sentence.group())) not in parent.sentences:
            break
        end = sentence.end()
    return [(0, end, "")] if end else []
