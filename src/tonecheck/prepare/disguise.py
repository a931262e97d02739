"""Undo disguise in words: look-alike letters, `i d i o t`, `stuuuupid`, runs and loose spacing.

Letters are joined and shortened into a word only where that word is on our list, so that honest
text such as `a b c`, `x.y.z` and `C++` stays as it is.
"""

import re
import unicodedata
from itertools import pairwise

from tonecheck.prepare.lexicon import LONGEST, ORDERED, WORDS
from tonecheck.prepare.mapped import Edit

_CYRILLIC = dict(
    zip(
        "аеіїјкмпорсѕтухһԁӏԛԝүАВЕІЈКМНОРСЅТУХҮԌԜ",
        "aeiijkmnopcstyxhdlqwyABEIJKMHOPCSTYXYGW",
        strict=True,
    )
)
_GREEK = dict(zip("αεηικνορστυχωγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aenikvopotuxwyABEZHIKMNOPTYX", strict=True))
_FANCY = dict(zip("ıɑɡɩɪᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "iagiiabcdefghjklmnoprstuvwyz", strict=True))
_CYRILLIC_AND_GREEK = frozenset(_CYRILLIC | _GREEK)
_LOOKALIKES = str.maketrans(_CYRILLIC | _GREEK | _FANCY)
_GREEK_LETTER = re.compile("[Ͱ-Ͽ]")
_ASCII_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile(r"[\w\u0300-\u036f]+")
_MARKED_LENGTH = 8 * LONGEST  # sorting the marks of a long word takes quadratic time
_MATHS_LENGTH = 3  # up to here a Greek letter among Latin ones is rather a symbol: ρgh, Δx

_SPACED = re.compile(r"(?<![^\W_])(?<!')[A-Za-z](?:[ .*_-][A-Za-z](?![^\W_])){2,}")
_JOINED_MIN = 4  # within a longer row; a row that is a word as a whole may have three letters

_MAYBE_SPACED = re.compile(r"[ .*_-][A-Za-z][ .*_-][A-Za-z](?![^\W_])")
_MAYBE_RUN = re.compile(r"(.)\1\1")  # on small letters: cheaper than ignoring case
_RUN = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
_LETTERS = re.compile(r"(?<![^\W_])[^\W\d_]+(?![^\W_])")  # not 0xffff: that is a number
_SAME = re.compile(r"(.)\1*", re.IGNORECASE)
_COUNTED = frozenset({"iii", "viii", "xiii", "xviii", "xxiii", "xxviii", "xxx", "www"})
_MARKS = re.compile(r"([^\w\s]|_)\1{3,}")
_SPACES = re.compile(r"\s+")
_LOOSE = re.compile(r"\s\s|[^\S \n]")


def lookalikes(text: str) -> list[Edit]:
    """Return edits that put Latin letters for look-alikes, in words that hide a Latin word.

    A word does if it mixes Latin letters with Cyrillic or Greek ones, or if all of it, look-alikes
    and accents undone, is on our list. Real Russian and Greek stay.
    """
    if text.isascii():
        return []
    edits = []
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isascii():
            continue
        latin = word.translate(_LOOKALIKES)
        bare = _without_marks(latin)
        if bare.lower() in WORDS:
            edits.append((match.start(), match.end(), bare))
        elif latin != word and _is_mixed(word):
            edits.append((match.start(), match.end(), latin))
    return edits


def _without_marks(word: str) -> str:
    if len(word) > _MARKED_LENGTH:
        return word
    letters = unicodedata.normalize("NFD", word)
    return "".join(char for char in letters if not unicodedata.combining(char))


def _is_mixed(word: str) -> bool:
    if not _ASCII_LETTER.search(word) or _CYRILLIC_AND_GREEK.isdisjoint(word):
        return False
    return len(word) > _MATHS_LENGTH or not _GREEK_LETTER.search(word)


def spaced_letters(text: str) -> list[Edit]:
    """Return edits that join `i d i o t`, `i.d.i.o.t` and `i-d-i-o-t`."""
    if not _MAYBE_SPACED.search(text):
        return []
    edits: list[Edit] = []
    for match in _SPACED.finditer(text):
        row = match.group()[::2].lower()
        at = 0
        while at < len(row):
            size = _word_size(row, at)
            first = match.start() + 2 * at
            edits += [(first + 2 * i + 1, first + 2 * i + 2, "") for i in range(size - 1)]
            at += max(size, 1)
    return edits


def _word_size(row: str, at: int) -> int:
    """Return the length of the longest word on our list at a place in a row of letters, or 0."""
    if at == 0 and row in WORDS:
        return len(row)
    for size in range(min(LONGEST, len(row) - at), _JOINED_MIN - 1, -1):
        if row[at : at + size] in WORDS:
            return size
    return 0


def _runs(word: str) -> list[int]:
    return [len(m.group()) for m in _SAME.finditer(word)]


def _key(word: str) -> str:
    return word[:1] + "".join(b for a, b in pairwise(word) if a != b)


_BY_KEY: dict[str, list[list[int]]] = {}
for _word in ORDERED:
    _BY_KEY.setdefault(_key(_word), []).append(_runs(_word))


def stretched(text: str) -> list[Edit]:
    """Return edits that shorten `stuuuupid` to a word on our list, other runs to two letters."""
    if not _MAYBE_RUN.search(text.lower()) or not _RUN.search(text):
        return []
    edits: list[Edit] = []
    for match in _LETTERS.finditer(text):
        word = match.group()
        if not _RUN.search(word) or word.lower() in _COUNTED:
            continue
        runs = _runs(word)
        at = match.start()
        for run, wanted in zip(runs, _wanted(word, runs), strict=True):
            if run > wanted:
                edits.append((at, at + run, text[at : at + wanted]))
            at += run
    return edits


def _wanted(word: str, runs: list[int]) -> list[int]:
    for known in _BY_KEY.get(_key(word.lower()), ()) if word.isascii() else ():
        if all(k <= r for k, r in zip(known, runs, strict=True)):
            return known
    return [min(run, 2) for run in runs]


def repeated_marks(text: str) -> list[Edit]:
    """Return edits that leave three of the same mark in a row, or the same emoji."""
    return [(m.start(), m.end(), m[1] * 3) for m in _MARKS.finditer(text)]


def spaces(text: str) -> list[Edit]:
    """Return edits that leave one space, or one line end, between words and none at the edges."""
    if not _LOOSE.search(text) and text == text.strip():
        return []
    edits = []
    for match in _SPACES.finditer(text):
        old = match.group()
        at_edge = match.start() == 0 or match.end() == len(text)
        new = "" if at_edge else "\n" if "\n" in old else " "
        if new != old:
            edits.append((match.start(), match.end(), new))
    return edits
