"""From raw log-odds to probabilities and thresholds, on replies that the model has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonecheck.policy import Band

Floats = NDArray[np.float64]

_FEWEST = 20  # replies of a corpus, for a share to mean something
YES_PRECISION = 0.60
"""A tone is flagged where surely at least this share of such replies carry it."""

LIKELY = 0.5
"""A tone is never flagged where it is less likely than not."""

NEVER = 0.99
"""From this probability on a tone is flagged that no threshold flags precisely enough."""

WORTH_A_LOOK = 0.3
"""From this probability on a person should look, if the tone is not flagged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Turns raw log-odds into the log-odds of a probability: `slope * raw + intercept`."""

    slope: float
    intercept: float


def calibrate(raw: Floats, answers: NDArray[np.bool_]) -> Calibration:
    """Return Platt's calibration (Platt 1999), from log-odds of replies held out of training."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(raw[:, None], answers)
    return Calibration(slope=float(model.coef_[0, 0]), intercept=float(model.intercept_[0]))


def choose_band(probabilities: Floats, severities: Floats, corpora: Sequence[str]) -> Band:
    """Return thresholds for stated precision, from replies held out of training.

    The precision of a yes must surely hold over all replies, and be reached in each corpus by
    itself: a tone that is frequent in one would otherwise set a threshold too low for another.
    That it also *surely* holds in each would ask for more replies than a rare tone has.

    Args:
        probabilities: Calibrated, one a reply.
        severities: As annotated, 0 to 2; 0.5 and more is the tone.
        corpora: Which corpus each reply comes from.
    """
    answers = severities >= 0.5
    yes_at = _yes_at(probabilities, answers, np.array(corpora))
    flagged = (probabilities >= yes_at) & answers
    return Band(
        unsure_at=WORTH_A_LOOK,
        yes_at=_rounded(yes_at),
        clear_at=_rounded(max(_clear_at(probabilities[flagged], severities[flagged]), yes_at)),
    )


def expected_error(probabilities: Floats, answers: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal width (Guo et al. 2017)."""
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            gap = abs(float(probabilities[inside].mean()) - float(answers[inside].mean()))
            error += gap * float(inside.mean())
    return error


def _yes_at(probabilities: Floats, answers: NDArray[np.bool_], names: NDArray[np.str_]) -> float:
    """Return the lowest threshold at which all conditions hold, or `NEVER` if there is none."""
    order = np.argsort(-probabilities, kind="stable")
    falling, right = probabilities[order], answers[order]
    taken = np.arange(1, len(order) + 1)
    holds = (falling >= LIKELY) & (_surely(np.cumsum(right) / taken, taken) >= YES_PRECISION)
    holds[:-1] &= falling[:-1] > falling[1:]  # a threshold takes all that are as likely
    for name in set(names.tolist()):
        mine = names[order] == name
        found = np.cumsum(mine)
        holds &= (found >= _FEWEST) & (np.cumsum(mine & right) >= YES_PRECISION * found)
    places = np.flatnonzero(holds)
    return float(falling[places[-1]]) if len(places) else NEVER


def _surely(shares: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return the lower end of Wilson's interval (1927), one-sided at 95 %.

    Of many thresholds some would reach a precision by luck.
    """
    z = 1.644854
    middle = shares + z**2 / (2 * counts)
    half = z * np.sqrt(shares * (1 - shares) / counts + (z / counts) ** 2 / 4)
    lower: Floats = (middle - half) / (1 + z**2 / counts)
    return lower


def _clear_at(probabilities: Floats, severities: Floats) -> float:
    """Return the threshold that best parts clear from mild, by balanced accuracy."""
    clear = severities >= 1.5
    if clear.all() or not clear.any():
        return 0.9
    thresholds = np.unique(np.quantile(probabilities, np.linspace(0.05, 0.95, 19)))
    balanced = [
        float((probabilities[clear] >= at).mean() + (probabilities[~clear] < at).mean())
        for at in thresholds
    ]
    return float(thresholds[int(np.argmax(balanced))])


def _rounded(threshold: float) -> float:
    return float(np.floor(threshold * 1000) / 1000)


def held_out_groups(groups: Sequence[str], folds: int, *, seed: int) -> NDArray[np.int64]:
    """Return a fold number for each group's members, so that no group is in two folds."""
    names = sorted(set(groups))
    shuffled = np.random.default_rng(seed).permutation(len(names))
    numbers = {name: int(place) % folds for name, place in zip(names, shuffled, strict=True)}
    return np.array([numbers[group] for group in groups], dtype=np.int64)
