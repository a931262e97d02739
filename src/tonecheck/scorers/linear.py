"""The linear model: weighted n-grams and features, one logistic regression a tone.

The log-odds of a tone are a plain sum, so what each word adds through n-grams and cues is exact;
the reply's shape and its parent add the rest. The sentence that speaks most for the tone counts
once more: a short jab in a long reply is still a jab.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import ModelFormatError
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import ModelFolder
from tonecheck.reading import Contribution, Reading
from tonecheck.scorers import features
from tonecheck.scorers.base import Contributions, Judgement
from tonecheck.scorers.logistic import calibrated, read_slopes
from tonecheck.scorers.ngrams import BUCKET_BITS, Grams, char_grams, word_grams

FAMILIES = ("words", "chars")
SENTENCE_SHARE = 0.75
"""How much the strongest sentence counts beside the whole reply."""

_LONG = {"words": 300, "chars": 3000}  # n-grams of some 150 words

_SENTENCE = re.compile(r"\S(?:[^.!?\n]|[.!?](?!\s))*[.!?]*")
_WORD = re.compile(r"\S+")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a batch of replies.

    Attributes:
        texts: Every sentence, in order.
        rows: Which reply each stands in.
        starts: Where each begins in its reply.
    """

    texts: list[str]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]


def split_sentences(readings: Sequence[Reading]) -> Sentences:
    """Return the sentences of the prepared texts; a reply without words has one, empty."""
    texts: list[str] = []
    rows: list[int] = []
    starts: list[int] = []
    for row, reading in enumerate(readings):
        found = [(m.group(), m.start()) for m in _SENTENCE.finditer(reading.prepared.text)]
        for text, start in found or [("", 0)]:
            texts.append(text)
            rows.append(row)
            starts.append(start)
    return Sentences(texts, np.array(rows, dtype=np.int64), np.array(starts, dtype=np.int64))


def family_grams(texts: Sequence[str]) -> Mapping[str, Grams]:
    """Return the n-grams of each family."""
    return {"words": word_grams(texts), "chars": char_grams(texts)}


def damping(counts: NDArray[Any], family: str) -> Floats:
    """Return what a sum over that many n-grams is divided by.

    It is the root of their number, kept from small values: with counts in place of tf-idf norms a
    reply's log-odds stay a sum over n-grams, and on our data this ranks as well as tf-idf with unit
    norm does. Beyond some 150 words it grows with the number itself, so that what a very long text
    repeats counts as an average and cannot add up without end.
    """
    usual = 4.0 * np.sqrt(np.minimum(counts, _LONG[family]) + 3.0)
    damped: Floats = usual * np.maximum(counts / _LONG[family], 1.0)
    return damped


