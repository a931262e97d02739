"""Conversations as the forecast reads them: what there is to go by after each message."""

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tonecheck.checker import ToneChecker
from tonecheck.conversation.forecast import EVIDENCE, HORIZON, WORDS
from tonecheck.conversation.links import Links
from tonecheck.conversation.signals import WORD_BITS, Signals, Snapshot
from tonecheck.conversation.turn import Turns
from tonecheck.messages import Message
from tonecheck.training.conversations import Conversation
from tonecheck.verdict import Verdict

FOLDS = 5
NEARER = 0.5
"""A message counts this much of the one after it: the nearer to the outcome, the more it tells."""

COUNTS = {"cmv_ad_hominem_threads": 0.1}
"""How much a corpus counts whose outcomes, a removal or a change of mind, are far apart.

Most talks end in neither, as the other corpus has it; with more, talks of that kind are told worse.
"""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Every moment of every conversation: after its first message, after its second and so on.

    Attributes:
        numbers: The signals, shape (moments, signals).
        states: The encoder's states, shape (moments, 3 × width), or None without an encoder.
        words: Logarithmic counts of words for each of `WORDS`, shape (moments, words).
        owner: Which conversation each moment belongs to.
        left: How many messages stand between it and the outcome; 1 after the last that is known.
        messages: How many messages there have been.
        sources: The corpus of each conversation.
        turned: Whether each conversation turned personal.
        folds: Which fold each conversation is in; those of one group are together.
    """

    numbers: Floats
    states: Floats | None
    words: Mapping[str, Any]
    owner: Ints
    left: Ints
    messages: Ints
    sources: NDArray[np.str_]
    turned: NDArray[np.bool_]
    folds: Ints

    @property
    def near(self) -> NDArray[np.bool_]:
        """Return which moments are so near to the outcome that it is to be foreseen."""
        return np.asarray(self.left <= HORIZON)

    @property
    def enough(self) -> NDArray[np.bool_]:
        """Return at which moments a forecast is given, or is all there will be."""
        return np.asarray((self.messages >= EVIDENCE) | (self.left == 1))

    @property
    def answers(self) -> NDArray[np.bool_]:
        """Return for each moment whether its conversation turned."""
        return np.asarray(self.turned[self.owner])

    @property
    def weights(self) -> Floats:
        """Return how much each moment counts."""
        counts = np.array([COUNTS.get(source, 1.0) for source in self.sources.tolist()])
        return np.asarray(NEARER ** (self.left - 1.0) * counts[self.owner])


def read_moments(
    conversations: Sequence[Conversation], checker: ToneChecker, *, seed: int
) -> Moments:
    """Return what there is to go by at each moment of each conversation.

    Args:
        conversations: What was said, and how it went on.
        checker: Judges the messages.
        seed: Of the folds.
    """
    owners, snapshots = [], []
    for place, snapshot in _snapshots(conversations, checker):
        owners.append(place)
        snapshots.append(snapshot)
    owner = np.array(owners)
    messages = np.array([snapshot.messages for snapshot in snapshots])
    states = [snapshot.states for snapshot in snapshots if snapshot.states is not None]
    return Moments(
        numbers=np.array([snapshot.numbers for snapshot in snapshots]),
        states=np.array(states) if len(states) == len(snapshots) else None,
        words={kind: _matrix(getattr(each, kind) for each in snapshots) for kind in WORDS},
        owner=owner,
        left=np.bincount(owner)[owner] - messages + 1,
        messages=messages,
        sources=np.array([conversation.source for conversation in conversations]),
        turned=np.array([conversation.turned for conversation in conversations]),
        folds=_fold([conversation.group for conversation in conversations], seed),
    )


def _snapshots(
    conversations: Sequence[Conversation], checker: ToneChecker
) -> Iterator[tuple[int, Snapshot]]:
    """Yield each moment with its conversation's place; messages are judged in batches."""
    read, judged = itertools.tee(_linked(conversations))
    verdicts = checker.check_many(message for _, message in judged)
    pairs = zip(read, verdicts, strict=True)
    for place, group in itertools.groupby(pairs, key=lambda pair: pair[0][0]):
        yield from ((place, snapshot) for snapshot in _follow((m, v) for (_, m), v in group))


def _linked(conversations: Sequence[Conversation]) -> Iterator[tuple[int, Message]]:
    for place, conversation in enumerate(conversations):
        links = Links()
        for message in conversation.messages:
            yield place, links.fill(message)


def _follow(said: Iterable[tuple[Message, Verdict]]) -> Iterator[Snapshot]:
    turns, signals = Turns(), Signals()
    for message, verdict in said:
        yield signals.take(turns.next(message, verdict))


def _matrix(counts: Iterable[Mapping[int, int]]) -> Any:  # noqa: ANN401  scipy carries no types
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    count = 0
    for count, row in enumerate(counts, start=1):
        rows.extend([count - 1] * len(row))
        columns.extend(row)
        values.extend(row.values())
    logarithms = 1 + np.log(np.array(values, dtype=np.float64))
    return sparse.csr_matrix((logarithms, (rows, columns)), shape=(count, 1 << WORD_BITS))


def _fold(groups: Sequence[str], seed: int) -> Ints:
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    fold = {name: place % FOLDS for place, name in enumerate(names)}
    return np.array([fold[group] for group in groups])
