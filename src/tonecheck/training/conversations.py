"""Conversations of which it is known how they went on, for the forecast.

Only what stands before the outcome is read. Conversations that share a message are one group, in
whatever corpus they stand, so that no fold is trained on what it is measured on.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tonecheck.messages import Message
from tonecheck.training.corpora import Corpus, read_rows
from tonecheck.training.examples import Example, Row

LATEST = 12
"""How many messages of a conversation are read: its latest."""

_TELLING = 40  # letters from which on an equal beginning is no chance
_BEGINNING = 120
_NO_LETTER = re.compile(r"[^a-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The beginning of a conversation, and how it went on.

    Attributes:
        source: The corpus.
        group: What it must not be parted from in folds, such as the post that it is below.
        messages: What was said, oldest first; each has its number as its id.
        turned: Whether the next message was a personal attack.
    """

    source: str
    group: str
    messages: tuple[Message, ...]
    turned: bool


Read = tuple[str, Sequence[tuple[str, str]], bool]
"""A conversation's group, its authors and texts, and whether it turned."""


def _no_tones(row: Row, source: str) -> Iterator[Example]:
    """Its outcomes teach the forecast; no tone is learned from it."""
    yield from ()


def _opinions(row: Row) -> Read:
    """Three comments of r/changemyview, and whether the next was removed for an attack."""
    said = [(message["author"], message["text"]) for message in row["context"]]
    return row["submission"], said, row["outcome"] == "ad_hominem"


def _gone_awry(row: Row) -> Read:
    """A conversation of r/changemyview up to where it turned, or to its calm end."""
    said = [("", text.strip()) for text in row["src"].split("[SEP]")]
    return str(row["convo_id"]), said, bool(row["tgt"])


_READERS: Sequence[tuple[Corpus, Callable[[Row], Read]]] = (
    (
        Corpus(
            name="cmv_ad_hominem_threads",
            mapper=_no_tones,
            licence="open",
            citation="Habernal et al. 2018",
            weight=1.0,
        ),
        _opinions,
    ),
    (
        Corpus(
            name="cga_cmv_valid",
            mapper=_no_tones,
            licence="unstated",
            citation="Chang & Danescu-Niculescu-Mizil 2019",
            weight=1.0,
        ),
        _gone_awry,
    ),
)
OUTCOMES = tuple(corpus for corpus, _ in _READERS)
"""The corpora that the forecast learns from; docs/forecast.md says why no others."""


def read_conversations(folders: Sequence[Path]) -> list[Conversation]:
    """Return the conversations of all corpora, in groups that can be parted.

    Raises:
        InputError: If a corpus is not there, or a row cannot be read.
    """
    found = [
        _conversation(corpus.name, read)
        for corpus, reader in _READERS
        for read in read_rows(corpus, folders, reader)
    ]
    return list(_grouped(found))


def _conversation(source: str, read: Read) -> Conversation:
    group, said, turned = read
    messages = tuple(
        Message(id=str(place + 1), author=author, text=text, reply_to=str(place) if place else "")
        for place, (author, text) in enumerate(said[-LATEST:])
    )
    return Conversation(source=source, group=group, messages=messages, turned=turned)


def _grouped(conversations: Sequence[Conversation]) -> Iterator[Conversation]:
    """Yield conversations with one group for all that share a group or a message."""
    parents = list(range(len(conversations)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[str, int] = {}
    for place, conversation in enumerate(conversations):
        for mark in _marks(conversation):
            parents[root(place)] = root(first.setdefault(mark, place))
    for place, conversation in enumerate(conversations):
        yield Conversation(
            source=conversation.source,
            group=str(root(place)),
            messages=conversation.messages,
            turned=conversation.turned,
        )


def _marks(conversation: Conversation) -> Iterable[str]:
    yield f"{conversation.source} {conversation.group}"
    for message in conversation.messages:
        letters = _NO_LETTER.sub("", message.text.lower())
        if len(letters) > _TELLING:
            yield letters[:_BEGINNING]
