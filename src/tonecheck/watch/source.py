"""What is watched: something that messages arrive from, again and again."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tonecheck.messages import BadRow, Message
from tonecheck.prepare import MAX_CHARS
from tonecheck.watch.state import digest

CONTEXT = 2_000
"""How many of the messages read before are looked at again after a restart, for what stands
above a new one."""


class Change(StrEnum):
    """What happened to a message."""

    WRITTEN = "written"
    DELETED = "deleted"
    MISSING = "missing"  # an export no longer holds it, which may be because the export is shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that arrived.

    Attributes:
        message: The message.
        thread: The digest of its thread.
        key: The digest of what tells it from others, or empty where nothing does.
        mark: Where it stands, for the source that it came from.
        change: What happened to it.
    """

    message: Message
    thread: bytes
    key: bytes
    mark: Any = None  # each source's own
    change: Change = Change.WRITTEN


@dataclass(frozen=True, slots=True)
class Anew:
    """Says that all that was read of a source arrives anew, so that its threads are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are read.

    Attributes:
        format: The name of the format; recognised where None.
        columns: Which column of a table holds what.
        only_new: Whether what is there when a file is first seen counts as read.
        last: Whether each file is looked at just once, so that nobody waits for the rest of it.
        every: How often to look, in seconds.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    only_new: bool = False
    last: bool = False
    every: float = 2.0


class Source(ABC):
    """Something that messages arrive from.

    Attributes:
        name: What the state and people call it.
        more: Whether to ask for arrivals again at once.
        ended: Whether nothing will ever arrive again.
    """

    name: str
    more: bool = False
    ended: bool = False

    @abstractmethod
    def arrivals(self) -> Iterator[Arrival | BadRow | Anew]:
        """Yield what has arrived since the last call, until nothing more is there for now."""

    @abstractmethod
    def took(self, arrival: Arrival) -> None:
        """Note that an arrival was judged: it need not be read again."""

    @abstractmethod
    def finish(self) -> None:
        """Note that all that `arrivals` yielded was judged."""

    def position(self) -> Mapping[str, Any] | None:
        """Return where reading goes on after a restart, or None where it cannot."""
        return None

    def context(self, thread: bytes) -> Sequence[Arrival]:
        """Return what was read of a thread before, as far as it is at hand, oldest first."""
        return ()

    def close(self) -> None:
        """Close what is open."""
        return


def thread_of(message: Message, *, format: str, name: str) -> bytes:
    """Return the digest of a message's thread.

    A thread may go on in another file of the same format. Messages that name no thread make one
    for each file.
    """
    return digest(format, message.thread) if message.thread else digest(format, "", name)


def key_of(message: Message, thread: bytes) -> bytes:
    """Return the digest of a message that has an id; without one, nothing."""
    return digest(thread.hex(), "id", message.id) if message.id else b""


class Ahead:
    """Arrivals, of which the next can be looked at before it is taken."""

    def __init__(self, arrivals: Iterator[Arrival | BadRow | Anew], name: str) -> None:
        self._arrivals, self._name = arrivals, name
        self._next: Arrival | BadRow | Anew | None = None

    def peek(self) -> Arrival | BadRow | Anew | None:
        """Return what comes next, or None where nothing more is there for now."""
        if self._next is None:
            try:
                self._next = next(self._arrivals, None)
            except OSError as err:
                reason = f"cannot be read: {err.strerror or err}. It is tried again."
                self._next = BadRow(place=self._name, reason=reason, kind="rest")
        return self._next

    def take(self) -> None:
        """Pass over what came next."""
        self._next = None

    def while_missing(self) -> Iterator[Arrival]:
        """Take and yield the messages that an export no longer holds, as long as such come."""
        while isinstance(coming := self.peek(), Arrival) and coming.change is Change.MISSING:
            self.take()
            yield coming


def cut(message: Message) -> Message:
    """Return a message with no more text than is read, and one character to tell of the rest."""
    if len(message.text) <= MAX_CHARS and len(message.parent or "") <= MAX_CHARS:
        return message
    parent = message.parent and message.parent[:MAX_CHARS]
    return replace(message, text=message.text[: MAX_CHARS + 1], parent=parent)
