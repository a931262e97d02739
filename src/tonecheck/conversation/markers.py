"""Words with which people apologise, thank, agree and ask."""

import re

_END = r"(?=$|[\s.!,:;)—–-])"
_APOLOGY = re.compile(
    r"\b(?:i(?:'m| am|’m)?(?: really| so| very| truly)? (?:sorry|apologi[sz]e)|my apologies|"
    r"my (?:bad|mistake)|i was (?:wrong|rude|unfair|out of line|too harsh)|i take (?:it|that) back|"
    r"(?:really |so |very )?sorry (?:about|for|if|that|i)\b|apologies (?:for|if)|forgive me|"
    r"i shouldn(?:'|’)?t have|i should not have)|^(?:sorry|apologies)" + _END,
    re.IGNORECASE,
)
_NO_APOLOGY = re.compile(
    r"\b(?:sorry,? not sorry|sorry(?:,)? but\b|sorry (?:if )?you(?:'re|’re| are| feel| can)|"
    r"sorry (?:excuse|sight|state|lot)|not (?:going to )?apologi[sz]|feel sorry for)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:thanks|thank you|thx|much appreciated|i appreciate|that (?:really )?helps|"
    r"that helped|good point|fair (?:point|enough)|you(?:'re|’re| are) right)\b",
    re.IGNORECASE,
)
_NO_THANKS = re.compile(
    r"\b(?:no thanks|no thank you|thanks for nothing|thanks a lot for (?:nothing|wasting)|"
    r"thanks in advance|thanks captain|think you(?:'re|’re| are) right)\b",
    re.IGNORECASE,
)
_AGREEMENT = re.compile(
    r"^\W*(?:\+\s?1|this\W*$|exactly|agreed?|i agree|totally|absolutely|so true|true\W*$|"
    r"well said|couldn(?:'|’)?t agree more|(?:he|she|they|you)(?:'s|’s|'re|’re| is| are) right|"
    r"what (?:he|she|they|\w+) said|same here|seconded|finally someone said it|preach|"
    r"lol(?: true| exactly| yes)?\W*$|haha(?:ha)*\W*$|hear,? hear|100 ?%|spot on)",
    re.IGNORECASE,
)
_DISAGREEMENT = re.compile(
    r"\b(?:but|however|though|disagree|not (?:true|fair|ok|okay)|unfair|harsh)\b", re.IGNORECASE
)
_QUESTION = re.compile(r"\w[^?\n]*\?(?=$|[\s)\"'!?*])")

_OPENING = 400  # characters of a message in which it says what it does


def apologises(words: str) -> bool:
    """Return whether a message apologises; "sorry, but" and "sorry you feel" do not.

    Example:
        >>> apologises("Sorry, that was rude."), apologises("Sorry you feel that way.")
        (True, False)
    """
    return _APOLOGY.search(words) is not None and _NO_APOLOGY.search(words) is None


def thanks(words: str) -> bool:
    """Return whether a message thanks or gives a point away; "no thanks" does not.

    Example:
        >>> thanks("Fair point, thank you!"), thanks("Thanks for nothing.")
        (True, False)
    """
    return _THANKS.search(words) is not None and _NO_THANKS.search(words) is None


def agrees(words: str) -> bool:
    """Return whether a message opens by agreeing, and takes nothing back.

    Example:
        >>> agrees("+1, well said"), agrees("I agree, but be kind."), agrees("I see.")
        (True, False, False)
    """
    opening = words[:_OPENING]
    return _AGREEMENT.search(opening) is not None and _DISAGREEMENT.search(opening) is None


def asks(words: str) -> bool:
    """Return whether a message asks something with a question mark.

    Example:
        >>> asks("Is the quiz open book?"), asks("See the FAQ.")
        (True, False)
    """
    return _QUESTION.search(words) is not None
