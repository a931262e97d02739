"""What else each corpus can teach: its own labels, as its makers wrote them, one head a corpus.

The mapped targets of `training.examples` say what a corpus's labels mean for our tones, softly.
Its own labels say exactly what they say; an encoder learns from both (multi-task learning, Caruana
1997). Each label is a number in [0, 1]; a head has one output a label.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tonecheck.labels import Tone
from tonecheck.training.corpora import Corpus, read_rows
from tonecheck.training.examples import (
    NAME_CALLING,
    PUSHY_TECHNIQUES,
    Example,
    Row,
    Spans,
    plain_example,
)

Labels = Mapping[str, float]
Marked = Mapping[Tone, Spans]


def _incivility(row: Row, text: str) -> Labels:
    label = row["labels"]["tbdf"].replace("attacks", "attack").replace("Attack/", "attack/")
    return {} if label == "None" else {label: 1.0}


def _emotions(row: Row, text: str) -> Labels:
    return dict.fromkeys(row["labels"]["emotions"], 1.0)


def _offence(row: Row, text: str) -> Labels:
    return {row["labels"]["class"]: 1.0}


def _toxicity(row: Row, text: str) -> Labels:
    return {"toxic": float(row["label"])}


def _toxic_words(row: Row, text: str) -> Labels:
    return {"toxic words": float(bool(row["labels"]["toxic_offsets"]))}


def _uncivil(row: Row, text: str) -> Labels:
    return {"uncivil": float(str(row["row"][1]) == "1")}


def _dogmatism(row: Row, text: str) -> Labels:
    return {"dogmatism": (row["labels"]["dogmatism_2_15"] - 2) / 13}


def _tactics(row: Row, text: str) -> Labels:
    for message in row["messages"]:
        if message["text"] == text:
            return {tactic.split(":")[0]: 1.0 for tactic in message["rebuttal"]}
    return {}


def _flaws(row: Row, text: str) -> Labels:
    return dict(row["labels"])


def _politeness(row: Row, text: str) -> Labels:
    return {"polite": 1 / (1 + math.exp(-row["labels"]["politeness_z"]))}


def _political(row: Row, text: str) -> Labels:
    return {"impolite": float(row["impoliteness"]), "intolerant": float(row["intolerance"])}


def _insult(row: Row, text: str) -> Labels:
    return {"insult": float(row["labels"]["insult"])}


def _techniques(row: Row, text: str) -> Labels:
    return {span["technique"]: 1.0 for span in row["labels"]["spans"]}


def _fallacy(row: Row, text: str) -> Labels:
    return {row["labels"]["fallacy"]: 1.0}


def _exploration(row: Row, text: str) -> Labels:
    return {"exploration": row["labels"]["level"] / 2}


_READERS: Mapping[str, Callable[[Row, str], Labels]] = {
    "github_incivility": _incivility,
    "toxic_spans_train": _toxic_words,
    "context_toxicity_gc": _toxicity,
    "reddit_incivility_train": _uncivil,
    "davidson": _offence,
    "goemotions_train": _emotions,
    "dogmatism_reddit": _dogmatism,
    "wikitactics": _tactics,
    "appropriateness": _flaws,
    "politeness_stack_exchange": _politeness,
    "political_incivility_train": _political,
    "kaggle_insults_train": _insult,
    "persuasion_techniques_train": _techniques,
    "logical_fallacy_train": _fallacy,
    "empathy_explorations": _exploration,
}


def _toxic_spans(row: Row) -> Marked:
    """Return the words that made a text toxic to its readers: those of hostility."""
    spans: list[tuple[int, int]] = []
    for offset in row["labels"]["toxic_offsets"]:
        if spans and offset == spans[-1][1]:
            spans[-1] = (spans[-1][0], offset + 1)
        else:
            spans.append((offset, offset + 1))
    return {Tone.HOSTILITY: tuple(spans)} if spans else {}


def _persuasion_spans(row: Row) -> Marked:
    """Return the words that call names, and those that push; other techniques carry no tone."""
    found: dict[Tone, list[tuple[int, int]]] = {}
    for span in row["labels"]["spans"]:
        if span["technique"] == NAME_CALLING:
            found.setdefault(Tone.HOSTILITY, []).append((span["start"], span["end"]))
        elif span["technique"] in PUSHY_TECHNIQUES:
            found.setdefault(Tone.HUSTLING, []).append((span["start"], span["end"]))
    return {tone: tuple(spans) for tone, spans in found.items()}


def _rationales(row: Row) -> Marked:
    """Return that no word brushes off where annotators could point at words that ask and care."""
    return {Tone.DISMISSIVENESS: ()} if row["labels"]["rationales"].strip("| ") else {}


_MARKERS: Mapping[str, Callable[[Row], Marked]] = {
    "toxic_spans_train": _toxic_spans,
    "persuasion_techniques_train": _persuasion_spans,
    "empathy_explorations": _rationales,
}


_FEWEST = 20  # a label that fewer rows carry teaches nothing


def read_task(corpus: Corpus, folders: Sequence[Path]) -> tuple[tuple[str, ...], list[Example]]:
    """Return the names of a corpus's own labels, and all its messages with them.

    A message that the corpus's mapping says nothing about has no targets, only its own labels. A
    corpus without labels of its own gives no names.

    Raises:
        InputError: If the corpus is not there, or a row cannot be read.
    """
    reader = _READERS.get(corpus.name)
    marker = _MARKERS.get(corpus.name)

    def read(row: Row) -> list[Example]:
        mapped = list(corpus.mapper(row, corpus.name))
        if reader is None:
            return mapped
        return [
            replace(example, labels=reader(row, example.text), marked=marker(row) if marker else {})
            for example in mapped or [plain_example(row, corpus.name)]
        ]

    found = [example for examples in read_rows(corpus, folders, read) for example in examples]
    counts = Counter(
        name for example in found for name, value in (example.labels or {}).items() if value > 0
    )
    return tuple(sorted(name for name, count in counts.items() if count >= _FEWEST)), found
