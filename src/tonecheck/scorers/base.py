"""What every scorer can do."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tonecheck.labels import Tone
from tonecheck.reading import Contribution, Reading

State = NDArray[np.float32]
"""What an encoder made of a reading: numbers without names, shape (width,)."""

States = Sequence[State | None]
"""The state of each reading; None where a model has no encoder."""

Contributions = Mapping[Tone, Sequence[Contribution]]
"""How much each of a reading's words speaks for some tones."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scorer makes of readings.

    Attributes:
        probabilities: Calibrated, shape (readings, tones), columns as in `TONES`.
        states: Of each reading, for the forecast of a thread.
        contributions: Returns, for a row and the tones that are to be explained in it, how much the
            row's words speak for them; an encoder has read them by then and need not again.
    """

    probabilities: NDArray[np.float64]
    states: States
    contributions: Callable[[Mapping[int, Collection[Tone]]], Mapping[int, Contributions]]


class Scorer(Protocol):
    """Turns readings into probabilities, and says which words brought them about."""

    def judge(self, readings: Sequence[Reading]) -> Judgement:
        """Return what it makes of readings; of each it is the same in whatever batch."""
        ...
