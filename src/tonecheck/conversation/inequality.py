"""How unevenly people take part."""

from collections.abc import Iterable


def gini(amounts: Iterable[float]) -> float | None:
    """Return the Gini coefficient: 0 where all give the same, near 1 where one gives everything.

    The mean difference between two people, over twice the mean (Gini 1912, Variabilità e
    mutabilità). None where there is nothing to share out. With n people it is at most 1 - 1/n,
    so that threads of different sizes do not compare directly.

    Raises:
        ValueError: If an amount is below 0.

    Example:
        >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 8])
        (0.0, 0.75)
    """
    ordered = sorted(amounts)
    if ordered and ordered[0] < 0:
        raise ValueError(f"Amounts must be 0 or more, got {ordered[0]}.")
    total = sum(ordered)
    if not total:
        return None
    count = len(ordered)
    ranked = sum((2 * rank - count - 1) * amount for rank, amount in enumerate(ordered, 1))
    return ranked / (count * total)
