"""The whole of `tonecheck train --recipe linear`: from corpora to a model folder with its card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.labels import TONES
from tonecheck.modelstore import save_model
from tonecheck.reading import Reading
from tonecheck.scorers.linear import LinearScorer
from tonecheck.training.calibrate import Floats, held_out_groups
from tonecheck.training.examples import Example
from tonecheck.training.linear import Table, cue_kinds, fit, read_examples, scorer_of, tabulate
from tonecheck.training.recipe import (
    OURS,
    OURS_COUNTS,
    Recipe,
    TrainingData,
    base_config,
    calibrate_tones,
    finish,
    read_development,
    read_training,
)
from tonecheck.training.sentences import sentence_examples
from tonecheck.training.wordspace import UNLABELLED, WordSpace, read_unlabelled, word_space

FOLDS = 4

Unseen = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Data:
    """Training replies in three runs: annotated, their sentences, and the other corpora."""

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
    development = read_development(recipe)
    found = read_training(recipe, development)
    data = _training_data(recipe, found)
    kinds = cue_kinds()
    table = tabulate(data.readings, kinds)
    recipe.say("word vectors")
    space = _word_space(recipe, development)
    raw = _held_out(recipe, data, table, space=space, kinds=kinds)
    calibration, bands, answers = calibrate_tones(raw, data.examples[: data.annotated])
    recipe.say("final fit")
    weights = fit(table, data.examples, data.importance, space=space)
    config = {
        **base_config(recipe, "linear", calibration=calibration, bands=bands),
        "kinds": list(kinds),
        "prior": dict(zip(TONES, answers.mean(axis=0).round(4), strict=True)),
        "corpora": dict(found.counts),
        "word_space": UNLABELLED if space is not None else None,
    }
    tensors = _stored(weights)
    return finish(
        recipe,
        found,
        development,
        config=config,
        save=lambda config, card: save_model(recipe.out, config, tensors=tensors, card=card),
    )


def scorer_without(
    recipe: Recipe,
    found: TrainingData,
    *,
    development: Mapping[str, Sequence[Example]],
    unseen: Unseen,
) -> LinearScorer:
    """Return an uncalibrated linear model that has learned nothing from some threads.

    Args:
        recipe: The settings.
        found: The training data.
        development: The development replies, whose threads are left out as ever.
        unseen: Whether a thread, by the name of its group, is to be left out.
    """
    data = _training_data(recipe, found)
    kinds = cue_kinds()
    held = np.array([unseen(item.group) for item in data.examples[: data.ours]], dtype=bool)
    importance = _importance_without(data, held)
    space = _word_space(recipe, development)
    table = tabulate(data.readings, kinds)
    return scorer_of(fit(table, data.examples, importance, space=space), kinds)


def _training_data(recipe: Recipe, data: TrainingData) -> _Data:
    weights = {corpus.name: corpus.weight for corpus in data.corpora}
    readings = read_examples(data.annotated)
    sentences = sentence_examples(data.annotated, readings, seed=recipe.seed)
    ours = [*data.annotated, *sentences]
    counts = [float(OURS_COUNTS) if item.source == OURS else 1.0 for item in ours]
    return _Data(
        examples=[*ours, *data.others],
        readings=[*readings, *read_examples(sentences), *read_examples(data.others)],
        importance=np.array([*counts, *(weights[item.source] for item in data.others)]),
        annotated=len(data.annotated),
        ours=len(ours),
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
) -> Floats:
    """Return raw log-odds of annotated replies, each held out once.

    A reply is held out with its thread, also where another corpus has it, and with the sentences
    made of them.
    """
    groups = [example.group for example in data.examples[: data.ours]]
    folds = held_out_groups(groups, FOLDS, seed=recipe.seed)
    raw = np.zeros((data.annotated, len(TONES)))
    for fold in range(FOLDS):
        recipe.say(f"held-out fold {fold + 1} of {FOLDS}")
        importance = _importance_without(data, folds == fold)
        scorer = scorer_of(fit(table, data.examples, importance, space=space), kinds)
        rows = np.flatnonzero(folds[: data.annotated] == fold).tolist()
        raw[rows] = scorer.raw([data.readings[row] for row in rows])
    return raw


def _importance_without(data: _Data, held: NDArray[np.bool_]) -> Floats:
    """Return how much each example counts where some annotated ones teach nothing.

    Examples of other corpora that stand in one of their threads teach nothing either.

    Args:
        data: The examples.
        held: Which of the annotated replies and their sentences.
    """
    ours, others = data.examples[: data.ours], data.examples[data.ours :]
    closed = {
        name for item, out in zip(ours, held.tolist(), strict=True) if out for name in item.names
    }
    elsewhere = np.array([bool(item.names & closed) for item in others], dtype=bool)
    importance = data.importance.copy()
    importance[np.concatenate([held, elsewhere])] = 0.0
    return importance


def _stored(weights: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the weights as they are kept: half precision for the n-grams, which are many."""
    return {
        name: array.astype(np.float16 if name in ("words", "chars") else np.float32)
        for name, array in weights.items()
    }
