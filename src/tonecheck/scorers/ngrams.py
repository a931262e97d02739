"""Words and character n-grams of many texts at once, as hashed features that remember their place.

Every n-gram becomes a bucket number (the hashing trick, Weinberger et al. 2009). The work is done
on one array of code points for a whole batch, so that no string is made for an n-gram, and each
n-gram keeps the span it came from, so that a linear model's contributions are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUCKET_BITS = 19
"""Buckets are numbered below 2 to this power; 19 bits keep a three-tone model near 6 MB."""

CHAR_SIZES = (2, 3, 4, 5)

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2 to the 64th
_BASE_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_MIXER = np.uint64(0xD6E8FEB86659FD93)
_SPACE = 32
_GAP = 0  # stands between two texts; no n-gram may cross it


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of a batch, in the order of their texts.

    Attributes:
        rows: Which text each n-gram stands in; int32.
        buckets: Its feature number; int32, below `2 ** BUCKET_BITS`.
        starts: First code point of its span in that text; int32.
        ends: One past the last code point; int32.
    """

    rows: NDArray[np.int32]
    buckets: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Code points of all texts in one array, each text with a gap before and after."""

    codes: NDArray[np.uint32]
    rows: NDArray[np.int32]
    offsets: NDArray[np.int32]  # what to take from a position to get the offset in its text


def word_grams(texts: Sequence[str], *, pairs: bool = True) -> Grams:
    """Return single words, in order, and then pairs of neighbouring words, lower-cased.

    A word is a run of letters, digits and inner apostrophes, or one other visible character.
    """
    batch = _join(texts)
    starts, ends = _word_bounds(batch.codes)
    if len(starts) == 0:
        return _no_grams()
    hashes = _span_hashes(batch.codes, starts, ends)
    rows = batch.rows[starts]
    if not pairs:
        return _grams(batch, starts, ends, hashes=hashes)
    paired = np.flatnonzero(rows[1:] == rows[:-1])
    pair_hashes = (hashes[paired] * _BASE) ^ (hashes[paired + 1] + _MIXER)
    first = np.concatenate([starts, starts[paired]])
    last = np.concatenate([ends, ends[paired + 1]])
    return _grams(batch, first, last, hashes=np.concatenate([hashes, pair_hashes]))


def char_grams(texts: Sequence[str]) -> Grams:
    """Return runs of 2 to 5 characters that stay inside a word and the spaces beside it."""
    batch = _join(texts)
    codes = batch.codes
    gaps = np.concatenate([[0], np.cumsum(codes == _GAP)])
    spaces = np.concatenate([[0], np.cumsum(codes == _SPACE)])
    hashes = codes.astype(np.uint64)
    firsts, lasts, keys = [], [], []
    for size in CHAR_SIZES:
        hashes = hashes[: len(codes) - size + 1] * _BASE + codes[size - 1 :]
        first = np.arange(len(hashes))
        last = first + size
        inside = (gaps[last] == gaps[first]) & (spaces[last - 1] == spaces[first + 1])
        inside &= ~((size == 2) & (codes[first] == _SPACE) & (codes[last - 1] == _SPACE))
        kept = np.flatnonzero(inside)
        firsts.append(first[kept])
        lasts.append(last[kept])
        keys.append(hashes[kept] + np.uint64(size))
    keys_together = np.concatenate(keys)
    return _grams(batch, np.concatenate(firsts), np.concatenate(lasts), hashes=keys_together)


def _join(texts: Sequence[str]) -> _Batch:
    # A space on either side of each text lets its first and last letters be seen as word edges.
    joined = "\0".join(["", *(f" {_lower(text)} " for text in texts), ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").copy()
    codes[(codes == 9) | (codes == 10) | (codes == 13)] = _SPACE
    lengths = np.fromiter((len(text) + 3 for text in texts), dtype=np.int32, count=len(texts))
    firsts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    offsets = np.repeat(firsts[:-1] + 2, lengths).astype(np.int32)
    return _Batch(codes, np.append(rows, np.int32(-1)), np.append(offsets, np.int32(0)))


def _lower(text: str) -> str:
    lowered = text.replace("\0", " ").lower()
    if len(lowered) == len(text):
        return lowered
    # A few capitals grow when lowered (one Turkish I becomes two code points): keep those as
    # they are, because every position must stand for the same position in the text.
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _word_bounds(codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    letters = _LETTERS[np.minimum(codes, len(_LETTERS) - 1)]
    inner = codes == ord("'")
    inner[1:-1] &= letters[:-2] & letters[2:]
    wordlike = letters | inner
    edges = np.diff(wordlike.astype(np.int8))
    starts = np.flatnonzero(edges == 1) + 1
    ends = np.flatnonzero(edges == -1) + 1
    marks = np.flatnonzero(~wordlike & (codes != _SPACE) & (codes != _GAP))
    order = np.argsort(np.concatenate([starts, marks]), kind="stable")
    return np.concatenate([starts, marks])[order], np.concatenate([ends, marks + 1])[order]


def _span_hashes(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a polynomial hash of each span, from one running sum over all code points."""
    powers = _powers(_BASE, len(codes))
    sums = np.concatenate([[np.uint64(0)], np.cumsum((codes + np.uint64(1)) * powers)])
    inverses = _powers(_BASE_INVERSE, len(codes))
    hashes: NDArray[np.uint64] = (sums[ends] - sums[starts]) * inverses[starts]
    return hashes


def _powers(base: np.uint64, count: int) -> NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _grams(
    batch: _Batch,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    *,
    hashes: NDArray[np.uint64],
) -> Grams:
    mixed = (hashes ^ (hashes >> np.uint64(32))) * _MIXER
    buckets = (mixed >> np.uint64(64 - BUCKET_BITS)).astype(np.int32)
    rows = batch.rows[first]
    shift = batch.offsets[first]
    starts = np.maximum(first - shift, 0).astype(np.int32)
    return Grams(rows, buckets, starts, (last - shift).astype(np.int32))


def _no_grams() -> Grams:
    nothing = np.zeros(0, dtype=np.int32)
    return Grams(nothing, nothing, nothing, nothing)


def _letter_table() -> NDArray[np.bool_]:
    # Letters, digits and marks of the first plane; what lies beyond is mostly emoji, one a word.
    return np.array([chr(code).isalnum() for code in range(0x10000)])


_LETTERS = _letter_table()
