"""The pair: a linear model and an encoder side by side, whose log-odds are added.

They fail differently: one knows rare words and fixed phrases, the other what stands in between and
what is answered. Each part is a model folder of its own beside the pair's.
"""

from collections.abc import Sequence

import numpy as np

from tonecheck.modelstore import PARTS, ModelFolder, open_parts
from tonecheck.reading import Reading
from tonecheck.scorers.base import Judgement
from tonecheck.scorers.encoder import EncoderScorer
from tonecheck.scorers.linear import LinearScorer
from tonecheck.scorers.logistic import Floats, read_calibration, sigmoid


class PairScorer:
    """Scores readings with two models; see the module."""

    def __init__(self, linear: LinearScorer, encoder: EncoderScorer, *, weights: Floats) -> None:
        """Keep the parts.

        Args:
            linear: The linear model.
            encoder: The encoder.
            weights: What each part's raw log-odds count, and an intercept, shape (tones, 3).
        """
        self._linear = linear
        self._encoder = encoder
        self._weights = weights

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> "PairScorer":
        """Return the scorer that a model folder describes.

        Raises:
            ModelError: If a part is not there or cannot be used.
            ModelIntegrityError: If a part is another than the pair was calibrated with.
            ModelFormatError: If the folder does not name its parts, or gives no weights.
        """
        parts = open_parts(folder)
        keys = (*PARTS, "intercept")
        return cls(
            LinearScorer.from_folder(parts["linear"]),
            EncoderScorer.from_folder(parts["encoder"]),
            weights=read_calibration(folder, keys, called=", ".join(keys)),
        )

    def judge(self, readings: Sequence[Reading]) -> Judgement:
        """Return what it makes of readings; see `Scorer`.

        The states and contributions are the encoder's, which has learned from what annotators
        marked.
        """
        seen = self._encoder.see(readings)
        both = np.stack([self._linear.raw(readings), seen.raw], axis=-1)
        return Judgement(combined(both, self._weights), seen.states, seen.contributions)


def combined(raw: Floats, weights: Floats) -> Floats:
    """Return probabilities for log-odds of shape (readings, tones, parts)."""
    # Not a matrix product: its last digit may depend on how many rows it has.
    return sigmoid((raw * weights[:, :-1]).sum(axis=-1) + weights[:, -1])
