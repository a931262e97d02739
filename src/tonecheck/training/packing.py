"""Texts as token numbers, packed for pre-training: pairs of up to 128 tokens, in three lengths."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import InputError
from tonecheck.training.unlabelled import Pair
from tonecheck.training.vocabulary import CLS, PAD, SEP

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LENGTHS = (32, 64, 128)
_LONGEST = LENGTHS[-1]
_PARENT = 44  # tokens of what is answered, its end: that is what replies mostly speak to
_MOST_PIECES = 3  # of one long post, so that a few essays do not make up the batch
_BATCH = 2000

Tokens = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Pack:
    """Sequences with `[CLS]` and `[SEP]`, by the length that they are padded to.

    Attributes:
        rows: For each length, an array of shape (sequences, length).
    """

    rows: dict[int, Tokens]

    @property
    def tokens(self) -> int:
        """Return how many tokens there are, padding left out."""
        return sum(int((rows != PAD).sum()) for rows in self.rows.values())

    def save(self, path: Path) -> None:
        """Write the pack as a NumPy archive."""
        arrays: dict[str, Any] = {str(length): rows for length, rows in self.rows.items()}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> "Pack":
        """Return one pack of all that several files hold."""
        parts: dict[int, list[Tokens]] = {length: [] for length in LENGTHS}
        for path in paths:
            with np.load(path, allow_pickle=False) as archive:
                for length in LENGTHS:
                    parts[length].append(archive[str(length)])
        return cls({length: np.concatenate(rows) for length, rows in parts.items()})


def pack(pairs: Iterable[Pair], tokenizer: "Tokenizer") -> Pack:
    """Return the pairs as sequences; a long reply goes on in further ones, without its parent."""
    rows: dict[int, list[Tokens]] = {length: [] for length in LENGTHS}
    source = iter(pairs)
    while batch := list(islice(source, _BATCH)):
        parents = tokenizer.encode_batch([pair[0] for pair in batch], add_special_tokens=False)
        replies = tokenizer.encode_batch([pair[1] for pair in batch], add_special_tokens=False)
        for parent, reply in zip(parents, replies, strict=True):
            for sequence in _sequences(parent.ids, reply.ids):
                length = next(length for length in LENGTHS if len(sequence) <= length)
                row = np.full(length, PAD, dtype=np.uint16)
                row[: len(sequence)] = sequence
                rows[length].append(row)
    return Pack({n: np.array(found, dtype=np.uint16).reshape(-1, n) for n, found in rows.items()})


def _sequences(parent: Sequence[int], reply: Sequence[int]) -> Iterator[list[int]]:
    tail = list(parent[-_PARENT:])
    room = _LONGEST - 2 - (len(tail) + 1 if tail else 0)
    yield [CLS, *reply[:room], SEP, *([*tail, SEP] if tail else [])]
    size = _LONGEST - 2
    for piece in range(_MOST_PIECES - 1):
        rest = reply[room + piece * size : room + (piece + 1) * size]
        if len(rest) < size // 4:
            return
        yield [CLS, *rest, SEP]


def batches(data: Pack, tokens: int, *, seed: int) -> Iterator[Tokens]:
    """Yield batches without end: all of one length, the lengths in turn by their share.

    Args:
        data: The sequences.
        tokens: How many a batch holds, padding included.
        seed: Of the order.

    Raises:
        InputError: If there are too few sequences for a single batch.
    """
    random = np.random.default_rng(seed)
    while True:
        plan = []
        for length in LENGTHS:
            order = random.permutation(len(data.rows[length]))
            size = tokens // length
            plan += [(length, order[i : i + size]) for i in range(0, len(order) - size + 1, size)]
        if not plan:
            raise InputError(
                f"the texts fill no batch of {tokens} tokens. Pack more texts or take fewer tokens."
            )
        for place in random.permutation(len(plan)):
            length, rows = plan[place]
            yield data.rows[length][rows]
