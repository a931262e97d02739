"""Word vectors from unlabelled threads, so that words used alike can share what labels teach.

Positive pointwise mutual information of words within four words of each other, reduced by a
truncated singular value decomposition (Levy & Goldberg 2014; Levy, Goldberg & Dagan 2015). Words
are known by the buckets of `scorers.ngrams`, so no vocabulary is kept: what the vectors teach is
folded into the weights of single words when training ends.
"""

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tonecheck.scorers.ngrams import BUCKET_BITS, word_grams

UNLABELLED = "iac_threads"
VOCABULARY = 30_000
DIMENSIONS = 200
_WINDOW = 4
_SMOOTHING = 0.75  # context counts to this power, as in Levy, Goldberg & Dagan 2015
_SIF = 1e-3  # frequent words count less: a / (a + p), Arora, Liang & Ma 2017


@dataclass(frozen=True, slots=True)
class WordSpace:
    """Vectors of frequent words.

    Attributes:
        buckets: The bucket of each word; int64.
        vectors: Shape (words, dimensions), frequent words shortened.
    """

    buckets: NDArray[np.int64]
    vectors: NDArray[np.float32]


def read_unlabelled(folders: Sequence[Path], *, besides: frozenset[str]) -> Iterator[str]:
    """Yield the posts of the unlabelled threads, if a folder has them.

    Args:
        folders: Where to look for `iac_threads.jsonl.xz`.
        besides: Ids of threads to leave out, because development samples from them.
    """
    for folder in folders:
        path = folder / f"{UNLABELLED}.jsonl.xz"
        if path.is_file():
            with lzma.open(path, "rt", encoding="utf-8") as lines:
                for thread in map(json.loads, lines):
                    if thread["id"] not in besides:
                        yield from (post["text"] for post in thread["posts"])
            return


def word_space(texts: Iterable[str], *, seed: int) -> WordSpace | None:
    """Return the vectors of the words of many texts, or None where there are no texts."""
    sequence = _bucket_sequence(texts)
    if not len(sequence):
        return None
    counts = np.bincount(sequence[sequence >= 0], minlength=1 << BUCKET_BITS)
    buckets = np.argsort(-counts, kind="stable")[:VOCABULARY]
    buckets = buckets[counts[buckets] > 0]
    places = np.full((1 << BUCKET_BITS) + 1, -1, dtype=np.int32)
    places[buckets] = np.arange(len(buckets))
    words = places[sequence]  # -1, between two texts, finds the last place, which is -1 too
    association = _association(_neighbours(words, len(buckets)))
    vectors = _reduced(association, seed)
    frequency = counts[buckets] / counts.sum()
    return WordSpace(buckets, (vectors * (_SIF / (_SIF + frequency))[:, None]).astype(np.float32))


def _bucket_sequence(texts: Iterable[str]) -> NDArray[np.int32]:
    source, parts = iter(texts), []
    while batch := list(islice(source, 2000)):
        grams = word_grams(batch, pairs=False)
        edges = np.flatnonzero(np.diff(grams.rows)) + 1
        parts.append(np.insert(grams.buckets, edges, -1))
        parts.append(np.array([-1], dtype=np.int32))
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)


def _neighbours(words: NDArray[np.int32], size: int) -> sp.csr_matrix:
    """Return how often words stand near each other, nearer ones counting more."""
    total = sp.csr_matrix((size, size), dtype=np.float32)
    for distance in range(1, _WINDOW + 1):
        left, right = words[:-distance], words[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.full(int(both.sum()), 1.0 / distance, dtype=np.float32)
        total = total + sp.coo_matrix((ones, (left[both], right[both])), shape=(size, size)).tocsr()
    return (total + total.T).tocsr()


def _association(neighbours: sp.csr_matrix) -> sp.csr_matrix:
    rows = np.asarray(neighbours.sum(axis=1)).ravel()
    contexts = rows**_SMOOTHING
    pairs = neighbours.tocoo()
    expected = rows[pairs.row] * contexts[pairs.col] / contexts.sum()
    information = np.log(np.maximum(pairs.data, 1e-9) / np.maximum(expected, 1e-9))
    kept = (information > 0) & (pairs.data >= 1.0)
    values = information[kept].astype(np.float32)
    return sp.coo_matrix((values, (pairs.row[kept], pairs.col[kept])), pairs.shape).tocsr()


def _reduced(association: sp.csr_matrix, seed: int) -> NDArray[np.float32]:
    from sklearn.utils.extmath import randomized_svd

    dimensions = min(DIMENSIONS, association.shape[0] - 1)
    left, strengths, _ = randomized_svd(
        association, n_components=dimensions, n_iter=3, random_state=seed
    )
    vectors = left * np.sqrt(strengths)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, 1e-9)
    result: NDArray[np.float32] = (vectors - vectors[:5000].mean(axis=0)).astype(np.float32)
    return result
