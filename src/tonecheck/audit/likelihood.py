"""Says in words how likely a thread is to turn personal: the one place of an audit that does."""

from typing import Protocol


class Risk(Protocol):
    """A probability with the ends of its interval, each in [0, 1]."""

    @property
    def probability(self) -> float:
        """Return how likely it is."""
        ...

    @property
    def low(self) -> float:
        """Return the lower end."""
        ...

    @property
    def high(self) -> float:
        """Return the upper end."""
        ...


def words_of(risk: Risk | None) -> str:
    """Return a forecast in words, or nothing where there is none.

    Example:
        >>> words_of(None)
        ''
    """
    if risk is None:
        return ""
    about, low, high = (round(100 * value) for value in (risk.probability, risk.low, risk.high))
    return f"about {about} in 100 ({low} to {high})"
