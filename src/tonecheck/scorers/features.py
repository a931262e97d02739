"""What a linear model sees beside n-grams: known cues, the reply's shape, and its parent.

Every value lies between about 0 and 1, so that one regularisation suits all columns.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tonecheck.reading import Reading

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_YOU = frozenset("you your yours yourself u ur you're you've you'd you'll".split())
_ME = frozenset("i me my mine i'm i've i'd i'll we our us".split())
_THANKS = frozenset("thanks thank please sorry thx cheers appreciate grateful welcome".split())
_HEDGES = frozenset(
    "maybe perhaps might could seems think guess probably somewhat possibly".split()
)
_ALWAYS = frozenset("always never everyone nobody obviously clearly fact period must every".split())
_LINK = "🔗"  # what `prepare` leaves of a web address

SHAPE: tuple[str, ...] = (
    "words",
    "very_short",
    "capitals",
    "capital_words",
    "exclamations",
    "questions",
    "question_share",
    "dots",
    "quotes",
    "you",
    "me",
    "thanks",
    "hedges",
    "absolutes",
    "link",
    "starts_with_you",
    "ends_with_question",
)
PARENT: tuple[str, ...] = (
    "has_parent",
    "parent_asks",
    "parent_words",
    "words_shared",
    "short_for_parent",
    "short_answer_to_question",
    "parent_thanks",
)


def columns(kinds: Sequence[str]) -> list[str]:
    """Return the names of the columns, given the kinds of cue that a model knows."""
    return [*(f"kind:{kind}" for kind in kinds), *SHAPE, *PARENT]


def matrix(readings: Sequence[Reading], kinds: Sequence[str]) -> NDArray[np.float64]:
    """Return the columns' values, shape (readings, columns)."""
    places = {kind: place for place, kind in enumerate(kinds)}
    rows = []
    for reading in readings:
        words = _WORD.findall(reading.prepared.text)
        shape = _shape(reading.prepared.text, words)
        rows.append([*_kinds(reading, places), *shape, *_parent(reading, words)])
    return np.array(rows, dtype=np.float64).reshape(len(readings), len(columns(kinds)))


def _kinds(reading: Reading, places: dict[str, int]) -> list[float]:
    values = [0.0] * len(places)
    for hit in reading.hits:
        place = places.get(hit.kind)
        if place is not None and hit.strength > 0:
            values[place] = 1.0
    return values


def _shape(text: str, words: Sequence[str]) -> list[float]:
    count = max(len(words), 1)
    lowered = [word.lower() for word in words]
    letters = len([*filter(str.isalpha, text)]) or 1
    capitals = sum(1 for word in words if len(word) > 2 and word.isupper())
    questions = text.count("?")
    return [
        _log(len(words), 400),
        1.0 if len(words) <= 6 else 0.0,
        len([*filter(str.isupper, text)]) / letters,
        _log(capitals, 10),
        _log(text.count("!"), 10),
        _log(questions, 10),
        min(questions * 10 / count, 1.0),
        _log(text.count("..."), 5),
        _log(text.count('"'), 8),
        _share(lowered, _YOU),
        _share(lowered, _ME),
        _share(lowered, _THANKS),
        _share(lowered, _HEDGES),
        _share(lowered, _ALWAYS),
        1.0 if _LINK in text else 0.0,
        1.0 if lowered and lowered[0] in _YOU else 0.0,
        1.0 if text.rstrip().endswith("?") else 0.0,
    ]


def _parent(reading: Reading, words: Sequence[str]) -> list[float]:
    if not reading.parent:
        return [0.0] * len(PARENT)
    parent = [word.lower() for word in _WORD.findall(reading.parent)]
    known = set(parent)
    shared = sum(1 for word in words if len(word) > 3 and word.lower() in known)
    asks = 1.0 if "?" in reading.parent else 0.0
    short = 1.0 if len(words) * 4 < len(parent) else 0.0
    return [
        1.0,
        asks,
        _log(len(parent), 400),
        shared / max(len(words), 1),
        short,
        asks if len(words) <= 12 else 0.0,
        1.0 if _THANKS & known else 0.0,
    ]


def _log(count: int, most: int) -> float:
    return min(math.log1p(count) / math.log1p(most), 1.0)


def _share(words: Sequence[str], wanted: frozenset[str]) -> float:
    return min(5 * len([word for word in words if word in wanted]) / max(len(words), 1), 1.0)
