"""Counts of the small words by which talks go well or badly, in one message.

Politeness strategies and pushback at the start of a talk go together with how it ends (Zhang et al.
2018, "Conversations Gone Awry"). The word lists are ours.
"""

import math
import re
from collections.abc import Mapping

_PATTERNS = {
    "second_person": r"\b(?:you|your|yours|yourself|u|ur)\b",
    "first_person": r"\b(?:i|me|my|mine|myself)\b",
    "we": r"\b(?:we|us|our|ours)\b",
    "questions": r"\?+",
    "exclamations": r"!+",
    "hedges": r"\b(?:maybe|perhaps|possibly|probably|might|could be|seems?|i (?:think|guess|suppose"
    r"|feel|believe)|in my (?:opinion|experience|view)|not sure|as far as i|imo|imho)\b",
    "thanks": r"\b(?:thanks|thank you|thx|appreciate|grateful|good point|fair (?:point|enough))\b",
    "apologies": r"\b(?:sorry|apologi[sz]e|my bad|my mistake|i was wrong)\b",
    "agreement": r"\b(?:agreed?|exactly|true|right|makes sense|i see|yes)\b",
    "pushback": r"\b(?:no|not|wrong|false|incorrect|disagree|actually|but|nope|untrue|mistaken|"
    r"never said|didn't say|strawman|straw man|missing the point)\b",
    "scorn": r"\b(?:ridiculous|nonsense|absurd|laughable|pathetic|silly|joke|lol|seriously|"
    r"really\?|whatever|wow|please|obviously|clearly|of course|literally)\b",
    "demands": r"\b(?:stop|read|learn|go|try|explain|prove|show|answer|admit|look|think) "
    r"(?:it|me|the|your|up|again|a|how|to|about|harder)\b",
    "quotes": r"[\"“”]",
}
_COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PATTERNS.items()}
_SHOUTED = re.compile(r"\b[A-Z]{3,}\b")
_MOST_CHARS = 8000  # of a message that are looked at

COUNTED = (*_PATTERNS, "shouting", "words")
"""What is counted, in order."""


def count_wording(words: str) -> Mapping[str, float]:
    """Return for each of `COUNTED` the logarithm of one more than how often it is there.

    Example:
        >>> counts = count_wording("Why would you say that? You never asked.")
        >>> [round(math.expm1(counts[name])) for name in ("second_person", "questions", "words")]
        [2, 1, 8]
    """
    seen = words[:_MOST_CHARS]
    counts = {name: len(pattern.findall(seen)) for name, pattern in _COMPILED.items()}
    counts["shouting"] = len(_SHOUTED.findall(seen))
    counts["words"] = len(seen.split())
    return {name: math.log1p(count) for name, count in counts.items()}
