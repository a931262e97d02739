"""Says in words how likely a thread is to turn personal: the one place of an audit that does."""

from tonecheck.conversation.forecast import Risk


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
