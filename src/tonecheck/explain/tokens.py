"""Splits a cleaned text into the forms that cues are matched on, in time linear in its length.

spaCy's own tokeniser tries affix rules again and again on a run of punctuation, which takes
quadratic time on hostile input. Cues need less: lower-case words, contractions in one spelling,
and where sentences end. Cue phrases go through the same function as texts, so a phrase written
"don't" also finds "dont", "do not" and a curly apostrophe.
"""

import re
from typing import NamedTuple

BOUNDARY = "|"
"""Stands between sentences, and before the first and after the last one."""

_TOKEN = re.compile(
    r"[^\W_]+(?:'[^\W_]+)*"  # a word, with its inner apostrophes
    r"|((?:[!?…\n]|\.(?![^\W_]))[.!?…\s]*)"  # the end of a sentence or line, and what trails
    r"|[^\w\s]|_"
)
_STRAIGHT = str.maketrans("’‘ʼ´`", "'''''")

_PRONOUNS = "i you he she it we they that this there here what who where how".split()
_VERBS = {"'re": "are", "'m": "am", "'ll": "will", "'ve": "have", "'s": "is", "'d": "would"}
_AUXILIARIES = "do does did is are was were have has had would could should must need".split()


def _contractions() -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {
        pronoun + short: (pronoun, verb) for pronoun in _PRONOUNS for short, verb in _VERBS.items()
    }
    # Without an apostrophe only where that is no other word, as "were", "hell" and "id" are.
    bare = "youre theyre im youve theyve ive thats whats theres heres hes shes youll theyll youd"
    with_mark = {form.replace("'", ""): parts for form, parts in forms.items()}
    forms |= {word: with_mark[word] for word in bare.split()}
    for verb in _AUXILIARIES:
        forms[f"{verb}n't"] = forms[f"{verb}nt"] = (verb, "not")
    forms |= dict.fromkeys(("can't", "cant", "cannot"), ("can", "not"))
    forms |= dict.fromkeys(("won't", "wont"), ("will", "not"))
    forms |= dict.fromkeys(("ain't", "aint"), ("is", "not")) | {"shan't": ("shall", "not")}
    forms |= {"let's": ("let", "us"), "lets": ("let", "us"), "y'all": ("you", "all")}
    forms |= {"gonna": ("going", "to"), "wanna": ("want", "to"), "gotta": ("got", "to")}
    forms |= {"dunno": ("do", "not", "know"), "cmon": ("come", "on"), "c'mon": ("come", "on")}
    return forms | {"u": ("you",), "ur": ("your",), "r": ("are",), "ppl": ("people",)}


_FORMS = _contractions()


class Tokens(NamedTuple):
    """The forms of a text and where each begins and ends in it; boundaries have no width."""

    forms: list[str]
    starts: list[int]
    ends: list[int]


def split(text: str) -> Tokens:
    """Return the forms that cues are matched on.

    A contraction gives two forms with one span. The end of a sentence gives a `BOUNDARY`, after
    a `?` if it is a question; so do the two ends of the text.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals have a longer small form; offsets must hold
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    forms, starts, ends = [BOUNDARY], [0], [0]
    for match in _TOKEN.finditer(lowered.translate(_STRAIGHT)):
        word = match[0]
        start, end = match.span()
        if match.lastindex:
            parts: tuple[str, ...] = ("?", BOUNDARY) if "?" in word else (BOUNDARY,)
            end = start + len(word.rstrip())
        elif word in _FORMS:
            parts = _FORMS[word]
        else:  # nearly always: the one path whose speed matters
            forms.append(word)
            starts.append(start)
            ends.append(end)
            continue
        forms += parts
        starts += [start] * len(parts)
        ends += [end] * len(parts)
    if forms[-1] != BOUNDARY:
        forms.append(BOUNDARY)
        starts.append(len(text))
        ends.append(len(text))
    return Tokens(forms, starts, ends)
