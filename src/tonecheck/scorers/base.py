"""What every scorer can do."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tonecheck.labels import Tone
from tonecheck.reading import Contribution, Reading

State = NDArray[np.float32]
"""What an encoder made of a reading: numbers without names, shape (width,)."""

States = Sequence[State | None]
"""The state of each reading; None where a model has no encoder."""


class Scorer(Protocol):
    """Turns readings into probabilities, and says which words brought them about.

    A reading's probabilities never depend on the other readings of its batch.
    """

    def score(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Return calibrated probabilities, shape (readings, tones), columns as in `TONES`."""
        ...

    def score_with_states(self, readings: Sequence[Reading]) -> tuple[NDArray[np.float64], States]:
        """Return the same, and each reading's state, for the forecast of a thread."""
        ...

    def contributions(
        self, readings: Sequence[Reading], tones: Sequence[Collection[Tone]]
    ) -> list[Mapping[Tone, Sequence[Contribution]]]:
        """Return for each reading how much its words speak for the tones named for it."""
        ...
