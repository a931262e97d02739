"""The whole of `tonecheck train --recipe linear`: from corpora to a model folder with its card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.modelstore import save_model
from tonecheck.policy import Band
from tonecheck.scorers.linear import sigmoid
from tonecheck.training.calibrate import (
    Calibration,
    Floats,
    calibrate,
    choose_band,
    held_out_groups,
)
from tonecheck.training.card import write_card
from tonecheck.training.corpora import (
    DEVELOPMENT,
    Corpus,
    available,
    read_corpus,
    without_development,
)
from tonecheck.training.evaluate import measure
from tonecheck.training.examples import Example
from tonecheck.training.linear import Table, cue_kinds, fit, read_examples, scorer_of, tabulate
from tonecheck.training.wordspace import UNLABELLED, WordSpace, read_unlabelled, word_space

FOLDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to train and from what.

    Attributes:
        folders: Where the corpora lie.
        out: Where the model folder goes; its name is the model's name.
        version: The model's version.
        licence: The strictest licence tier to train on: `open` or `unstated`.
        seed: Of the folds, the bootstrap and the word vectors.
        say: Is told what is being done.
    """

    folders: Sequence[Path]
    out: Path
    version: str = "1.0.0"
    licence: str = "unstated"
    seed: int = 20260901
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True)
class _Data:
    corpora: Sequence[Corpus]
    examples: Sequence[Example]
    importance: Floats
    annotated: Floats  # 1.0 for our own annotation, which calibrates
    counts: Mapping[str, int]  # examples by corpus


def train_linear(recipe: Recipe) -> dict[str, Any]:
    """Train, calibrate on held-out folds, measure on development data and save a model.

    Returns:
        The configuration that was saved, with what the card states.

    Raises:
        InputError: If no training corpus is found, or one cannot be read.
    """
    development = _development(recipe)
    data = _training_data(recipe, development)
    recipe.say(f"{len(data.examples):,} training replies from {len(data.corpora)} corpora")
    kinds = cue_kinds()
    table = tabulate(read_examples(data.examples), kinds)
    recipe.say("word vectors")
    space = _word_space(recipe, development)
    raw, severities = _held_out(recipe, data, table, space=space, kinds=kinds)
    calibration = [calibrate(raw[:, i], severities[:, i] >= 0.5) for i in range(len(TONES))]
    slopes = np.array([[part.slope, part.intercept] for part in calibration])
    held_out = sigmoid(raw * slopes[:, 0] + slopes[:, 1])
    bands = [choose_band(held_out[:, i], severities[:, i]) for i in range(len(TONES))]
    recipe.say("final fit")
    weights = fit(table, data.examples, data.importance, space=space)
    scorer = scorer_of(weights, kinds, slopes)
    metrics = {
        name: measure(
            examples, scorer.score(read_examples(examples)), dict(zip(TONES, bands, strict=True)),
            seed=recipe.seed,
        )
        for name, examples in development.items()
    }  # fmt: skip
    config = _config(recipe, kinds, calibration=calibration, bands=bands)
    config["prior"] = dict(zip(TONES, (severities >= 0.5).mean(axis=0).round(4), strict=True))
    config["card"] = _card_figures(metrics)
    config["corpora"] = dict(data.counts)
    config["word_space"] = UNLABELLED if space is not None else None
    save_model(
        recipe.out,
        config,
        tensors=_stored(weights),
        card=write_card(config, corpora=data.corpora, counts=data.counts, metrics=metrics),
    )
    return {**config, "metrics": metrics}


def _development(recipe: Recipe) -> dict[str, list[Example]]:
    found = {}
    for corpus in DEVELOPMENT:
        try:
            found[corpus.name] = read_corpus(corpus, recipe.folders)
        except InputError:
            recipe.say(f"{corpus.name} is not there; the card will not speak of it")
    return found


def _training_data(recipe: Recipe, development: Mapping[str, Sequence[Example]]) -> _Data:
    corpora = available(recipe.folders, licence=recipe.licence)
    held_back = [example for examples in development.values() for example in examples]
    examples: list[Example] = []
    importance: list[float] = []
    annotated: list[float] = []
    counts: dict[str, int] = {}
    for corpus in corpora:
        kept = without_development(read_corpus(corpus, recipe.folders), held_back)
        counts[corpus.name] = len(kept)
        examples += kept
        importance += [corpus.weight] * len(kept)
        annotated += [float(bool(kept and kept[0].severities))] * len(kept)
    if not any(annotated):
        raise InputError(
            "none of the folders holds tonecheck_replies_train or tonecheck_learning_train, which "
            "carry the labels that a model learns. Name their folder with --corpora."
        )
    return _Data(corpora, examples, np.array(importance), np.array(annotated), counts)


def _word_space(recipe: Recipe, development: Mapping[str, Sequence[Example]]) -> WordSpace | None:
    threads = {
        example.group.rsplit("/", 1)[-1]
        for examples in development.values()
        for example in examples
        if example.source == "iac"
    }
    return word_space(
        read_unlabelled(recipe.folders, besides=frozenset(threads)), seed=recipe.seed % 2**31
    )


def _held_out(
    recipe: Recipe, data: _Data, table: Table, *, space: WordSpace | None, kinds: Sequence[str]
) -> tuple[Floats, Floats]:
    """Return raw log-odds and severities of our own annotated replies, each held out once."""
    own = np.flatnonzero(data.annotated).tolist()
    folds = held_out_groups([data.examples[row].group for row in own], FOLDS, seed=recipe.seed)
    raw = np.zeros((len(own), len(TONES)))
    for fold in range(FOLDS):
        recipe.say(f"held-out fold {fold + 1} of {FOLDS}")
        rows = [row for row, number in zip(own, folds, strict=True) if number == fold]
        importance = data.importance.copy()
        importance[rows] = 0.0
        weights = fit(table, data.examples, importance, space=space)
        held = [data.examples[row] for row in rows]
        raw[folds == fold] = scorer_of(weights, kinds).raw(read_examples(held))
    severities = [[data.examples[row].severities[tone] for tone in TONES] for row in own]
    return raw, np.array(severities)


def _config(
    recipe: Recipe,
    kinds: Sequence[str],
    *,
    calibration: Sequence[Calibration],
    bands: Sequence[Band],
) -> dict[str, Any]:
    return {
        "kind": "linear",
        "name": recipe.out.name,
        "version": recipe.version,
        "language": "en",
        "tones": [str(tone) for tone in TONES],
        "kinds": list(kinds),
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


def _stored(weights: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the weights as they are kept: half precision for the n-grams, which are many."""
    return {
        name: array.astype(np.float16 if name in ("words", "chars") else np.float32)
        for name, array in weights.items()
    }
