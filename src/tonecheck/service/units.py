"""Offsets in UTF-16 code units, as JavaScript and Google's services count them."""

from itertools import accumulate

_BEYOND = 0x10000  # code points from here on take two units (RFC 2781)


def utf16_offsets(text: str) -> list[int]:
    """Return for each code point, and for the end, where it begins in UTF-16 code units.

    A lone surrogate is one unit.

    Example:
        >>> utf16_offsets("a😀b")
        [0, 1, 3, 4]
    """
    return [0, *accumulate(2 if ord(char) >= _BEYOND else 1 for char in text)]
