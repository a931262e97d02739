"""How good verdicts are on labelled replies, with the uncertainty of every figure.

Intervals are 95 %. Those of the area under the ROC curve come from a bootstrap over threads
(Field & Welsh 2007), because replies of one thread are not independent; those of shares are
Wilson's (1927).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.checker import ToneChecker
from tonecheck.labels import TONES, Tone
from tonecheck.messages import Message
from tonecheck.policy import Policy
from tonecheck.shares import wilson
from tonecheck.training.calibrate import Floats, expected_error
from tonecheck.training.examples import Example

RESAMPLES = 1000


def judge(checker: ToneChecker, examples: Iterable[Example]) -> Floats:
    """Return the probabilities that people would see, shape (examples, tones)."""
    messages = (Message(text=example.text, parent=example.parent) for example in examples)
    return np.array(
        [
            [verdict.tones[tone].probability for tone in TONES]
            for verdict in checker.check_many(messages)
        ]
    ).reshape(-1, len(TONES))


def measure(
    examples: Sequence[Example], probabilities: Floats, policy: Policy, *, seed: int = 0
) -> dict[str, Any]:
    """Return counts and metrics by tone: overall, at the policy's thresholds, and by source.

    Args:
        examples: With targets; an example without one for a tone is left out there.
        probabilities: Shape (examples, tones).
        policy: Whose thresholds precision and recall are reported for.
        seed: Of the bootstrap.
    """
    report: dict[str, Any] = {}
    for column, tone in enumerate(TONES):
        rows = [row for row, example in enumerate(examples) if tone in example.targets]
        answers = np.array([examples[row].targets[tone] >= 0.5 for row in rows])
        if answers.any() and not answers.all():
            report[tone] = _measure_tone(
                [examples[row] for row in rows], probabilities[rows, column], tone,
                at=policy[tone].yes_at, unsure_at=policy[tone].unsure_at, seed=seed,
            )  # fmt: skip
    return report


def auc_interval(
    answers: NDArray[np.bool_], scores: Floats, groups: Sequence[str], *, seed: int = 0
) -> dict[str, float]:
    """Return the area under the ROC curve with a bootstrap interval over groups."""
    values = [
        area(answers[rows], scores[rows])
        for rows in resamples(groups, seed=seed)
        if 0 < answers[rows].sum() < len(rows)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    value = area(answers, scores)
    return {"value": _short(value), "low": _short(low), "high": _short(high)}


def area(answers: NDArray[np.bool_], scores: Floats) -> float:
    """Return the area under the ROC curve, from ranks (Mann & Whitney 1947): resamples are many."""
    from scipy.stats import rankdata

    positive = int(answers.sum())
    above = rankdata(scores)[answers].sum() - positive * (positive + 1) / 2
    return float(above / positive / (len(answers) - positive))


def resamples(groups: Sequence[str], *, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """Yield rows of bootstrap samples in which each group is drawn whole (Efron 1979)."""
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    members: list[list[int]] = [[] for _ in names]
    for row, group in enumerate(groups):
        members[names[group]].append(row)
    rows_of = [np.array(rows) for rows in members]
    random = np.random.default_rng(seed)
    for _ in range(RESAMPLES):
        drawn = random.integers(0, len(rows_of), len(rows_of))
        yield np.concatenate([rows_of[place] for place in drawn])


def share(part: int, whole: int) -> dict[str, float | int | None]:
    """Return a share with Wilson's interval (Wilson 1927); no value where there is nothing."""
    if not whole:
        return {"value": None, "low": None, "high": None, "part": part, "whole": whole}
    low, high = wilson(part, whole)
    return {
        "value": _short(part / whole),
        "low": _short(low),
        "high": _short(high),
        "part": part,
        "whole": whole,
    }


def _measure_tone(
    examples: Sequence[Example], scores: Floats, tone: Tone, *, at: float, unsure_at: float,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    answers = np.array([example.targets[tone] >= 0.5 for example in examples])
    clear = np.array([example.severities.get(tone, 0.0) >= 1.5 for example in examples])
    groups = [example.group for example in examples]
    result: dict[str, Any] = {
        "replies": len(examples),
        "positive": int(answers.sum()),
        "auc": auc_interval(answers, scores, groups, seed=seed),
        "calibration_error": _short(expected_error(scores, answers)),
        "yes": {"at": at, **_at(scores >= at, answers)},
        "yes_or_unsure": {"at": unsure_at, **_at(scores >= unsure_at, answers)},
    }
    if clear.any():
        result["recall_of_clear"] = share(int((clear & (scores >= at)).sum()), int(clear.sum()))
    result["sources"] = _by_source(examples, lambda rows: _source(answers[rows], scores[rows], at))
    return result


def _at(taken: NDArray[np.bool_], answers: NDArray[np.bool_]) -> dict[str, Any]:
    right = int((taken & answers).sum())
    return {
        "precision": share(right, int(taken.sum())),
        "recall": share(right, int(answers.sum())),
        "false_alarms": share(int((taken & ~answers).sum()), int((~answers).sum())),
    }


def _source(answers: NDArray[np.bool_], scores: Floats, at: float) -> dict[str, Any]:
    both = answers.any() and not answers.all()
    return {
        "replies": len(answers),
        "positive": int(answers.sum()),
        "auc": _short(area(answers, scores)) if both else None,
        **_at(scores >= at, answers),
    }


def _by_source(
    examples: Sequence[Example], of: Callable[[NDArray[np.int64]], dict[str, Any]]
) -> dict[str, Any]:
    places: dict[str, list[int]] = {}
    for row, example in enumerate(examples):
        places.setdefault(example.source, []).append(row)
    return {source: of(np.array(rows)) for source, rows in sorted(places.items())}


def _short(value: float) -> float:
    return round(float(value), 4)
