"""What the encoder reads of a reply: its cleaned text, with marks before loud words.

The vocabulary knows small letters only, so that IDIOT and idiot share what they teach. A mark
keeps what capitals and stretching say: `STOP it, pleeease` is read as `⇧ STOP it, ⇿ please`.
"""

import re

import numpy as np
from numpy.typing import NDArray

from tonecheck.reading import Prepared

SHOUTED = "⇧"
"""Stands before a word in capitals."""

STRETCHED = "⇿"
"""Stands before a word that was stretched, which `prepare` has shortened."""

MARKS = (SHOUTED, STRETCHED)

_CAPITALS = re.compile(r"[^\W\d_a-z]{2}")  # cheaper than to look at every word
_RUN = re.compile(r"([^\W\d_])\1\1", re.IGNORECASE)
_WORD = re.compile(r"\w{2,}")
_WIDE = 3  # each letter that a run of three was shortened to stands for the whole run


def render(prepared: Prepared) -> tuple[str, NDArray[np.int32]]:
    """Return the text with its marks, and for each of its code points the place in `prepared.text`.

    A mark and the space after it have the place of the word that they announce.
    """
    text = prepared.text
    stretches = _RUN.search(prepared.original) is not None
    if not stretches and not _CAPITALS.search(text):
        return text, np.arange(len(text), dtype=np.int32)
    pieces: list[str] = []
    places: list[NDArray[np.int64]] = []
    done = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        marks = SHOUTED + " " if match.group().isupper() else ""
        if stretches and _was_stretched(prepared, start, end):
            marks += STRETCHED + " "
        if marks:
            pieces += [text[done:start], marks]
            places += [np.arange(done, start), np.full(len(marks), start)]
            done = start
    pieces.append(text[done:])
    places.append(np.arange(done, len(text)))
    return "".join(pieces), np.concatenate(places).astype(np.int32)


def render_parent(parent: str) -> str:
    """Return the cleaned text of what is answered, with marks before words in capitals."""
    if not _CAPITALS.search(parent):
        return parent
    return _WORD.sub(lambda m: f"{SHOUTED} {m[0]}" if m[0].isupper() else m[0], parent)


def _was_stretched(prepared: Prepared, start: int, end: int) -> bool:
    widths = prepared.ends[start:end] - prepared.starts[start:end]
    if int(widths.max()) < _WIDE:
        return False
    return _RUN.search(prepared.original, *prepared.locate(start, end)) is not None
