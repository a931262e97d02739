"""What an encoder reads in a round of fine-tuning, and in which batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonecheck.labels import TONES, Tone
from tonecheck.prepare import clean_parent, prepare
from tonecheck.reading import Reading
from tonecheck.scorers.windows import Window, Windows
from tonecheck.training.augment import augmented
from tonecheck.training.examples import Example

Floats = NDArray[np.float32]

_BUCKET = 12  # batches whose replies are sorted by length together, so that little is padded
_STEP = 16  # tokens; batches are as long as a multiple of it
_USUAL = 90  # tokens of a reply with what it answers, about
_BESIDE = 0.3  # how much words outside the evidence count beside those in it: they are many


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of equal length after padding, and what they teach. A weight of 0 says nothing.

    Attributes:
        tokens: Shape (replies, length), like `mask` and `types`; int64.
        mask: 1 where there is a token.
        types: The token types.
        targets: Shape (replies, tones), with `weights`.
        weights: How much each target counts.
        evidence: Shape (replies, length, tones): whether a token carries the tone.
        evidence_weights: How much that counts.
        labels: For each corpus with labels of its own, its rows in the batch and their labels.
    """

    tokens: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64]
    targets: Floats
    weights: Floats
    evidence: Floats
    evidence_weights: Floats
    labels: Mapping[str, tuple[list[int], Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Examples of one kind.

    Attributes:
        examples: All of them.
        drawn: How many are drawn in a round.
        weight: How much a drawn example's targets count.
        augment: Whether they are varied by `training.augment`.
    """

    examples: Sequence[Example]
    drawn: int
    weight: float
    augment: bool = False


class Mixture:
    """Draws rounds of batches from pools of examples."""

    def __init__(
        self,
        pools: Sequence[Pool],
        windows: Windows,
        *,
        names: Mapping[str, tuple[str, ...]],
        alone: float = 0.15,
        batch_tokens: int = 4096,
    ) -> None:
        """Keep what to draw from.

        Args:
            pools: The examples.
            windows: Cuts them.
            names: The own labels of each corpus that has some.
            alone: How often what a reply answers is left out, so that a model can do without.
            batch_tokens: Tokens in a batch, padding included.
        """
        self.pools = pools
        self._windows = windows
        self.names = names
        self._alone = alone
        self._batch_tokens = batch_tokens
        self._readings: dict[int, Reading] = {}  # of examples as they are, which come again

    def round(self, random: np.random.Generator) -> Iterator[Batch]:
        """Yield the batches of a round; every round draws anew."""
        drawn: list[tuple[Example, float, bool]] = []
        for pool in self.pools:
            for place in _draw(len(pool.examples), pool.drawn, random):
                drawn.append((pool.examples[place], pool.weight, pool.augment))
        order = random.permutation(len(drawn))
        size = _BUCKET * self._batch_tokens // _USUAL
        for first in range(0, len(order), size):
            yield from self._batches([drawn[i] for i in order[first : first + size]], random)

    def _batches(
        self, drawn: Sequence[tuple[Example, float, bool]], random: np.random.Generator
    ) -> Iterator[Batch]:
        items: list[tuple[Example, float, Reading, Window]] = []
        alone = random.random(len(drawn)) < self._alone
        for without in (False, True):
            chosen = [item for item, left in zip(drawn, alone, strict=True) if left == without]
            read = [self._read(example, vary, random) for example, _, vary in chosen]
            windows: dict[int, Window] = {}
            for window in self._windows.cut([reading for _, reading in read], alone=without):
                windows.setdefault(window.row, window)  # the beginning stands for a long reply
            for row, ((example, reading), (_, weight, _)) in enumerate(
                zip(read, chosen, strict=True)
            ):
                items.append((example, weight, reading, windows[row]))
        items.sort(key=lambda item: len(item[3].tokens))
        groups: list[list[tuple[Example, float, Reading, Window]]] = []
        while items:
            size = max(1, self._batch_tokens // _padded(len(items[-1][3].tokens)))
            groups.append(items[-size:])
            del items[-size:]
        for place in random.permutation(len(groups)):
            yield self._batch(groups[place])

    def _read(
        self, example: Example, vary: bool, random: np.random.Generator
    ) -> tuple[Example, Reading]:
        varied = augmented(example, random) if vary else example
        if varied is not example:
            return varied, read_example(varied)
        if id(example) not in self._readings:
            self._readings[id(example)] = read_example(example)
        return example, self._readings[id(example)]

    def _batch(self, items: Sequence[tuple[Example, float, Reading, Window]]) -> Batch:
        length = _padded(max(len(window.tokens) for *_, window in items))
        tokens, mask, types = np.zeros((3, len(items), length), dtype=np.int64)
        targets, weights = np.zeros((2, len(items), len(TONES)), dtype=np.float32)
        evidence, beside = np.zeros((2, len(items), length, len(TONES)), dtype=np.float32)
        labels: dict[str, tuple[list[int], list[list[float]]]] = {}
        for row, (example, weight, reading, window) in enumerate(items):
            size = len(window.tokens)
            tokens[row, :size], mask[row, :size], types[row, :size] = window.tokens, 1, window.types
            for column, tone in enumerate(TONES):
                if tone in example.targets:
                    targets[row, column] = example.targets[tone]
                    weights[row, column] = weight
            evidence[row, :size], beside[row, :size] = token_evidence(example, reading, window)
            names = self.names.get(example.source)
            if names and example.labels is not None:
                rows, values = labels.setdefault(example.source, ([], []))
                rows.append(row)
                values.append([example.labels.get(name, 0.0) for name in names])
        return Batch(
            tokens,
            mask,
            types,
            targets,
            weights,
            evidence,
            beside,
            {name: (rows, np.array(values, np.float32)) for name, (rows, values) in labels.items()},
        )


def read_example(example: Example) -> Reading:
    """Return an example made ready for an encoder, which reads no cues."""
    return Reading(
        prepared=prepare(example.text, example.parent), parent=clean_parent(example.parent or "")
    )


def token_evidence(example: Example, reading: Reading, window: Window) -> tuple[Floats, Floats]:
    """Return for each token and tone whether it carries the tone, and how much that counts.

    Where a tone is absent no token carries it; where annotators marked words, these do; where a
    tone is present and nothing marked, nothing is known.
    """
    shape = (len(window.tokens), len(TONES))
    carries, counts = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    own = window.starts >= 0
    if not own.any():
        return carries, counts
    begins = reading.prepared.starts[window.starts[own]]
    stops = reading.prepared.ends[window.ends[own] - 1]
    for column, tone in enumerate(TONES):
        spans = _spans(example, tone)
        if spans is None:
            continue
        inside = np.zeros(len(begins), dtype=bool)
        for start, end in spans:
            inside |= (begins < end) & (stops > start)
        carries[own, column] = inside
        counts[own, column] = np.where(inside, 1.0, _BESIDE)
        if tone in example.targets and spans and not inside.any():
            counts[own, column] = 0.0  # the evidence lies beyond this window
    return carries, counts


def _spans(example: Example, tone: Tone) -> Sequence[tuple[int, int]] | None:
    """Return the stretches of the text that carry a tone, or None where that is not known."""
    if tone in example.marked:
        return example.marked[tone]
    if not example.severities:
        return None
    if example.severities[tone] == 0:
        return ()
    text = example.text.lower()
    found = [(text.find(words.lower()), len(words)) for words in example.evidence.get(tone, ())]
    spans = [(start, start + size) for start, size in found if start >= 0]
    return spans or None


def _padded(length: int) -> int:
    """Return a length that few batches differ in, so that memory given back can be used again."""
    return -(-length // _STEP) * _STEP


def _draw(count: int, drawn: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return which of the examples to take: all before any comes a second time."""
    whole, rest = divmod(drawn, count) if count else (0, 0)
    parts = [np.arange(count)] * whole + [random.permutation(count)[:rest]]
    return np.concatenate(parts)
