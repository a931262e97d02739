"""A text under repair that remembers where each of its code points came from."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Edit = tuple[int, int, str]
"""Replace `text[start:end]`, which is not empty, by a string: (start, end, string)."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A text and, once anything in it changed, the source range of each code point.

    Attributes:
        text: The text as it is now.
        starts: Where each code point's source begins, or None while the text is untouched.
        ends: One past where each code point's source ends, or None.
    """

    text: str
    starts: "array[int] | None" = None
    ends: "array[int] | None" = None

    def edited(self, edits: Sequence[Edit]) -> "Mapped":
        """Return the text with all edits made; they stand in order and do not overlap.

        A replacement as long as what it replaces maps code point by code point. Any other
        maps each of its code points to the whole of what it replaces. Both keep `starts` and
        `ends` from ever decreasing.
        """
        size = len(self.text)
        old_starts = array("i", range(size)) if self.starts is None else self.starts
        old_ends = array("i", range(1, size + 1)) if self.ends is None else self.ends
        pieces: list[str] = []
        starts, ends = array("i"), array("i")
        at = 0
        for start, end, new in edits:
            pieces.append(self.text[at:start])
            starts += old_starts[at:start]
            ends += old_ends[at:start]
            at = end
            if not new:
                continue
            pieces.append(new)
            if len(new) == end - start:
                starts += old_starts[start:end]
                ends += old_ends[start:end]
            else:
                starts += old_starts[start : start + 1] * len(new)
                ends += old_ends[end - 1 : end] * len(new)
        pieces.append(self.text[at:])
        starts += old_starts[at:]
        ends += old_ends[at:]
        return Mapped("".join(pieces), starts, ends)

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the starts and the ends."""
        if self.starts is None or self.ends is None:
            size = len(self.text)
            return np.arange(size, dtype=np.int32), np.arange(1, size + 1, dtype=np.int32)
        return np.array(self.starts, dtype=np.int32), np.array(self.ends, dtype=np.int32)


def cut(text: str, spans: Iterable[Span]) -> list[Edit]:
    """Return edits that remove spans, with a space left where two words would otherwise meet.

    Args:
        text: The text.
        spans: What to remove, ordered by start; spans may touch or overlap.
    """
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return [
        (
            start,
            end,
            " " if _in_word(text[start - 1 : start]) and _in_word(text[end : end + 1]) else "",
        )
        for start, end in merged
    ]


def _in_word(char: str) -> bool:
    # Everything beyond ASCII counts as part of a word: combining marks do not answer to isalnum.
    return char.isalnum() or char == "_" or (not char.isascii() and not char.isspace())
