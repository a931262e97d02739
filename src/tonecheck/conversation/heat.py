"""How hot a thread is: the tones of its latest messages, older ones counting less and less."""

from tonecheck.labels import TONES
from tonecheck.verdict import Verdict

HALF_LIFE = 5.0
"""Messages after which a reply counts half. A choice for reading, not fitted to any data."""


class Heat:
    """The heat of one growing thread, in [0, 1], kept in constant time and memory.

    It is the mean of each message's hottest tone, where a message counts half as much for every
    `half_life` messages since. It tells how the thread reads, and predicts nothing: a person
    decides what to do about it.

    Example:
        >>> heat = Heat(half_life=1)
        >>> [round(heat.warm(temperature), 2) for temperature in (0.0, 0.9, 0.0)]
        [0.0, 0.6, 0.26]
    """

    def __init__(self, half_life: float = HALF_LIFE) -> None:
        if not half_life > 0:
            raise ValueError(f"half_life must be above 0 messages, got {half_life}.")
        self._keep = 0.5 ** (1 / half_life)
        self._sum = 0.0
        self._weight = 0.0

    @property
    def value(self) -> float:
        """Return the heat after the messages so far; 0 before the first."""
        return self._sum / self._weight if self._weight else 0.0

    def add(self, verdict: Verdict) -> float:
        """Take the verdict of the next message, and return the heat after it."""
        return self.warm(max(verdict.tones[tone].probability for tone in TONES))

    def warm(self, temperature: float) -> float:
        """Take the next message's own temperature, and return the heat after it.

        Raises:
            ValueError: If the temperature is not in [0, 1].
        """
        if not 0 <= temperature <= 1:
            raise ValueError(f"A temperature must be in [0, 1], got {temperature}.")
        self._sum = self._sum * self._keep + temperature
        self._weight = self._weight * self._keep + 1
        return self.value
