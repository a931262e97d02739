"""Replies with what they answer, for pre-training: no labels, and no development text."""

import json
import lzma
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tonecheck.prepare import prepare
from tonecheck.scorers.render import MARKS, render
from tonecheck.training.corpora import (
    CORPORA,
    DEVELOPMENT,
    find,
    fingerprint,
    is_there,
    read_corpus,
    read_rows,
)
from tonecheck.training.examples import Example, annotated_thread
from tonecheck.training.wordspace import UNLABELLED

Pair = tuple[str, str]
"""What is answered, or an empty string, and the reply; both cleaned as the encoder reads them."""

_FORUM = "iac"  # what our annotation calls the forum, whose thread ids are short numbers
_TELLING = 20  # letters from which on an equal beginning is no chance


class UnlabelledPairs:
    """Reads pairs of parent and reply from the corpora, each text cleaned once."""

    def __init__(self, folders: Sequence[Path], *, besides: Iterable[Example] = ()) -> None:
        """Decide what to leave out: development replies, and whole threads that they stand in.

        Args:
            folders: Where the corpora lie.
            besides: Further replies whose words and threads are left out.
        """
        self._folders = folders
        held = [*_development(folders), *besides]
        self._groups = {example.group for example in held}
        self._names = {name for example in held for name in example.names}
        # Cleaning takes out a quotation at the beginning, so that only the clean form matches.
        forms = (form for example in held for form in (example.text, clean(example.text)))
        self._texts = set(map(fingerprint, forms)) - {""}

    def forum(self, *, share: float = 1.0, part: int = 0, parts: int = 1) -> Iterator[Pair]:
        """Yield the pairs of the unlabelled forum threads.

        Args:
            share: How much of the threads to read, evenly over the file.
            part: Which of the parts that these are dealt into.
            parts: How many parts there are.
        """
        path = find(f"{UNLABELLED}.jsonl.xz", self._folders)
        if path is None:
            return
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                turn = int(number * share)
                if turn == int((number + 1) * share) or turn % parts != part:
                    continue
                thread = json.loads(line)
                name = thread["id"]
                if name not in self._names and f"{_FORUM}/{name}" not in self._groups:
                    yield from self._kept(_thread_pairs(thread))

    def corpora(self) -> Iterator[Pair]:
        """Yield the pairs of the labelled training corpora, without their labels."""
        for corpus in CORPORA:
            if not corpus.weight or not is_there(corpus, self._folders):
                continue
            for row in read_rows(corpus, self._folders, dict):
                called = {str(row.get(key)) for key in ("id", "thread", "submission")}
                if called & self._names or ("ref" in row and annotated_thread(row) in self._groups):
                    continue
                yield from self._kept(_row_pairs(row))

    def _kept(self, pairs: Iterator[Pair]) -> Iterator[Pair]:
        for parent, text in pairs:
            if len(text) > 1 and fingerprint(text) not in self._texts:
                held = len(mark := fingerprint(parent)) >= _TELLING and mark in self._texts
                yield "" if held else parent, text


def _development(folders: Sequence[Path]) -> list[Example]:
    """Return the examples of the development corpora that a folder holds."""
    present = (corpus for corpus in DEVELOPMENT if is_there(corpus, folders))
    return [example for corpus in present for example in read_corpus(corpus, folders)]


def clean(text: str) -> str:
    """Return a text as the encoder reads it."""
    return render(prepare(text))[0]


def unmarked(text: str) -> str:
    """Return a text as it was before `clean` put marks before loud words."""
    for mark in MARKS:
        text = text.replace(f"{mark} ", "")
    return text


def _thread_pairs(thread: Mapping[str, Any]) -> Iterator[Pair]:
    texts = {post["id"]: clean(post["text"]) for post in thread["posts"]}
    for post in thread["posts"]:
        yield texts.get(post["parent"], ""), texts[post["id"]]


def _row_pairs(row: Mapping[str, Any]) -> Iterator[Pair]:
    if "messages" in row:
        texts = [clean(message["text"]) for message in row["messages"]]
        yield from zip(["", *texts], texts, strict=False)
    elif "row" in row:
        yield "", clean(row["row"][0])
    else:
        yield clean(row.get("parent") or ""), clean(row["text"])
