"""How good forecasts are, as ConvoKit reports them, and where the line is drawn.

A conversation counts as forecast where any of its moments is over the line, which is how
ConvoKit's forecasters are measured (convokit.cornell.edu, Chang & Danescu-Niculescu-Mizil 2019);
`last` looks only at the moment before the outcome.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tonecheck.shares import wilson
from tonecheck.training.calibrate import expected_error
from tonecheck.training.evaluate import auc_interval, share
from tonecheck.training.forecast_data import FOLDS, Floats, Ints, Moments

When = Literal["any", "last"]

FALSE_ALARMS = 0.30
"""The share of calm conversations for which an alarm may be raised."""

_SAFELY = 0.02  # by how much less of them there must be where the line is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What became of the conversations of a corpus.

    Attributes:
        places: Which conversations they are.
        scores: The highest probability of each, or the last.
        alarms: Whether each was over its line.
        horizons: How many messages before the outcome it first was; 0 where it was not.
    """

    places: Ints
    scores: Floats
    alarms: NDArray[np.bool_]
    horizons: Ints


def call(moments: Moments, probabilities: Floats, source: str, *, when: When) -> Called:
    """Return what became of a corpus's conversations, each with a line drawn on other folds."""
    chosen = moments.enough & (moments.sources[moments.owner] == source)
    if when == "last":
        chosen &= moments.left == 1
    places = np.unique(moments.owner[chosen])
    scores = highest(moments, probabilities, chosen)[places]
    turned, folds = moments.turned[places], moments.folds[places]
    lines = np.ones(len(moments.turned))
    for fold in range(FOLDS):
        others = folds != fold
        lines[places[~others]] = draw_line(scores[others], turned[others])
    over = chosen & (probabilities >= lines[moments.owner])
    horizons = np.zeros(len(moments.turned), dtype=np.int64)
    np.maximum.at(horizons, moments.owner[over], moments.left[over])
    return Called(
        places=places,
        scores=scores,
        alarms=horizons[places] > 0,
        horizons=horizons[places],
    )


def highest(moments: Moments, probabilities: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return the highest probability of each conversation at some moments; 0 without any."""
    found = np.zeros(len(moments.turned))
    np.maximum.at(found, moments.owner[chosen], probabilities[chosen])
    return found


def draw_line(scores: Floats, turned: NDArray[np.bool_]) -> float:
    """Return the line that tells most conversations rightly, with few enough false alarms.

    It is 1 where no line does.

    Args:
        scores: The highest probability of each conversation.
        turned: Whether it turned.
    """
    if turned.all() or not turned.any():
        return 1.0  # nothing to tell apart
    lines = np.quantile(scores, np.linspace(0.02, 0.98, 97))
    alarms = scores[:, None] >= lines
    false = alarms[~turned].mean(axis=0)
    right = (alarms == turned[:, None]).mean(axis=0)
    allowed = false <= FALSE_ALARMS - _SAFELY
    return float(lines[np.argmax(np.where(allowed, right, -1.0))]) if allowed.any() else 1.0


def table_row(moments: Moments, called: Called, *, seed: int) -> dict[str, Any]:
    """Return the measures of a table's row; intervals are 95 %."""
    turned = moments.turned[called.places]
    alarms = called.alarms
    true = int((alarms & turned).sum())
    precision, recall = true / max(1, int(alarms.sum())), true / int(turned.sum())
    return {
        "conversations": len(turned),
        "turned": int(turned.sum()),
        "accuracy": share(int((alarms == turned).sum()), len(turned)),
        "precision": share(true, int(alarms.sum())),
        "recall": share(true, int(turned.sum())),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "false_alarms": share(int((alarms & ~turned).sum()), int((~turned).sum())),
        "mean_horizon": round(float(called.horizons[alarms & turned].mean()), 2) if true else None,
        "auc": auc_interval(
            turned, called.scores, groups=[str(place) for place in called.places], seed=seed
        ),
        "calibration_error": round(float(expected_error(called.scores, turned)), 4),
    }


def reliability(
    moments: Moments, probabilities: Floats, source: str, *, bins: int = 10
) -> list[list[float]]:
    """Return how often a corpus's forecasts came true: (up to which probability, low, high).

    A conversation counts once in each bin that it reaches, so that no interval is too narrow.
    """
    near = moments.near & moments.enough & (moments.sources[moments.owner] == source)
    edges = [*np.quantile(probabilities[near], np.linspace(0, 1, bins + 1)[1:-1]), 1.0]
    bin_of = np.searchsorted(edges, probabilities, side="left")
    rows = []
    for place, edge in enumerate(edges):
        own = np.unique(moments.owner[near & (bin_of == place)])
        low, high = wilson(int(moments.turned[own].sum()), len(own))
        rows.append([round(float(edge), 4), round(low, 4), round(high, 4)])
    return rows


def by_horizon(moments: Moments, probabilities: Floats, source: str) -> list[dict[str, Any]]:
    """Return the AUC of a corpus by how many messages stand before the outcome."""
    found = []
    for left in range(1, 6):
        own = (moments.sources[moments.owner] == source) & (moments.left == left)
        answers = moments.answers[own]
        if min(answers.sum(), (~answers).sum()) >= 30:
            area = float(roc_auc_score(answers, probabilities[own]))
            found.append({"left": left, "moments": int(own.sum()), "auc": round(area, 4)})
    return found
