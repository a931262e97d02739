"""Finds what no list of words can say: shouting, and questions fired one after another."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

from tonecheck.explain.tokens import BOUNDARY, Tokens

Shape = Callable[[str, Tokens], Iterator[tuple[int, int]]]
"""Takes a cleaned text and its tokens; yields spans of tokens, half-open."""

_SHOUT = re.compile(r"\b[A-Z]{2,}(?:[^\w.!?\n]+(?:[A-Z]{2,}|[AI])\b){2,}")
# A run of acronyms is no shouting: one of these has to be in it.
_PLAIN_WORDS = frozenset(
    "THE YOU YOUR NOT IS ARE THIS THAT AND TO OF IN IT DO NO WE THEY WHAT WHY HOW STOP NEVER ALL BE"
    " CAN WILL HAVE HAS WAS FOR ON WITH EVERY ANY JUST MUST".split()
)
_FEWEST_QUESTIONS = 3


def shouting(text: str, tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield every run of three or more words in capitals that holds a plain word."""
    for match in _SHOUT.finditer(text):
        if not _PLAIN_WORDS.isdisjoint(match.group().split()):
            yield (
                bisect_left(tokens.starts, match.start(), lo=1),  # the first is the text's boundary
                bisect_left(tokens.starts, match.end()),
            )


def question_barrage(text: str, tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield every run of three or more questions in a row of which most say "you" or "your"."""
    if text.count("?") < _FEWEST_QUESTIONS:
        return
    run: list[tuple[int, int]] = []
    for start, end, asks in [*_sentences(tokens), (0, 0, False)]:
        if asks:
            run.append((start, end))
            continue
        aimed = sum(not {"you", "your"}.isdisjoint(tokens.forms[s:e]) for s, e in run)
        if len(run) >= _FEWEST_QUESTIONS and aimed * 2 > len(run):
            yield run[0][0], run[-1][1]
        run = []


def _sentences(tokens: Tokens) -> Iterator[tuple[int, int, bool]]:
    start = 1
    for i, form in enumerate(tokens.forms[1:], 1):
        if form == BOUNDARY:
            if i > start:
                yield start, i, tokens.forms[i - 1] == "?"
            start = i + 1


SHAPES: dict[str, Shape] = {"shouting": shouting, "question_barrage": question_barrage}