class LinearScorer:
    """Scores readings with a linear model; see the module."""

    def __init__(
        self,
        weights: Mapping[str, NDArray[Any]],
        *,
        kinds: Sequence[str],
        calibration: Floats,
    ) -> None:
        """Keep a model.

        Args:
            weights: `words` and `chars`, shape (2 ** BUCKET_BITS, tones); `features`, shape
                (columns, tones); `bias`, shape (tones,).
            kinds: The kinds of cue that the feature columns stand for, in order.
            calibration: Slope and intercept a tone, shape (tones, 2); Platt 1999.
        """
        self._weights = weights
        self._kinds = tuple(kinds)
        self._kind_places = {kind: place for place, kind in enumerate(kinds)}
        self._calibration = calibration

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> "LinearScorer":
        """Return the scorer that a model folder holds.

        Raises:
            ModelFormatError: If a weight is missing or has another shape than it must have, or a
                tone has no calibration.
        """
        tensors = folder.tensors()
        kinds = folder.config["kinds"]
        expected = {
            **{family: (1 << BUCKET_BITS, len(TONES)) for family in FAMILIES},
            "features": (len(features.columns(kinds)), len(TONES)),
            "bias": (len(TONES),),
        }
        for name, shape in expected.items():
            found = tensors[name].shape if name in tensors else None
            if found != shape:
                raise ModelFormatError(
                    f"{folder.path} holds {name} of shape {found}; this version needs {shape}. "
                    "Train the model again."
                )
        weights = {name: tensors[name].astype(np.float32) for name in expected}
        return cls(weights, kinds=kinds, calibration=read_slopes(folder))

    def judge(self, readings: Sequence[Reading]) -> Judgement:
        """Return what it makes of readings; see `Scorer`. There are no states."""

        def contributions(
            wanted: Mapping[int, Collection[Tone]],
        ) -> Mapping[int, Contributions]:
            found = self._contributions([readings[row] for row in wanted], list(wanted.values()))
            return dict(zip(wanted, found, strict=True))

        probabilities = calibrated(self.raw(readings), self._calibration)
        return Judgement(probabilities, [None] * len(readings), contributions)

    def raw(self, readings: Sequence[Reading]) -> Floats:
        """Return log-odds before calibration, shape (readings, tones)."""
        if not readings:
            return np.zeros((0, len(TONES)))
        sentences = split_sentences(readings)
        grams = family_grams(sentences.texts)
        whole, strongest, _ = self._sums(sentences, grams, len(readings))
        # Not a matrix product: its last digit may depend on how many rows it has.
        dense = np.einsum(
            "rc,ct->rt", features.matrix(readings, self._kinds), self._weights["features"]
        )
        total: Floats = whole + SENTENCE_SHARE * strongest + dense + self._weights["bias"]
        return total

    def _contributions(
        self, readings: Sequence[Reading], tones: Sequence[Collection[Tone]]
    ) -> list[Contributions]:
        """Return for each reading what each of its words adds to some tones' log-odds.

        An n-gram's share is spread evenly over its characters, and each word takes what lies on
        it and on the space before it. A cue's weights go to the words of the cue.
        """
        if not readings:
            return []
        sentences = split_sentences(readings)
        grams = family_grams(sentences.texts)
        *_, scales = self._sums(sentences, grams, len(readings))
        shares = self._character_shares(readings, sentences, grams, scales=scales)
        return [
            _per_word(reading, share, wanted)
            for reading, share, wanted in zip(readings, shares, tones, strict=True)
        ]

    def _sums(
        self, sentences: Sentences, grams: Mapping[str, Grams], replies: int
    ) -> tuple[Floats, Floats, Mapping[str, Floats]]:
        """Return the n-gram sums of whole replies, of strongest sentences, and what scaled them.

        The scales, shape (sentences, tones) a family, turn a weight into its share of the
        log-odds, wherever it stands.
        """
        count, rows = len(sentences.texts), sentences.rows
        alone = np.zeros((count, len(TONES)))
        together = np.zeros((count, len(TONES)))
        per_reply: dict[str, Floats] = {}
        per_sentence: dict[str, Floats] = {}
        for family, found in grams.items():
            sizes = np.bincount(found.rows, minlength=count)
            per_sentence[family] = 1.0 / damping(sizes, family)
            per_reply[family] = (
                1.0 / damping(np.bincount(rows, sizes, minlength=replies), family)[rows]
            )
            sums = _sum_rows(self._weights[family][found.buckets], found.rows, count)
            alone += sums * per_sentence[family][:, None]
            together += sums * per_reply[family][:, None]
        firsts = np.searchsorted(rows, np.arange(replies))
        strongest = np.maximum.reduceat(alone, firsts, axis=0)
        is_strongest = _first_where(alone == strongest[rows], rows, replies)
        scales = {
            family: per_reply[family][:, None]
            + SENTENCE_SHARE * is_strongest * per_sentence[family][:, None]
            for family in grams
        }
        return np.add.reduceat(together, firsts, axis=0), strongest, scales

    def _character_shares(
        self,
        readings: Sequence[Reading],
        sentences: Sentences,
        grams: Mapping[str, Grams],
        *,
        scales: Mapping[str, Floats],
    ) -> list[Floats]:
        """Return each character's share of the log-odds, shape (characters, tones) a reading."""
        sizes = np.array([len(reading.prepared.text) for reading in readings])
        firsts = np.concatenate([[0], np.cumsum(sizes)])
        shares = np.zeros((firsts[-1] + 1, len(TONES)))
        places = firsts[sentences.rows] + sentences.starts
        for family, found in grams.items():
            lengths = [len(text) for text in sentences.texts]
            ends = np.minimum(found.ends, np.array(lengths)[found.rows])
            weight = self._weights[family][found.buckets] * scales[family][found.rows]
            weight /= np.maximum(ends - found.starts, 1)[:, None]
            shares += _sum_rows(weight, places[found.rows] + found.starts, len(shares))
            shares -= _sum_rows(weight, places[found.rows] + ends, len(shares))
        shares = np.cumsum(shares, axis=0)
        parts = [shares[firsts[row] : firsts[row + 1]].copy() for row in range(len(readings))]
        for reading, part in zip(readings, parts, strict=True):
            self._add_kinds(reading, part)
        return parts

    def _add_kinds(self, reading: Reading, part: Floats) -> None:
        live = [hit for hit in reading.hits if hit.strength > 0 and hit.kind in self._kind_places]
        counts = Counter(hit.kind for hit in live)
        for hit in live:
            weight = self._weights["features"][self._kind_places[hit.kind]]
            part[hit.start : hit.end] += weight / (counts[hit.kind] * (hit.end - hit.start))


def _sum_rows(values: NDArray[Any], rows: NDArray[Any], count: int) -> Floats:
    return np.stack(
        [np.bincount(rows, values[:, tone], minlength=count) for tone in range(values.shape[1])],
        axis=1,
    )


def _first_where(marks: NDArray[np.bool_], rows: NDArray[np.int64], count: int) -> Floats:
    """Return 1.0 at the first marked sentence of each reply, a tone a column."""
    chosen = np.zeros(marks.shape)
    for tone in range(marks.shape[1]):
        at = np.flatnonzero(marks[:, tone])
        _, first = np.unique(rows[at], return_index=True)
        chosen[at[first], tone] = 1.0
    return chosen


def _per_word(reading: Reading, shares: Floats, tones: Collection[Tone]) -> Contributions:
    words = [match.span() for match in _WORD.finditer(reading.prepared.text)]
    if not words:
        return dict.fromkeys(tones, ())
    # Each word also takes the space before it, so that the words together make up the whole.
    sums = np.add.reduceat(shares, [0, *(end for _, end in words[:-1])], axis=0)
    starts, ends = zip(*words, strict=True)
    return {
        tone: list(map(Contribution, starts, ends, sums[:, column].tolist()))
        for column, tone in enumerate(TONES)
        if tone in tones
    }
