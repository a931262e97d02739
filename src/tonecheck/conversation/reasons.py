"""Why a forecast is high, in words: the signals that raise it most, where a person can see them."""

from collections.abc import Mapping, Sequence

from tonecheck.conversation.signals import SIGNALS, Numbers

MOST = 2
"""How many reasons are named."""

_FEWEST = 0.15  # log-odds that a reason must add to be worth a word

_MORE: Mapping[str, str] = {
    "hostility": "messages read hostile",
    "dismissiveness": "messages read dismissive",
    "hustling": "messages push instead of giving reasons",
    "second_person": "the talk is about each other",
    "questions": "questions are thrown back",
    "exclamations": "exclamation marks pile up",
    "pushback": "it goes back and forth with “no” and “wrong”",
    "scorn": "there is scorn in the words",
    "demands": "people tell each other what to do",
    "shouting": "words are shouted in capitals",
    "quotes": "words are quoted back",
    "back_and_forth": "the same two people answer each other",
}
"""What is said where there is more of something than usual."""

_LESS: Mapping[str, str] = {
    "hedges": "nobody leaves a doubt",
    "thanks": "nobody thanks or gives a point",
    "agreement": "nobody agrees",
    "apologies": "nobody apologises",
    "words": "replies are short",
}
"""What is said where there is less."""

_FAMILIES = tuple(name.partition(".")[0] for name in SIGNALS)


def reasons_for(numbers: Numbers, means: Numbers, weights: Numbers) -> tuple[str, ...]:
    """Return what raises a forecast most, the strongest first.

    A family of signals, such as hostility in the latest message and before, is one reason. It is
    named only where it speaks for itself: more hostility than usual, or fewer words of thanks.

    Args:
        numbers: One for each of `SIGNALS`.
        means: What each is on average.
        weights: What each counts.
    """
    shares = (numbers - means) * weights
    added: dict[str, float] = {}
    raised: dict[str, float] = {}
    for family, share, gap in zip(
        _FAMILIES, shares.tolist(), (numbers - means).tolist(), strict=True
    ):
        added[family] = added.get(family, 0.0) + share
        raised[family] = raised.get(family, 0.0) + gap
    found = [
        (share, words)
        for family, share in added.items()
        if share >= _FEWEST and (words := _words(family, raised[family]))
    ]
    return _strongest(found)


def _words(family: str, gap: float) -> str:
    return (_MORE if gap > 0 else _LESS).get(family, "")


def _strongest(found: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(words for _, words in sorted(found, reverse=True)[:MOST])
