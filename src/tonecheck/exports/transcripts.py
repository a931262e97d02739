"""Chats that are written as text: a line begins a message, and the lines after it go on with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import takewhile
from typing import Generic, TypeVar

from tonecheck.exports.base import MAX_RECORD
from tonecheck.exports.streams import Decoded, limited_line
from tonecheck.messages import BadRow

H = TypeVar("H")

_LONGEST_NAME = 200
_SURE = 3  # so many messages show that what follows a name in all of them belongs to it


@dataclass(slots=True)
class Entry(Generic[H]):
    """A message as it stands in a transcript.

    Attributes:
        place: The line on which it begins.
        head: What its first line says.
        lines: The lines that go on with it.
    """

    place: str
    head: H
    lines: list[str] = field(default_factory=list)


def lines(source: Decoded) -> Iterator[tuple[str, bool]]:
    """Yield each line without its ending, and whether all of it was kept."""
    while True:
        line, whole = limited_line(source)
        if not line:
            return
        yield line.rstrip("\r\n"), whole


def entries(
    source: Decoded, name: str, begins: Callable[[str], H | None]
) -> Iterator[Entry[H] | BadRow]:
    """Yield the messages of a transcript; a place is the line on which a message begins.

    Args:
        source: The transcript.
        name: What places begin with.
        begins: Returns what a line that begins a message says, or None for any other line.
    """
    entry: Entry[H | None] = Entry(f"{name}:1", None)
    size = 0
    for number, (line, whole) in enumerate(lines(source), 1):
        head = begins(line)
        if head is not None:
            yield from _finished(entry, size)
            entry, size = Entry(f"{name}:{number}", head), 0
        elif size <= MAX_RECORD:
            entry.lines.append(line)
        size += len(line) + (0 if whole else MAX_RECORD)
    yield from _finished(entry, size)


def _finished(entry: Entry[H | None], size: int) -> Iterator[Entry[H] | BadRow]:
    if size > MAX_RECORD:
        yield BadRow(
            place=entry.place,
            reason=f"this message is longer than {MAX_RECORD:,} characters, so it was passed over. "
            "Shorten it, or export again without it.",
        )
    elif entry.head is not None:
        yield Entry(entry.place, entry.head, entry.lines)
    elif any(line.strip() for line in entry.lines):
        yield BadRow(
            place=entry.place,
            reason="these lines stand before the first message, so nobody is known to have written "
            "them. Give the file as it was exported.",
        )


class MadeIds:
    """Ids for messages that have none, made of what is known of them.

    A message has the same id in every export that holds it, so that one that stands in two of
    them counts once. The same message twice in one export gets a number. Grows by one short id a
    message.
    """

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def make(self, *known: str) -> str:
        """Return an id for what is known of a message, such as its time, author and text."""
        content = "\0".join(known).encode("utf-8", "surrogatepass")
        key = blake2b(content, digest_size=8).hexdigest()
        self._seen[key] = count = self._seen.get(key, 0) + 1
        return key if count == 1 else f"{key}-{count}"


class Speakers:
    """Who writes in a transcript whose lines read "Name: text", where a name may hold a ": ", too.

    What follows the first part of a name in every message belongs to the name. Grows with the
    people of a transcript, not with its messages.
    """

    def __init__(self) -> None:
        self._shared: dict[str, tuple[list[str], int]] = {}

    def note(self, line: str) -> None:
        """Take in a line that begins with a name."""
        *parts, _ = line[:_LONGEST_NAME].split(": ")
        if parts:
            shared, count = self._shared.get(parts[0], (parts, 0))
            same = takewhile(lambda pair: pair[0] == pair[1], zip(shared, parts, strict=False))
            self._shared[parts[0]] = [part for part, _ in same], count + 1

    def names(self) -> Iterator[str]:
        """Yield all names."""
        return map(self._whole, self._shared)

    def split(self, line: str) -> tuple[str, str]:
        """Return the name that a line begins with, and its text."""
        first, _, text = line.partition(": ")
        whole = self._whole(first)
        if line.startswith(whole + ": "):
            return whole, line[len(whole) + 2 :]
        return first, text

    def _whole(self, first: str) -> str:
        parts, count = self._shared.get(first, ([first], 0))
        return ": ".join(parts) if count >= _SURE else first
