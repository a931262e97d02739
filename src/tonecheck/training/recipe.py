"""What every recipe of `tonecheck train` shares: its settings, its data, and how it ends.

A model is saved, then measured as people will use it, and saved again with its card.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.checker import load
from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.policy import Band
from tonecheck.scorers.logistic import Floats, calibrated
from tonecheck.training.calibrate import Calibration, calibrate, choose_band
from tonecheck.training.card import write_card
from tonecheck.training.corpora import (
    DEVELOPMENT,
    Corpus,
    available,
    is_there,
    read_corpus,
    without_copies,
    without_development,
)
from tonecheck.training.evaluate import judge, measure
from tonecheck.training.examples import Example

OURS = "tonecheck_learning"
"""The source of our own invented replies; all other annotated replies were found in the wild."""

OURS_COUNTS = 2
"""How often our own count: they alone are from learning spaces, and few beside the others."""

Reader = Callable[[Corpus, Sequence[Path]], list[Example]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to train and from what.

    Attributes:
        folders: Where the corpora lie.
        out: Where the model folder goes; its name is the model's name.
        version: The model's version.
        licence: The strictest licence tier to train on: `open` or `unstated`.
        seed: Of the folds, the bootstrap and all that is drawn.
        say: Is told what is being done.
    """

    folders: Sequence[Path]
    out: Path
    version: str = "1.0.0"
    licence: str = "unstated"
    seed: int = 20260901
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model learns from; nothing of it stands in a development file.

    Attributes:
        corpora: Where it comes from.
        counts: How many replies each corpus gives.
        annotated: The replies annotated for our tones.
        others: Those of the other corpora.
    """

    corpora: Sequence[Corpus]
    counts: Mapping[str, int]
    annotated: Sequence[Example]
    others: Sequence[Example]


def read_development(recipe: Recipe) -> dict[str, list[Example]]:
    """Return the development replies by corpus; a corpus that is not there is passed over.

    Raises:
        InputError: If a corpus cannot be read: its replies would train what they are to measure.
    """
    found = {}
    for corpus in DEVELOPMENT:
        if is_there(corpus, recipe.folders):
            found[corpus.name] = read_corpus(corpus, recipe.folders)
        else:
            recipe.say(f"{corpus.name} is not there; the card will not speak of it")
    return found


def read_training(
    recipe: Recipe, development: Mapping[str, Sequence[Example]], *, read: Reader = read_corpus
) -> TrainingData:
    """Return the training replies that share neither words nor a thread with development.

    Raises:
        InputError: If no folder holds annotated replies, or a corpus cannot be read.
    """
    corpora = available(recipe.folders, licence=recipe.licence)
    held_back = [example for examples in development.values() for example in examples]
    kept = {
        corpus.name: without_development(read(corpus, recipe.folders), held_back)
        for corpus in corpora
    }
    ours = [example for examples in kept.values() for example in examples if example.severities]
    if not ours:
        raise InputError(
            "none of the folders holds tonecheck_replies_train or tonecheck_learning_train, which "
            "carry the labels that a model learns. Name their folder with --corpora."
        )
    others: list[Example] = []
    for name, examples in kept.items():
        if examples and not examples[0].severities:
            kept[name] = without_copies(examples, of=ours)
            others += kept[name]
    counts = {name: len(examples) for name, examples in kept.items() if examples}
    recipe.say(f"reading {len(ours) + len(others):,} replies from {len(counts)} corpora")
    present = [corpus for corpus in corpora if corpus.name in counts]
    return TrainingData(present, counts, ours, others)


def calibrate_tones(
    raw: Floats, examples: Sequence[Example]
) -> tuple[list[Calibration], list[Band], NDArray[np.bool_]]:
    """Return each tone's calibration and thresholds, and which replies carry it.

    Args:
        raw: Log-odds of annotated replies that the model has not seen, shape (replies, tones).
        examples: These replies.

    Raises:
        InputError: If they are too few to hold each tone, and replies without it.
    """
    severities = np.array([[example.severities[tone] for tone in TONES] for example in examples])
    answers = severities >= 0.5
    for tone, having in zip(TONES, answers.sum(axis=0).tolist(), strict=True):
        if having in (0, len(answers)):
            raise InputError(
                f"of {len(answers)} replies that are held out to calibrate on, {having} are of "
                f"{tone}; there must be replies with and without it. Train on more annotated ones."
            )
    columns = range(len(TONES))
    calibration = [calibrate(raw[:, i], answers[:, i]) for i in columns]
    slopes = np.array([[part.slope, part.intercept] for part in calibration])
    probabilities = calibrated(raw, slopes)
    sources = ["ours" if example.source == OURS else "found" for example in examples]
    bands = [choose_band(probabilities[:, i], severities[:, i], sources) for i in columns]
    return calibration, bands, answers


def base_config(
    recipe: Recipe, kind: str, *, calibration: Sequence[Calibration], bands: Sequence[Band]
) -> dict[str, Any]:
    """Return the part of `config.json` that every model has."""
    return {
        "kind": kind,
        "name": recipe.out.name,
        "version": recipe.version,
        "language": "en",
        "tones": [str(tone) for tone in TONES],
        "calibration": {
            tone: {"slope": round(part.slope, 6), "intercept": round(part.intercept, 6)}
            for tone, part in zip(TONES, calibration, strict=True)
        },
        "policy": {
            tone: {key: getattr(band, key) for key in Band.__slots__}
            for tone, band in zip(TONES, bands, strict=True)
        },
        "licence": recipe.licence,
        "seed": recipe.seed,
    }


def finish(
    recipe: Recipe,
    data: TrainingData,
    development: Mapping[str, Sequence[Example]],
    *,
    config: dict[str, Any],
    save: Callable[[Mapping[str, Any], str], None],
) -> dict[str, Any]:
    """Save a model, measure what was saved, and save it again with its card.

    Args:
        recipe: The settings.
        data: What it learned from.
        development: What it is measured on.
        config: What `config.json` holds.
        save: Writes the model folder, given the configuration and the card.

    Returns:
        The configuration that was saved, with the metrics.
    """
    save(config, "")
    recipe.say("measuring what was saved")
    checker = load(str(recipe.out.resolve()))
    metrics = {
        name: measure(examples, judge(checker, examples), checker.policy, seed=recipe.seed)
        for name, examples in development.items()
    }
    config["card"] = _card_figures(metrics)
    save(config, write_card(config, corpora=data.corpora, counts=data.counts, metrics=metrics))
    return {**config, "metrics": metrics}


def _card_figures(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what reports quote: precision and recall at the thresholds, a tone at a time."""
    figures: dict[str, Any] = {}
    for name in ("tonecheck_replies_dev", "tonecheck_learning_dev"):
        for tone, measured in metrics.get(name, {}).items():
            figures.setdefault(
                tone,
                {
                    "measured_on": name,
                    "precision": measured["yes"]["precision"],
                    "recall": measured["yes"]["recall"],
                    "auc": measured["auc"],
                },
            )
    return figures
