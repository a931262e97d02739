"""Characters as they should be: no invisible ones, one form of each, plain quotes and spaces."""

import re
import unicodedata
from collections.abc import Iterator

from tonecheck.prepare.mapped import Edit

MAX_CHARS = 20_000
"""How many code points of a text are read; the rest is left out and the result says so."""

# Soft hyphen, joiners, fillers, bidi controls, variation selectors, byte order mark, tags.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_LINE_ENDS = "\r\x85\u2028\u2029"
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_SURROGATES = "\ud800-\udfff"

_ASCII_ODD = re.compile(f"[{_CONTROL}\r]")
_ODD = re.compile(
    f"[{_INVISIBLE}]+|[{_CONTROL}{_LINE_ENDS}{_SINGLE_QUOTES}{_DOUBLE_QUOTES}{_SURROGATES}]"
)
_REPLACED = (
    {char: "\n" for char in _LINE_ENDS}
    | {char: "'" for char in _SINGLE_QUOTES}
    | {char: '"' for char in _DOUBLE_QUOTES}
)

_BEYOND_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
_MAX_MARKS = (
    30  # as in Unicode's stream-safe text: sorting longer runs of marks takes quadratic time
)
_SHRUG_ARM = "\u00af"  # kept, since NFKC would break the shrug's arms, and a shrug brushes off


def plain_characters(text: str) -> list[Edit]:
    """Return edits that drop what is invisible and make quotes, controls and line ends plain."""
    if text.isascii():
        return [(m.start(), m.end(), _plain(m.group())) for m in _ASCII_ODD.finditer(text)]
    return [(m.start(), m.end(), _plain(m.group())) for m in _ODD.finditer(text)]


def _plain(found: str) -> str:
    if found in _REPLACED:
        return _REPLACED[found]
    if "\ud800" <= found <= "\udfff":
        return "\ufffd"
    return " " if unicodedata.category(found[0]) == "Cc" else ""


def compatible_forms(text: str) -> list[Edit]:
    """Return edits that bring a text into NFKC, one combining sequence at a time."""
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return []
    edits: list[Edit] = []
    grown = 0  # some characters become eighteen: what would land beyond the limit is left alone
    for match in _BEYOND_ASCII.finditer(text):
        if unicodedata.is_normalized("NFKC", match.group()):
            continue
        for start, end in _sequences(match.group()):
            old = match.group()[start:end]
            new = unicodedata.normalize("NFKC", old)
            if match.start() + start + grown >= MAX_CHARS:
                return edits
            if new != old and old != _SHRUG_ARM:
                grown += len(new) - len(old)
                edits.append((match.start() + start, match.start() + end, new))
    return edits


def _sequences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or at - start > _MAX_MARKS or not _continues(text[at]):
            yield start, at
            start = at


def _continues(char: str) -> bool:
    """Return whether a character may fuse with the one before it."""
    return (
        unicodedata.category(char)[0] == "M"
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals
        or char in "\uff9e\uff9f"  # halfwidth voicing marks
    )


def limit(text: str) -> list[Edit]:
    """Return the edit that leaves out what stands beyond `MAX_CHARS`."""
    return [(MAX_CHARS, len(text), "")] if len(text) > MAX_CHARS else []
