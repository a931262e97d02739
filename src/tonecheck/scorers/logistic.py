"""From log-odds to probabilities: the curve, and what a model folder says of its slope."""

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import ModelFormatError
from tonecheck.labels import TONES
from tonecheck.modelstore import CONFIG, ModelFolder

Floats = NDArray[np.float64]


def sigmoid(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)), without overflow."""
    result: Floats = np.exp(-np.logaddexp(0.0, -values))
    return result


def calibrated(raw: Floats, slopes: Floats) -> Floats:
    """Return probabilities for log-odds of shape (readings, tones); Platt 1999."""
    return sigmoid(raw * slopes[:, 0] + slopes[:, 1])


def read_slopes(folder: ModelFolder) -> Floats:
    """Return slope and intercept a tone, shape (tones, 2).

    Raises:
        ModelFormatError: If a tone has none.
    """
    stated = folder.config["calibration"]
    try:
        pairs = [[float(stated[tone][key]) for key in ("slope", "intercept")] for tone in TONES]
    except (KeyError, TypeError, ValueError) as err:
        raise ModelFormatError(
            f"{folder.path / CONFIG} must give calibration a slope and an intercept for each tone "
            f"({type(err).__name__}: {err}). Train the model again."
        ) from err
    return np.array(pairs)
