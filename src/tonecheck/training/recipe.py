"""The whole of `tonecheck train --recipe linear`: from corpora to a model folder with its card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.checker import load
from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.modelstore import save_model
from tonecheck.policy import Band
from tonecheck.reading import Reading
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
    without_copies,
    without_development,
)
from tonecheck.training.evaluate import judge, measure
from tonecheck.training.examples import Example
from tonecheck.training.linear import Table, cue_kinds, fit, read_examples, scorer_of, tabulate
from tonecheck.training.sentences import sentence_examples
from tonecheck.training.wordspace import UNLABELLED, WordSpace, read_unlabelled, word_space

FOLDS = 4
OURS = "tonecheck_learning"
"""The source of our own invented replies; all other annotated replies were found in the wild."""


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
    """Training replies in three runs: annotated, their sentences, and the other corpora."""

    corpora: Sequence[Corpus]
    counts: Mapping[str, int]  # replies by corpus
    examples: Sequence[Example]
    readings: Sequence[Reading]
    importance: Floats
    annotated: int  # how many of the examples are whole annotated replies; they come first
    ours: int  # how many are these or their sentences


def train_linear(recipe: Recipe) -> dict[str, Any]:
    """Train, calibrate on held-out folds, measure on development data and save a model.

    Returns:
        The configuration that was saved, with what the card states.

    Raises:
        InputError: If no training corpus is found, or one cannot be read.
    """
    development = _development(recipe)
    data = _training_data(recipe, development)
    kinds = cue_kinds()
    table = tabulate(data.readings, kinds)
    recipe.say("word vectors")
    space = _word_space(recipe, development)
    raw, severities = _held_out(recipe, data, table, space=space, kinds=kinds)
    calibration = [calibrate(raw[:, i], severities[:, i] >= 0.5) for i in range(len(TONES))]
    slopes = np.array([[part.slope, part.intercept] for part in calibration])
    held_out = sigmoid(raw * slopes[:, 0] + slopes[:, 1])
    sources = ["ours" if example.source == OURS else "found" for example in data.examples]
    bands = [
        choose_band(held_out[:, i], severities[:, i], sources[: data.annotated])
        for i in range(len(TONES))
    ]
    recipe.say("final fit")
    weights = fit(table, data.examples, data.importance, space=space)
    config = {
        **_config(recipe, kinds, calibration=calibration, bands=bands),
        "prior": dict(zip(TONES, (severities >= 0.5).mean(axis=0).round(4), strict=True)),
        "corpora": dict(data.counts),
        "word_space": UNLABELLED if space is not None else None,
    }
    save_model(recipe.out, config, tensors=_stored(weights), card="")
    recipe.say("measuring what was saved")
    checker = load(str(recipe.out.resolve()))
    metrics = {
        name: measure(examples, judge(checker, examples), checker.policy, seed=recipe.seed)
        for name, examples in development.items()
    }
    config["card"] = _card_figures(metrics)
    card = write_card(config, corpora=data.corpora, counts=data.counts, metrics=metrics)
    save_model(recipe.out, config, tensors=_stored(weights), card=card)
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
    kept = {
        corpus.name: without_development(read_corpus(corpus, recipe.folders), held_back)
        for corpus in corpora
    }
    ours = [example for examples in kept.values() for example in examples if example.severities]
    if not ours:
        raise InputError(
            "none of the folders holds tonecheck_replies_train or tonecheck_learning_train, which "
            "carry the labels that a model learns. Name their folder with --corpora."
        )
    others: list[Example] = []
    importance: list[float] = []
    for corpus in corpora:
        if kept[corpus.name] and not kept[corpus.name][0].severities:
            kept[corpus.name] = without_copies(kept[corpus.name], of=ours)
            others += kept[corpus.name]
            importance += [corpus.weight] * len(kept[corpus.name])
    recipe.say(f"reading {len(ours) + len(others):,} replies from {len(corpora)} corpora")
    readings = read_examples(ours)
    sentences = sentence_examples(ours, readings, seed=recipe.seed)
    return _Data(
        corpora=corpora,
        counts={name: len(examples) for name, examples in kept.items()},
        examples=[*ours, *sentences, *others],
        readings=[*readings, *read_examples(sentences), *read_examples(others)],
        importance=np.array([1.0] * (len(ours) + len(sentences)) + importance),
        annotated=len(ours),
        ours=len(ours) + len(sentences),
    )


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
    """Return raw log-odds and severities of annotated replies, each held out once.

    A reply is held out with its thread, also where another corpus has it, and with the sentences
    made of them.
    """
    groups = [example.group for example in data.examples[: data.ours]]
    folds = held_out_groups(groups, FOLDS, seed=recipe.seed)
    elsewhere = _folds_elsewhere(data, folds)
    raw = np.zeros((data.annotated, len(TONES)))
    for fold in range(FOLDS):
        recipe.say(f"held-out fold {fold + 1} of {FOLDS}")
        importance = data.importance.copy()
        importance[: data.ours][folds == fold] = 0.0
        importance[elsewhere[fold]] = 0.0
        scorer = scorer_of(fit(table, data.examples, importance, space=space), kinds)
        rows = np.flatnonzero(folds[: data.annotated] == fold).tolist()
        raw[rows] = scorer.raw([data.readings[row] for row in rows])
    severities = [
        [example.severities[tone] for tone in TONES] for example in data.examples[: data.annotated]
    ]
    return raw, np.array(severities)


def _folds_elsewhere(data: _Data, folds: NDArray[np.int64]) -> list[list[int]]:
    """Return, for each fold, the examples of other corpora that stand in one of its threads."""
    fold_of = {
        name: int(fold)
        for example, fold in zip(data.examples[: data.ours], folds, strict=True)
        for name in example.names
    }
    rows: list[list[int]] = [[] for _ in range(FOLDS)]
    for row, example in enumerate(data.examples[data.ours :], start=data.ours):
        for name in example.names & fold_of.keys():
            rows[fold_of[name]].append(row)
    return rows


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
