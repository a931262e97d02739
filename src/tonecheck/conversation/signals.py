"""What the forecast reads of a growing thread: numbers and words, in constant time a message."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonecheck.conversation.turn import Turn
from tonecheck.conversation.wording import COUNTED, count_wording
from tonecheck.labels import TONES
from tonecheck.scorers.ngrams import BUCKET_BITS, word_grams

Numbers = NDArray[np.float64]

KEPT_TURNS = 6
"""How many of the latest messages the words are taken from."""

WORD_BITS = 16
"""Words and pairs of words are told apart by a number below 2 to this power."""

_MOST_CHARS = 8000  # of a message that are read
_KEEP = 0.5  # a message counts half as much as the one after it
_FURTHEST = 6.0  # log-odds beyond which more makes no difference
_PEOPLE = 1000  # who are remembered

_TONE_SIGNALS = tuple(
    f"{tone}.{when}"
    for when in ("latest", "previous", "highest", "average", "recent")
    for tone in TONES
)
_WORDING_SIGNALS = tuple(f"{name}.{when}" for when in ("latest", "recent") for name in COUNTED)
_TURN_SIGNALS = ("back_and_forth", "own_run", "people")

SIGNALS = (*_TONE_SIGNALS, *_WORDING_SIGNALS, *_TURN_SIGNALS)
"""The names of the numbers, in order."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to forecast from, after a message.

    Attributes:
        numbers: One for each of `SIGNALS`.
        latest: How often each word number is in the latest message.
        context: The same for the latest messages together.
        states: The encoder's states, of the latest message, the one before and their mean so far,
            one after the other; None where a model has none.
        messages: How many messages there have been.
    """

    numbers: Numbers
    latest: Mapping[int, int]
    context: Mapping[int, int]
    states: Numbers | None
    messages: int


class Signals:
    """Takes the turns of one thread, and keeps what the forecast needs of them."""

    def __init__(self) -> None:
        self._count = 0
        self._tones = _Running(len(TONES))
        self._wording = _Running(len(COUNTED))
        self._words: deque[Mapping[int, int]] = deque(maxlen=KEPT_TURNS)
        self._states: _Running | None = None
        self._authors: deque[str] = deque(["", ""], maxlen=2)
        self._run = 0
        self._people: set[str] = set()

    def take(self, turn: Turn) -> Snapshot:
        """Take the next turn, and return what there is to forecast from after it."""
        self._count += 1
        odds = [_log_odds(turn.verdict.tones[tone].probability) for tone in TONES]
        self._tones.take(np.array(odds))
        counts = count_wording(turn.words)
        self._wording.take(np.array([counts[name] for name in COUNTED]))
        self._words.append(_count_grams(turn.words))
        tones, wording = self._tones, self._wording
        speakers = self._speakers(turn.author)
        numbers = np.concatenate(
            (
                *(tones.latest, tones.previous, tones.highest, tones.average, tones.recent),
                *(wording.latest, wording.recent, speakers),
            )
        )
        return Snapshot(
            numbers=numbers,
            latest=self._words[-1],
            context=_together(self._words),
            states=self._take_state(turn.verdict.state),
            messages=self._count,
        )

    def _take_state(self, state: NDArray[np.float32] | None) -> Numbers | None:
        if state is None:
            self._states = None
            return None
        if self._states is None:
            self._states = _Running(len(state))
        self._states.take(state.astype(np.float64))
        running = self._states
        return np.concatenate([running.latest, running.previous, running.average])

    def _speakers(self, author: str) -> Numbers:
        before, between = self._authors
        back = bool(author) and author == before and author != between
        self._run = self._run + 1 if author and author == between else 0
        self._authors.append(author)
        if author and len(self._people) < _PEOPLE:
            self._people.add(author)
        return np.array([float(back), math.log1p(self._run), math.log1p(len(self._people))])


class _Running:
    """The latest, previous, highest, mean and fading mean of numbers, as they come."""

    def __init__(self, size: int) -> None:
        self.latest = self.previous = self.average = self.recent = np.zeros(size)
        self.highest = np.full(size, -np.inf)
        self._count = 0
        self._weight = 0.0

    def take(self, values: Numbers) -> None:
        self.previous = self.latest if self._count else values
        self.latest = values
        self._count += 1
        self.highest = np.maximum(self.highest, values)
        self.average = self.average + (values - self.average) / self._count
        self._weight = self._weight * _KEEP + 1
        self.recent = self.recent + (values - self.recent) / self._weight


def _log_odds(probability: float) -> float:
    if probability in (0.0, 1.0):
        return math.copysign(_FURTHEST, probability - 0.5)
    odds = math.log(probability / (1 - probability))
    return max(-_FURTHEST, min(_FURTHEST, odds))


def _count_grams(words: str) -> Mapping[int, int]:
    grams = word_grams([words[:_MOST_CHARS]])
    buckets, counts = np.unique(grams.buckets >> (BUCKET_BITS - WORD_BITS), return_counts=True)
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


def _together(messages: deque[Mapping[int, int]]) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for message in messages:
        for bucket, count in message.items():
            counts[bucket] = counts.get(bucket, 0) + count
    return counts
