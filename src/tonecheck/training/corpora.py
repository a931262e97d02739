"""The corpora that tonecheck learns from and is measured on, one entry each.

A corpus lies in a folder that the caller names, as `NAME.jsonl.gz` (or `NAME.jsonl` for our own
in `data/`). Development rows never train: replies that stand in a development file, and whole
threads that it samples from, are taken out of every training corpus.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tonecheck.errors import InputError
from tonecheck.training import examples
from tonecheck.training.examples import Example, Mapper, Row
from tonecheck.training.referenced import with_texts

Read = TypeVar("Read")

LICENCES = ("open", "unstated", "nc")
"""From the freest to the strictest; training takes the first, or the first two."""


_COMPARED = 60  # letters of a text's beginning
_BEGINNING = 160  # characters that mostly hold so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Where a corpus comes from and how it is used.

    Attributes:
        name: The file's name without its ending.
        mapper: How its labels are read as ours; see that function's docstring.
        licence: One of `LICENCES`.
        citation: Who made it.
        weight: How much one example counts beside one of our own annotated replies; 0 for a
            corpus that only measures.
        referenced: Whether its rows name replies of other corpora instead of holding texts.
    """

    name: str
    mapper: Mapper
    licence: str
    citation: str
    weight: float = 0.0
    referenced: bool = False


CORPORA: tuple[Corpus, ...] = (
    Corpus(
        name="tonecheck_replies_train",
        mapper=examples.annotated,
        licence="unstated",
        citation="tonecheck annotators (large language models), 2026",
        weight=1.0,
    ),
    Corpus(
        name="tonecheck_learning_train",
        mapper=examples.annotated,
        licence="open",
        citation="tonecheck, invented replies, CC0, 2026",
        weight=1.0,
    ),
    Corpus(
        name="tonecheck_written_train",
        mapper=examples.annotated,
        licence="open",
        citation="tonecheck, invented replies, second and third series, CC0, 2026",
        weight=1.0,
    ),
    Corpus(
        name="tonecheck_annotated_train",
        mapper=examples.annotated,
        licence="unstated",
        citation="tonecheck annotators (large language models), labels only, CC0, 2026",
        weight=1.0,
        referenced=True,
    ),
    Corpus(
        name="tonecheck_feedback_train",
        mapper=examples.decided,
        licence="open",  # your own: it does not leave the machine unless you send it
        citation="decisions of your own moderators, by `tonecheck feedback export`",
        weight=1.0,
    ),
    Corpus(
        name="github_incivility",
        mapper=examples.issue_comments,
        licence="open",
        citation="Ehsani et al. 2023",
        weight=0.09,
    ),
    Corpus(
        name="toxic_spans_train",
        mapper=examples.toxic_spans,
        licence="open",
        citation="Pavlopoulos et al. 2021",
        weight=0.045,
    ),
    Corpus(
        name="context_toxicity_gc",
        mapper=examples.talk_toxicity,
        licence="open",
        citation="Pavlopoulos et al. 2020",
        weight=0.03,
    ),
    Corpus(
        name="reddit_incivility_train",
        mapper=examples.uncivil_comments,
        licence="open",
        citation="Davidson et al. 2020",
        weight=0.12,
    ),
    Corpus(
        name="davidson",
        mapper=examples.offensive_tweets,
        licence="open",
        citation="Davidson et al. 2017",
        weight=0.015,
    ),
    Corpus(
        name="goemotions_train",
        mapper=examples.emotions,
        licence="open",
        citation="Demszky et al. 2020",
        weight=0.03,
    ),
    Corpus(
        name="dogmatism_reddit",
        mapper=examples.dogmatism,
        licence="unstated",
        citation="Fast & Horvitz 2016",
        weight=0.06,
    ),
    Corpus(
        name="wikitactics",
        mapper=examples.dispute_tactics,
        licence="unstated",
        citation="De Kock & Vlachos 2022",
        weight=0.06,
    ),
    Corpus(
        name="appropriateness",
        mapper=examples.inappropriate_arguments,
        licence="unstated",
        citation="Ziegenbein et al. 2023",
        weight=0.09,
    ),
    Corpus(
        name="politeness_stack_exchange",
        mapper=examples.request_politeness,
        licence="unstated",
        citation="Danescu-Niculescu-Mizil et al. 2013",
        weight=0.03,
    ),
    Corpus(
        name="political_incivility_train",
        mapper=examples.uncivil_tweets,
        licence="unstated",
        citation="political incivility on Twitter (USER/LINK masked)",
        weight=0.06,
    ),
    Corpus(
        name="kaggle_insults_train",
        mapper=examples.insults,
        licence="unstated",
        citation="Impermium, Detecting Insults in Social Commentary, 2012",
        weight=0.15,
    ),
    Corpus(
        name="persuasion_techniques_train",
        mapper=examples.persuasion,
        licence="unstated",
        citation="Dimitrov et al. 2021",
        weight=0.03,
    ),
    Corpus(
        name="logical_fallacy_train",
        mapper=examples.fallacies,
        licence="unstated",
        citation="Jin et al. 2022",
        weight=0.03,
    ),
    Corpus(
        name="empathy_explorations",
        mapper=examples.peer_support,
        licence="unstated",
        citation="Sharma et al. 2020",
        weight=0.03,
    ),
    Corpus(
        name="tonecheck_replies_dev",
        mapper=examples.annotated,
        licence="nc",
        citation="tonecheck annotators (large language models), 2026",
    ),
    Corpus(
        name="tonecheck_learning_dev",
        mapper=examples.annotated,
        licence="open",
        citation="tonecheck, invented replies, CC0, 2026",
    ),
    Corpus(
        name="ucc_val",
        mapper=examples.unhealthy_comments,
        licence="nc",
        citation="Price et al. 2020",
    ),
)

