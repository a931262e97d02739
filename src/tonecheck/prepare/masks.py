"""Read masked words: `st*pid`, `f**k`, `sh!t`, `id10t`, `$tupid`, `@ss`."""

import re
from string import ascii_lowercase

from tonecheck.prepare.lexicon import LONGEST, ORDERED, WORDS
from tonecheck.prepare.mapped import Edit

_BLANKS = "*#%"  # these stand for any letter, the others for the letters that they look like
_LOOKS = {
    "@": "au",
    "$": "s",
    "!": "il",
    "|": "il",
    "+": "t",
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
}
_READS = _LOOKS | dict.fromkeys(_BLANKS, ascii_lowercase)

# Too little is left of these to choose by rule; this is how they are usually meant.
_USUAL = {"a**": "ass", "f***": "fuck", "s***": "shit", "d***": "damn", "b****": "bitch"}

_TOKEN = re.compile(r"[A-Za-z0-9@$!|+*#%]+")
_SIGN = re.compile(r"[@$!|+*#%0-9]")
_HINT = re.compile(r"[A-Za-z][@$!|+*#%0-9][A-Za-z@$!|+*#%0-9]|[@$!|+*#%0-9][A-Za-z]|[A-Za-z][$*]")

_BY_FIRST: dict[tuple[int, str], list[str]] = {}
for _word in ORDERED:
    _BY_FIRST.setdefault((len(_word), _word[0]), []).append(_word)


def masked(text: str) -> list[Edit]:
    """Return edits that fill masks in, where the result is a word that people disguise."""
    if not _SIGN.search(text) or not _HINT.search(text):
        return []
    edits = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.isalpha() or token.isdigit():
            continue
        core = token.lstrip("!*#%|+")
        start = match.start() + len(token) - len(core)
        if core.rstrip("!*#%|+").lower() in WORDS:
            continue  # "stupid!!" and "idiot*" hide nothing
        for shown in (core, core.rstrip("!"), core.rstrip("!*#%|+")):
            word = unmasked(shown)
            if word is not None:
                edits.append((start, start + len(shown), word))
                break
    return edits


def unmasked(token: str) -> str | None:
    """Return the word that a mask most likely hides, or None where it hides none on the list."""
    size = len(token)
    if not 3 <= size <= LONGEST or token.isalpha():
        return None
    lowered = token.lower()
    word = _USUAL.get(lowered) or _fitting(lowered)
    if word is None:
        return None
    letters = sum(char.isalpha() for char in token)
    if letters > 1 and token.isupper():
        return word.upper()
    return "".join(c if c.isalpha() else w for c, w in zip(token, word, strict=True))


def _fitting(token: str) -> str | None:
    letters = digits = symbols = blanks = 0
    for char in token:
        letters += char.isalpha()
        digits += char.isdigit()
        symbols += char in "@$"
        blanks += char in _BLANKS
    # Honest tokens such as A55, x**2, a*b and *** show too few letters to be read as words.
    if not letters or letters + symbols < 2 or digits > letters or (blanks and len(token) < 4):
        return None
    firsts = token[0] if token[0].isalpha() else _LOOKS.get(token[0], "")
    for first in firsts:
        for word in _BY_FIRST.get((len(token), first), ()):
            if all(c == w or w in _READS.get(c, "") for c, w in zip(token, word, strict=True)):
                return word
    return None
