"""The whole of `tonecheck train --recipe forecast`: how likely a thread is to turn personal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tonecheck.checker import load
from tonecheck.conversation.forecast import HORIZON, WORDS
from tonecheck.conversation.signals import SIGNALS
from tonecheck.labels import TONES
from tonecheck.modelstore import FORECAST_KIND, open_model, open_parts, save_model
from tonecheck.scorers.logistic import sigmoid
from tonecheck.training.card import write_card
from tonecheck.training.conversations import OUTCOMES, read_conversations
from tonecheck.training.forecast_data import Floats, Moments, read_moments
from tonecheck.training.forecast_fit import (
    STRENGTH,
    Reading,
    add_up,
    cross_fit,
    cross_fit_words,
    fit_numbers,
    fit_words,
)
from tonecheck.training.forecast_metrics import (
    call,
    draw_line,
    highest,
    reliability,
    table_row,
)
from tonecheck.training.recipe import Recipe

LIKE_A_FORUM = "cga_cmv_valid"
"""The corpus by which the line is drawn and intervals are stated: talks of any length."""

_BACK = 0.05  # by how much less likely a thread must be to come back from over the line
_PLACES = 6


def train_forecast(recipe: Recipe, reads: str) -> dict[str, Any]:
    """Fit, measure and save a forecast.

    Every figure comes from conversations that taught neither the readings nor how they are added.

    Args:
        recipe: The settings.
        reads: The model that judges the messages; the states of its encoder are used, if any.

    Returns:
        The configuration that was saved, with the metrics.

    Raises:
        InputError: If a corpus is not there, or a row cannot be read.
        ModelError: If the model cannot be read.
    """
    conversations = read_conversations(recipe.folders)
    recipe.say(f"judging the messages of {len(conversations):,} conversations")
    moments = read_moments(conversations, load(reads), seed=recipe.seed)
    recipe.say("fitting the words")
    unseen_words = cross_fit_words(moments)
    heads: dict[str, Any] = {}
    tensors: dict[str, Any] = {"means": moments.numbers[moments.near].mean(axis=0)}
    rarity, words = fit_words(moments, moments.near)
    width = len(words.weights) // len(WORDS)
    for place, kind in enumerate(WORDS):
        tensors[f"rarity.{kind}"] = rarity[kind]
        tensors[f"words.{kind}"] = words.weights[place * width : (place + 1) * width]
    metrics: dict[str, Any] = {}
    for name, columns in column_sets(moments).items():
        recipe.say(f"fitting the head {name}")
        unseen = cross_fit(moments, columns, strength=STRENGTH[name])
        together = add_up(moments, (unseen, unseen_words), moments.near & moments.enough)
        probabilities = combined((unseen, unseen_words), together)
        fitted = fit_numbers(columns, moments, moments.near, strength=STRENGTH[name])
        heads[name] = _stated(moments, probabilities, fitted, words=words, together=together)
        weights = fitted.weights * together.weights[0]
        tensors[f"numbers.{name}"] = weights[: len(SIGNALS)]
        if len(weights) > len(SIGNALS):
            tensors[f"states.{name}"] = weights[len(SIGNALS) :]
        metrics[name] = measure_forecast(moments, probabilities, seed=recipe.seed)
    return _save(recipe, reads, moments, heads=heads, tensors=tensors, metrics=metrics)


def column_sets(moments: Moments) -> dict[str, Floats]:
    """Return what each head reads: the signals alone, or with the encoder's states."""
    sets = {"plain": moments.numbers}
    if moments.states is not None:
        sets["states"] = np.hstack([moments.numbers, moments.states])
    return sets


def combined(readings: Sequence[Floats], together: Reading) -> Floats:
    """Return probabilities for readings, added up."""
    return sigmoid(np.column_stack(readings) @ together.weights + together.intercept)


def measure_forecast(moments: Moments, probabilities: Floats, *, seed: int) -> dict[str, Any]:
    """Return a table's rows by corpus: for a line crossed at any moment, and for the last alone."""
    return {
        corpus.name: {
            when: table_row(
                moments, call(moments, probabilities, corpus.name, when=when), seed=seed
            )
            for when in ("any", "last")
        }
        for corpus in OUTCOMES
    }


def _stated(
    moments: Moments, probabilities: Floats, fitted: Reading, *, words: Reading, together: Reading
) -> dict[str, Any]:
    """Return what the configuration says of a head."""
    own = moments.sources == LIKE_A_FORUM
    scores = highest(moments, probabilities, moments.enough)
    line = draw_line(scores[own], moments.turned[own])
    known = together.weights @ (fitted.intercept, words.intercept)
    return {
        "words": round(float(together.weights[1]), _PLACES),
        "intercept": round(float(known + together.intercept), _PLACES),
        "line": round(line, 4),
        "below": round(line - _BACK, 4),
        "reliability": reliability(moments, probabilities, LIKE_A_FORUM),
    }


def _save(
    recipe: Recipe,
    reads: str,
    moments: Moments,
    *,
    heads: Mapping[str, Any],
    tensors: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    model = open_model(reads)
    parts = [part for kind, part in open_parts(model).items() if kind == "encoder"]
    config = {
        "kind": FORECAST_KIND,
        "name": recipe.out.name,
        "version": recipe.version,
        "language": "en",
        "tones": [str(tone) for tone in TONES],
        "horizon": HORIZON,
        "reads": model.label,
        "states_of": [each.label for each in (model, *parts)] if "states" in heads else [],
        "signals": list(SIGNALS),
        "heads": heads,
        "seed": recipe.seed,
    }
    counts = {corpus.name: int((moments.sources == corpus.name).sum()) for corpus in OUTCOMES}
    halved = {name: np.asarray(part, dtype=np.float32) for name, part in tensors.items()}
    for name in halved:
        if name.startswith(("words", "rarity")):
            halved[name] = halved[name].astype(np.float16)
    card = write_card(config, corpora=OUTCOMES, counts=counts, metrics=metrics)
    save_model(recipe.out, config, card=card, tensors=halved)
    return {**config, "metrics": metrics}
