"""The whole of `tonecheck train --recipe pair`: how much a linear model and an encoder count.

The replies that taught the encoder nothing weigh the two. A linear model that ships has learned
from them, so that another one, which has not, stands in for it here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.modelstore import (
    MANIFEST,
    PARTS,
    ModelFolder,
    open_model,
    save_model,
    sha256_of,
)
from tonecheck.scorers.encoder import EncoderScorer
from tonecheck.scorers.logistic import Floats, sigmoid
from tonecheck.training.encoder_data import held_out
from tonecheck.training.examples import Example
from tonecheck.training.linear import read_examples
from tonecheck.training.linear_recipe import scorer_without
from tonecheck.training.recipe import (
    Recipe,
    TrainingData,
    base_config,
    calibrate_tones,
    finish,
    read_development,
    read_training,
)

_PLACES = 6  # of a weight in the configuration


def train_pair(recipe: Recipe, parts: Sequence[Path]) -> dict[str, Any]:
    """Weigh a linear model and an encoder, calibrate, measure and save the pair.

    Args:
        recipe: The settings; seed and licence must be those that the encoder was trained with.
        parts: The two models' folders, beside the one that the pair is saved to.

    Returns:
        The configuration that was saved, with what the card states.

    Raises:
        InputError: If the parts do not fit, or there are no training replies.
        ModelError: If a part cannot be read.
    """
    models = _open_parts(recipe, parts)
    development = read_development(recipe)
    data = read_training(recipe, development)
    unseen = [example for example in data.annotated if held_out(example.group, recipe.seed)]
    recipe.say(f"judging {len(unseen):,} replies that taught the encoder nothing")
    raw = _raw(recipe, models["encoder"], data, development=development, unseen=unseen)
    severities = np.array([[example.severities[tone] for tone in TONES] for example in unseen])
    weights = weigh(raw, severities >= 0.5)
    calibration, bands, answers = calibrate_tones((raw * weights).sum(axis=-1), unseen)
    config = {
        **base_config(recipe, "pair", calibration=calibration, bands=bands),
        "calibration": {
            tone: {
                **{
                    part: round(part_weight * line.slope, _PLACES)
                    for part, part_weight in zip(PARTS, row, strict=True)
                },
                "intercept": round(line.intercept, _PLACES),
            }
            for tone, row, line in zip(TONES, weights.tolist(), calibration, strict=True)
        },
        "parts": {
            kind: {
                "name": model.path.name,
                "version": model.config["version"],
                "manifest": sha256_of(model.path / MANIFEST),
            }
            for kind, model in models.items()
        },
        "held_out": len(unseen),
        "prior": dict(zip(TONES, answers.mean(axis=0).round(4), strict=True)),
        "corpora": dict(data.counts),
    }
    return finish(
        recipe,
        data,
        development,
        config=config,
        save=lambda config, card: save_model(recipe.out, config, card=card),
    )


def weigh(raw: Floats, answers: NDArray[np.bool_]) -> Floats:
    """Return how much each part's log-odds count, shape (tones, parts), by logistic regression.

    No weight is negative.

    Args:
        raw: Log-odds of replies that no part has seen, shape (replies, tones, parts).
        answers: Whether each reply carries each tone.
    """
    from scipy.optimize import minimize

    parts = raw.shape[-1]
    found = []
    for column in range(len(TONES)):
        signs = np.where(answers[:, column], 1.0, -1.0)
        known = np.column_stack([raw[:, column], np.ones(len(raw))])

        def cost(
            line: Floats, known: Floats = known, signs: Floats = signs
        ) -> tuple[float, Floats]:
            margins = signs * (known @ line)
            slope = -(signs * sigmoid(-margins)) @ known / len(signs)
            return float(np.logaddexp(0.0, -margins).mean()), slope

        # A part that holds a tone likely must never make it less so.
        bounds = [(0.0, None)] * parts + [(None, None)]
        found.append(minimize(cost, np.zeros(parts + 1), jac=True, bounds=bounds).x[:parts])
    return np.array(found)


def _raw(
    recipe: Recipe,
    encoder: ModelFolder,
    data: TrainingData,
    *,
    development: Mapping[str, Sequence[Example]],
    unseen: Sequence[Example],
) -> Floats:
    """Return both parts' log-odds of replies, shape (replies, tones, parts)."""
    readings = read_examples(unseen)
    stand_in = scorer_without(
        recipe,
        data,
        development=development,
        unseen=lambda group: held_out(group, recipe.seed),
    )
    return np.stack(
        [stand_in.raw(readings), EncoderScorer.from_folder(encoder).raw(readings)], axis=-1
    )


def _open_parts(recipe: Recipe, parts: Sequence[Path]) -> dict[str, ModelFolder]:
    models = {str(model.config["kind"]): model for model in map(open_model, map(str, parts))}
    if len(parts) != len(PARTS) or set(models) != set(PARTS):
        kinds = " and ".join(sorted(models)) or "none"
        raise InputError(
            f"a pair is made of a linear model and an encoder, got {kinds}. Name each with --part."
        )
    for model in models.values():
        if model.path.resolve().parent != recipe.out.resolve().parent:
            raise InputError(
                f"{model.path} does not lie beside {recipe.out}, where the pair would look for it. "
                "Put the three folders side by side."
            )
    learned = {key: models["encoder"].config.get(key) for key in ("seed", "licence")}
    if learned != {"seed": recipe.seed, "licence": recipe.licence}:
        raise InputError(
            f"{models['encoder'].label} was trained with seed {learned['seed']} and licence "
            f"{learned['licence']}, which decide what it has not seen. Give the same."
        )
    return {kind: models[kind] for kind in PARTS}
