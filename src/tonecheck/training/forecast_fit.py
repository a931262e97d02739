"""Fits the forecast's two readings, and adds them up on conversations that taught neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tonecheck.conversation.forecast import WORDS
from tonecheck.training.forecast_data import FOLDS, Floats, Moments

STRENGTH = {"plain": 0.03, "states": 0.0006, "words": 1.0}
"""How freely each reading may fit, the inverse of its ridge; states are many and may do less."""

_RAREST = 3  # moments that a word must stand in
_ROUNDS = 3000
_MARK = 30.0  # so large that the ridge hardly holds its weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Weights of a linear reading: log-odds are `columns @ weights + intercept`."""

    weights: Floats
    intercept: float


def fit_numbers(
    columns: Floats, moments: Moments, rows: NDArray[np.bool_], *, strength: float
) -> Reading:
    """Return a logistic regression on some moments, in the columns' own units.

    The corpora differ in what they are, and not only in how they end: a column that names the
    corpus takes that up, and is left out of what is returned.
    """
    taken = columns[rows]
    middle, spread = taken.mean(axis=0), taken.std(axis=0) + 1e-9
    known = np.hstack([(taken - middle) / spread, _marks(moments, rows)])
    fitted = _regression(known, moments, rows, strength=strength)
    weights = fitted.coef_[0, : columns.shape[1]] / spread
    return Reading(weights=weights, intercept=float(fitted.intercept_[0] - weights @ middle))


def fit_words(moments: Moments, rows: NDArray[np.bool_]) -> tuple[Mapping[str, Floats], Reading]:
    """Return how rare each word is by kind, and a logistic regression on TF-IDF of both kinds."""
    rarity = {kind: _rarity(moments.words[kind][rows]) for kind in WORDS}
    return rarity, _word_reading(moments, rows, rarity)


def word_shares(moments: Moments, rarity: Mapping[str, Floats]) -> Any:  # noqa: ANN401  scipy
    """Return TF-IDF of both kinds side by side, each moment's of length 1."""
    parts = []
    for kind in WORDS:
        weighed = moments.words[kind] @ sparse.diags(rarity[kind])
        lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        parts.append(sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighed)
    return sparse.hstack(parts).tocsr()


def cross_fit(moments: Moments, columns: Floats, *, strength: float) -> Floats:
    """Return each moment's log-odds by a reading that its fold taught nothing, shape (moments,)."""
    found = np.zeros(len(moments.owner))
    for fold, rows in _taught(moments):
        reading = fit_numbers(columns, moments, rows, strength=strength)
        own = moments.folds[moments.owner] == fold
        found[own] = columns[own] @ reading.weights + reading.intercept
    return found


def cross_fit_words(moments: Moments) -> Floats:
    """Return the same of the words."""
    found = np.zeros(len(moments.owner))
    for fold, rows in _taught(moments):
        rarity, reading = fit_words(moments, rows)
        own = moments.folds[moments.owner] == fold
        found[own] = word_shares(moments, rarity)[own] @ reading.weights + reading.intercept
    return found


def add_up(moments: Moments, readings: Sequence[Floats], rows: NDArray[np.bool_]) -> Reading:
    """Return how much each reading counts, by logistic regression (stacking, Wolpert 1992).

    Args:
        moments: The conversations.
        readings: Log-odds by readings that knew nothing of a moment, each of shape (moments,).
        rows: The moments to learn it from.
    """
    fitted = _regression(np.column_stack(readings)[rows], moments, rows, strength=1e6)
    return Reading(weights=fitted.coef_[0], intercept=float(fitted.intercept_[0]))


def _taught(moments: Moments) -> list[tuple[int, NDArray[np.bool_]]]:
    return [(fold, moments.near & (moments.folds[moments.owner] != fold)) for fold in range(FOLDS)]


def _word_reading(
    moments: Moments, rows: NDArray[np.bool_], rarity: Mapping[str, Floats]
) -> Reading:
    shares = word_shares(moments, rarity)[rows]
    known = sparse.hstack([shares, _marks(moments, rows)]).tocsr()
    fitted = _regression(known, moments, rows, strength=STRENGTH["words"])
    weights = fitted.coef_[0, : shares.shape[1]]
    return Reading(weights=weights, intercept=float(fitted.intercept_[0]))


def _regression(  # scipy carries no types
    known: Any,  # noqa: ANN401
    moments: Moments,
    rows: NDArray[np.bool_],
    *,
    strength: float,
) -> Any:  # noqa: ANN401
    model = LogisticRegression(C=strength, max_iter=_ROUNDS)
    return model.fit(known, moments.answers[rows], sample_weight=moments.weights[rows])


def _marks(moments: Moments, rows: NDArray[np.bool_]) -> Floats:
    """Return a column for each corpus but the first, which is what others are compared with."""
    names = sorted(set(moments.sources.tolist()))
    sources = moments.sources[moments.owner[rows]]
    return np.array([(sources == name) * _MARK for name in names[1:]]).reshape(-1, len(sources)).T


def _rarity(counts: Any) -> Floats:  # noqa: ANN401  scipy carries no types
    present = np.asarray((counts > 0).sum(axis=0)).ravel()
    rare = np.log((1 + counts.shape[0]) / (1 + present)) + 1
    return np.where(present >= _RAREST, rare, 0.0)
