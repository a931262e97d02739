"""From log-odds to probabilities: the curve, and what a model folder says of its slope."""

from collections.abc import Sequence

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
    """Return slope and intercept a tone, shape (tones, 2); see `read_calibration`."""
    return read_calibration(folder, ("slope", "intercept"), called="a slope and an intercept")


def read_calibration(folder: ModelFolder, keys: Sequence[str], *, called: str) -> Floats:
    """Return what a model's calibration gives for each tone, shape (tones, keys).

    Args:
        folder: The model.
        keys: What it gives, in order.
        called: The same in words.

    Raises:
        ModelFormatError: If a tone lacks one.
    """
    stated = folder.config["calibration"]
    try:
        return np.array([[float(stated[tone][key]) for key in keys] for tone in TONES])
    except (KeyError, TypeError, ValueError) as err:
        raise ModelFormatError(
            f"{folder.path / CONFIG} must give calibration {called} for each tone "
            f"({type(err).__name__}: {err}). Train the model again."
        ) from err
