"""The linear recipe: n-grams, cues and the reply's shape, one logistic regression a tone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tonecheck.explain.cues import CueFinder
from tonecheck.labels import TONES, Tone
from tonecheck.prepare import clean_parent, prepare
from tonecheck.reading import Reading
from tonecheck.scorers import features
from tonecheck.scorers.linear import FAMILIES, LinearScorer, damping, family_grams, split_sentences
from tonecheck.scorers.ngrams import BUCKET_BITS
from tonecheck.training.examples import Example
from tonecheck.training.wordspace import WordSpace

Floats = NDArray[np.float64]

REGULARISATION = 0.3  # scikit-learn's C

# How fast each group of columns may learn beside n-grams. Cues were written with the training
# replies in view, where they look better than they are, so they are held back.
KIND_SCALE, SHAPE_SCALE, SPACE_SCALE = 0.3, 1.0, 2.5
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """Readings as numbers, one row a reply.

    Attributes:
        grams: Damped n-gram counts, both families side by side; sparse.
        kinds: Feature columns that stand for a kind of cue.
        shape: The other feature columns, as `scorers.features` orders them.
    """

    grams: sp.csr_matrix
    kinds: Floats
    shape: Floats


def read_examples(examples: Iterable[Example]) -> list[Reading]:
    """Return the examples made ready for scoring, as the checker makes replies ready."""
    finder = CueFinder.load()
    readings = []
    for example in examples:
        prepared = prepare(example.text, example.parent)
        hits = finder.find(prepared.text)
        readings.append(
            Reading(prepared=prepared, parent=clean_parent(example.parent or ""), hits=hits)
        )
    return readings


def cue_kinds() -> list[str]:
    """Return the kinds of cue that the package knows, each of which gets a column."""
    return sorted({cue.kind for cue in CueFinder.load().cues})


def tabulate(readings: Sequence[Reading], kinds: Sequence[str]) -> Table:
    """Return the readings as numbers."""
    source, grams = iter(readings), []
    while batch := list(islice(source, _BATCH)):
        grams.append(_gram_rows(batch))
    dense = features.matrix(readings, kinds)
    return Table(sp.vstack(grams).tocsr(), dense[:, : len(kinds)], dense[:, len(kinds) :])


def fit(
    table: Table, examples: Sequence[Example], importance: Floats, *, space: WordSpace | None
) -> dict[str, Floats]:
    """Return the weights of a linear model, as `LinearScorer` takes them.

    Args:
        table: The examples as numbers.
        examples: Their targets; an example without a target for a tone says nothing of it.
        importance: How much each example counts.
        space: Word vectors, or None to do without.
    """
    rarity = _rarity(table.grams)
    columns = _columns(table, space, rarity)
    size, kinds, shape = 1 << BUCKET_BITS, table.kinds.shape[1], table.shape.shape[1]
    weights = {
        **{family: np.zeros((size, len(TONES))) for family in FAMILIES},
        "features": np.zeros((kinds + shape, len(TONES))),
        "bias": np.zeros(len(TONES)),
    }
    for place, tone in enumerate(TONES):
        coefficients, bias = _fit_tone(columns, examples, importance, tone=tone)
        words, chars, of_kinds, of_shape, shared = np.split(
            coefficients, np.cumsum([size, size, kinds, shape])
        )
        words *= rarity[:size]
        chars *= rarity[size:]
        if space is not None:
            words[space.buckets] += SPACE_SCALE * space.vectors @ shared
        weights["words"][:, place] = words
        weights["chars"][:, place] = chars
        weights["features"][:kinds, place] = KIND_SCALE * of_kinds
        weights["features"][kinds:, place] = SHAPE_SCALE * of_shape
        weights["bias"][place] = bias
    return weights


def scorer_of(
    weights: Mapping[str, Floats], kinds: Sequence[str], calibration: Floats | None = None
) -> LinearScorer:
    """Return a scorer that uses the weights, uncalibrated unless a calibration is given."""
    if calibration is None:
        calibration = np.array([[1.0, 0.0]] * len(TONES))
    return LinearScorer(weights, kinds=kinds, calibration=calibration)


def _gram_rows(readings: Sequence[Reading]) -> sp.csr_matrix:
    sentences = split_sentences(readings)
    blocks = []
    for family, grams in family_grams(sentences.texts).items():
        rows = sentences.rows[grams.rows]
        sizes = np.bincount(rows, minlength=len(readings))
        values = (1.0 / damping(sizes, family))[rows].astype(np.float32)
        shape = (len(readings), 1 << BUCKET_BITS)
        blocks.append(sp.coo_matrix((values, (rows, grams.buckets)), shape).tocsr())
    return sp.hstack(blocks).tocsr()


def _rarity(grams: sp.csr_matrix) -> NDArray[np.float32]:
    """Return the inverse document frequency of each column, 0 for those that occur but once.

    It lets rare n-grams learn faster, and is folded into the weights afterwards.
    """
    frequency = np.bincount(grams.indices, minlength=grams.shape[1])
    rarity = np.log((1 + grams.shape[0]) / (1 + frequency)) + 1.0
    rarity[frequency < 2] = 0.0
    result: NDArray[np.float32] = rarity.astype(np.float32)
    return result


def _columns(table: Table, space: WordSpace | None, rarity: NDArray[np.float32]) -> sp.csr_matrix:
    dense = [KIND_SCALE * table.kinds, SHAPE_SCALE * table.shape]
    if space is not None:
        shared = SPACE_SCALE * (table.grams[:, space.buckets] @ space.vectors)
        dense.append(shared)
    return sp.hstack([table.grams @ sp.diags(rarity), sp.csr_matrix(np.hstack(dense))]).tocsr()


def _fit_tone(
    columns: sp.csr_matrix, examples: Sequence[Example], importance: Floats, *, tone: Tone
) -> tuple[Floats, float]:
    """Fit one tone; a soft target counts as a yes and a no, in its proportion."""
    from sklearn.linear_model import LogisticRegression

    targets = np.array([example.targets.get(tone, np.nan) for example in examples])
    labelled = np.flatnonzero(~np.isnan(targets) & (importance > 0))
    yes = labelled[targets[labelled] > 0]
    no = labelled[targets[labelled] < 1]
    rows = np.concatenate([yes, no])
    answers = np.repeat([1, 0], [len(yes), len(no)])
    counts = np.concatenate([importance[yes] * targets[yes], importance[no] * (1 - targets[no])])
    model = LogisticRegression(C=REGULARISATION, solver="lbfgs", max_iter=150, tol=1e-3)
    model.fit(columns[rows], answers, sample_weight=counts)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])