DEVELOPMENT = tuple(corpus for corpus in CORPORA if not corpus.weight)


def corpus_named(name: str) -> Corpus:
    """Return the corpus of that name.

    Raises:
        InputError: If there is none; the message lists them.
    """
    for corpus in CORPORA:
        if corpus.name == name:
            return corpus
    names = ", ".join(corpus.name for corpus in CORPORA)
    raise InputError(f"there is no corpus named {name!r}. Choose from: {names}.")


def read_corpus(corpus: Corpus, folders: Sequence[Path]) -> list[Example]:
    """Return all examples of a corpus, from the first folder that has its file.

    Raises:
        InputError: If no folder has the file, or a row cannot be read.
    """
    rows = read_rows(corpus, folders, lambda row: list(corpus.mapper(row, corpus.name)))
    return [example for examples in rows for example in examples]


def read_rows(
    corpus: Corpus, folders: Sequence[Path], read: Callable[[Row], Read]
) -> Iterator[Read]:
    """Yield what each row of a corpus is read as.

    Raises:
        InputError: If no folder has the file, or a row cannot be read.
    """
    path = _find(corpus, folders)
    if path is None:
        raise InputError(
            f"{corpus.name}.jsonl.gz is in none of {', '.join(map(str, folders))}. "
            "Name the folder that holds the corpora with --corpora."
        )
    if corpus.referenced:
        yield from _read_referenced(corpus, path, folders, read=read)
        return
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield read(json.loads(line))
        except (KeyError, TypeError, ValueError) as err:
            raise _broken(corpus, f"{path.name}:{number}", err) from err


def _read_referenced(
    corpus: Corpus, path: Path, folders: Sequence[Path], *, read: Callable[[Row], Read]
) -> Iterator[Read]:
    try:
        yield from map(read, with_texts(map(json.loads, _lines(path)), folders))
    except (KeyError, TypeError, ValueError) as err:
        raise _broken(corpus, path.name, err) from err


def _broken(corpus: Corpus, place: str, err: Exception) -> InputError:
    return InputError(
        f"this is not a row of {corpus.name} ({type(err).__name__}: {err}). "
        "Restore the file as its makers published it.",
        place=place,
    )


def available(folders: Sequence[Path], *, licence: str = "unstated") -> list[Corpus]:
    """Return the training corpora that the folders hold and the licence tier admits."""
    admitted = LICENCES[: LICENCES.index(licence) + 1]
    return [
        corpus
        for corpus in CORPORA
        if corpus.weight and corpus.licence in admitted and is_there(corpus, folders)
    ]


def without_development(
    training: Sequence[Example], development: Iterable[Example]
) -> list[Example]:
    """Return the training examples that share neither words nor a thread with development.

    A thread is out as soon as development is of it, names it, or holds one of its messages or what
    one of them answers.
    """
    held = list(development)
    groups = {(example.source, example.group) for example in held}
    names = {name for example in held for name in example.names}
    texts = {fingerprint(example.text) for example in held}
    threads = {
        (example.source, example.group)
        for example in training
        if (example.source, example.group) in groups
        or example.names & names
        or any(
            len(mark := fingerprint(text)) >= 20 and mark in texts
            for text in (example.text, example.parent or "")
        )
    }
    elsewhere = [item for item in training if (item.source, item.group) not in threads]
    return without_copies(elsewhere, of=held)


def without_copies(examples: Iterable[Example], *, of: Iterable[Example]) -> list[Example]:
    """Return the examples whose words do not stand among the others: our own labels replace."""
    texts = {fingerprint(example.text) for example in of} - {""}
    return [example for example in examples if fingerprint(example.text) not in texts]


def find(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the first file of that name that a folder holds."""
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def is_there(corpus: Corpus, folders: Sequence[Path]) -> bool:
    """Return whether a folder holds the corpus."""
    return _find(corpus, folders) is not None


def _find(corpus: Corpus, folders: Sequence[Path]) -> Path | None:
    packed = find(f"{corpus.name}.jsonl.gz", folders)
    return packed or find(f"{corpus.name}.jsonl", folders)


def _lines(path: Path) -> Iterator[str]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from lines
    else:
        with path.open(encoding="utf-8") as lines:
            yield from lines


def fingerprint(text: str) -> str:
    """Return the letters of a text's beginning: copies differ in spacing, markup and cuts."""
    for part in (text[:_BEGINNING], text):  # a long text is read whole only if it must be
        letters = re.sub(r"[^a-z]", "", part.lower())
        if len(letters) >= _COMPARED:
            break
    return letters[:_COMPARED]
