"""Finds phone numbers in what people write, in the ways in which they are written worldwide.

No library fits: libphonenumber's ports need the country of a national number, and a chat does not
say it. So this goes by shape, and hides a number that only looks like one rather than show one.
"""

import re
from collections.abc import Iterator

FEWEST_DIGITS, MOST_DIGITS = 7, 15  # 15 is the limit of ITU-T E.164

_SEP = r"[ \u00a0\u202f./\u2010-\u2013-]"
_SHAPES = re.compile(
    rf"""
    (?P<far>(?:\+|(?<!\d)00(?=[1-9]))[ ]?\d(?:[() \u00a0\u202f./\u2010-\u2013-]{{0,3}}\d){{6,14}})
    | (?P<american>(?:1{_SEP})?(?:\([2-9]\d\d\){_SEP}?|[2-9]\d\d{_SEP})\d{{3}}{_SEP}?\d{{4}})
    | (?P<area>(?:8[ ])?\((?!(?:19|20)\d\d\))0?[ -]?\d{{1,5}}\)(?:{_SEP}{{0,3}}\d{{1,5}}){{2,4}})
    | (?P<trunk>\(?0\d{{1,5}}\)?(?:{_SEP}{{0,3}}\d{{2,9}}){{1,4}})
    | (?P<pairs>\d\d(?P<sign>[ .-])\d\d(?:(?P=sign)\d\d){{2,3}})
    | (?P<threes>[1-9]\d\d[ \u00a0-]\d{{3}}[ \u00a0-]\d{{3}})
    | (?P<fours>[2-9]\d{{3}}[ \u00a0-]\d{{4}})
    | (?P<bare>\d{{9,12}})
    | (?P<short>\d(?:[ .\u2010-\u2013-]?\d){{5,11}})
    """,
    re.VERBOSE,
)
# A digit, or what makes a number a part of something longer: 3.1415926, 10:305551, #123456789.
_NOT_BEFORE = re.compile(r"(?:[\w#=$€£¥%@/\\]|\d[.,:-]|[-][\w-]|\w[-.])\Z")
_NOT_AFTER = re.compile(r"(?:[.,:]\d|[\w%°€£@\\-])")
_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-/. ]?[01]\d[-/. ]?[0-3]\d|[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)?\d\d)(?!\d)"
)
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")  # an address of a computer, or a version
_CUE = re.compile(
    r"\b(?:call|cell|contact|dial|fax|mobile|mob|number|phone|reach|ring|signal|sms|tel"
    r"|telephone|text|texts|whatsapp|whats app)\b\W{0,3}(?:(?:me|us|at|on|is|nr|no|number|him|her)"
    r"\b\W{0,3}){0,3}\Z",
    re.IGNORECASE,
)
_OTHER_CUE = re.compile(r"\b(?:isbn|issn|doi|issue|version|ticket|order|rfc|pr)\b\W{0,3}\Z", re.I)
_CUE_REACH = 30
_NEED_CUE = frozenset({"pairs", "short"})


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield where phone numbers stand in a text, in order.

    Example:
        >>> text = "Ring +351 912 345 678 before 2026-09-01, it is v1.22.333."
        >>> [text[start:end] for start, end in find_phones(text)]
        ['+351 912 345 678']
    """
    at = 0
    while match := _SHAPES.search(text, at):
        start, end = match.span()
        if _is_phone(text, match):
            yield start, end
            at = end
        else:
            at = _behind_digits(text, start)


def _is_phone(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    shape, shown = match.lastgroup, match[0]
    if match["pairs"]:
        shape = "pairs"
    near = text[max(0, start - _CUE_REACH) : start]
    digits = "".join(char for char in shown if char.isdigit())
    if _NOT_BEFORE.search(near) or _NOT_AFTER.match(text, end) or _OTHER_CUE.search(near):
        return False
    if shape == "far":
        return FEWEST_DIGITS <= len(digits.removeprefix("00")) <= MOST_DIGITS
    if _DATE.match(shown) or _DOTTED.fullmatch(shown) or len(digits) > MOST_DIGITS:
        return False
    if _CUE.search(near):
        return True
    if shape in _NEED_CUE or digits.endswith("0000"):
        return False
    return _LIKELY[shape](digits) if shape in _LIKELY else True


def _behind_digits(text: str, start: int) -> int:
    """Return where to look on: behind the digits that begin here, so that no half is tried."""
    end = start + 1
    while end < len(text) and text[end].isdigit():
        end += 1
    return end


def _not_years(digits: str) -> bool:
    return not ("1900" <= digits[:4] <= "2099" and "1900" <= digits[4:] <= "2099")


def _not_seconds(digits: str) -> bool:
    """Return whether bare digits are no seconds since 1970, of which logs are full."""
    return not (len(digits) == 10 and digits.startswith("1"))


_LIKELY = {
    "area": lambda digits: len(digits) >= 8,
    "trunk": lambda digits: len(digits) >= 9,
    "threes": lambda digits: not digits.endswith("000"),
    "fours": _not_years,
    "bare": _not_seconds,
}
