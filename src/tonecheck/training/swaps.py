"""Other names and other groups of people in a reply, so that none of them is learnt as a tone.

A name or a word changes in the reply, its evidence and what it answers alike. There are no slurs
among the words, and no other words for people that carry a tone of their own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tonecheck.labels import Tone
from tonecheck.training.examples import Example

Random = np.random.Generator

NAMES = tuple(
    "Aisha Amir Anna Bongani Carlos Chen Dana Elif Emma Fatima Goran Hana Ingrid Ivan James John "
    "Kofi Lena Luca Maria Mateo Mei Miriam Mohammed Nadia Noor Olga Omar Priya Rachel Ravi Sam "
    "Sarah Sofia Thabo Tomas Wanjiru Yusuf Zanele".split()
)
"""First names, with which nobody in particular is meant."""

_PEOPLE = (
    r" (?:people|persons?|women|woman|men|man|girls?|boys?|kids?|students?|learners?|teachers?|"
    r"friends?|colleagues?|users?|members?|folks|families|community)\b"
)
_ONE = r"(?:(?<=\bthe )|(?<=\bthat )|(?<=\bthis )|(?=\ban? ))"  # "oh man" is not about a man


class _Group(NamedTuple):
    """Words of one form that may stand for each other, and what must stand around them."""

    words: str
    before: str = ""
    after: str = ""
    flags: re.RegexFlag = re.IGNORECASE

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what finds the words, with an article before them."""
        words = "|".join(self.words.split())
        return re.compile(rf"{self.before}\b(?:(an?) )?\b({words})\b{self.after}", self.flags)


_NEAR_PEOPLE = (
    "christian muslim jewish hindu buddhist sikh atheist",
    "black white asian african brown",
    "gay straight bisexual",
    "trans cis",
    "deaf blind disabled autistic dyslexic",
    "young old elderly",
    "older younger",
)
_ANYWHERE = (
    "christians muslims jews hindus buddhists sikhs catholics atheists",
    "germans americans nigerians indians mexicans russians koreans brazilians egyptians",
    "german american nigerian indian mexican russian korean brazilian egyptian",
    "french chinese british japanese spanish turkish vietnamese swedish irish",
    "women men",
    "girls boys",
    "sister brother",
    "mother father",
    "she he",
    "teenagers pensioners retirees millennials",
)
_GROUPS = (
    *(_Group(words, after=f"(?={_PEOPLE})") for words in _NEAR_PEOPLE),
    *(_Group(words) for words in _ANYWHERE),
    _Group("muslim hindu buddhist sikh catholic atheist", after=f"(?!{_PEOPLE})"),
    _Group("woman man", before=_ONE),
)
_NAMES = _Group(" ".join(NAMES), flags=re.NOFLAG)
# These forms of "he" and "she" do not match one to one: "her" is both "his" and "him".
_OTHER_PRONOUNS = re.compile(r"\b(?:his|him|hers?|himself|herself)\b", re.IGNORECASE)


def names_swapped(example: Example, random: Random) -> Example:
    """Put other first names for those in the reply and in what it answers."""
    return _swapped(example, _NAMES, random)


def groups_swapped(example: Example, random: Random) -> Example:
    """Put other groups of people for those in the reply and in what it answers."""
    both = f"{example.text}\n{example.parent or ''}"
    for group in _GROUPS:
        if group.words == "she he" and _OTHER_PRONOUNS.search(both):
            continue
        if group.pattern.search(both):
            example = _swapped(example, group, random)
    return example


def _swapped(example: Example, group: _Group, random: Random) -> Example:
    """Move every word of the group on by the same number of places in it."""
    words, pattern = group.words.split(), group.pattern
    step = int(random.integers(1, len(words)))
    known = {word.lower(): place for place, word in enumerate(words)}

    def other(match: re.Match[str]) -> str:
        if not match.group().isascii():  # a long s matches an s, but is in no list
            return match.group()
        word = words[(known[match[2].lower()] + step) % len(words)]
        if not match[1]:
            return _cased(word, like=match[2])
        article = _cased("an" if word[0].lower() in "aeiou" else "a", like=match[1])
        return f"{article} {_cased(word, like=match[2])}"

    return _everywhere(example, lambda text: pattern.sub(other, text))


def _cased(word: str, *, like: str) -> str:
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word


def _everywhere(example: Example, change: Callable[[str], str]) -> Example:
    return replace(
        example,
        text=change(example.text),
        parent=None if example.parent is None else change(example.parent),
        evidence=each_phrase(example, change),
    )


def each_phrase(example: Example, change: Callable[[str], str]) -> Mapping[Tone, tuple[str, ...]]:
    """Return the evidence with every phrase changed."""
    return {tone: tuple(map(change, said)) for tone, said in example.evidence.items()}
