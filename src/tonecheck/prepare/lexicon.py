"""The words that people disguise, from `words.txt`."""

from importlib import resources


def _read() -> tuple[str, ...]:
    source = resources.files("tonecheck.prepare").joinpath("words.txt")
    lines = source.read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


ORDERED: tuple[str, ...] = _read()
"""Every word, lower case, the most usual first where masks could stand for several."""

WORDS: frozenset[str] = frozenset(ORDERED)

LONGEST: int = max(map(len, ORDERED))
