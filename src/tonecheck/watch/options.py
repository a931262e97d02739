"""How to watch, and what was done."""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from tonecheck.conversation.crossing import ConcernLine, Line
from tonecheck.conversation.forecast import Forecaster
from tonecheck.messages import BadRow, Message
from tonecheck.verdict import Verdict

THREADS = 1_000
"""How many threads are followed at a time, unless told otherwise."""


class Judges(Protocol):
    """Whatever judges messages in order, such as a `Team`."""

    def check_many(self, messages: Iterable[Message]) -> Generator[Verdict]:
        """Yield the verdict on each message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How to watch.

    Attributes:
        every: How often to look, in seconds.
        once: Whether to look once, and end.
        threads: How many threads are followed at a time.
        again_after: After how many seconds people may be told of a thread again; never if None.
        with_text: Whether alerts hold titles, names and what was written.
        line: When a thread crosses the line.
        forecaster: Says how likely threads are to turn personal, where the line asks for it.
        on_bad: Called with each row that could not be read, and with notices.
        on_progress: Called with how many messages were judged.
        on_idle: Called each time that all there is was read.
        clock: Tells the time, in seconds since 1970.
    """

    every: float = 2.0
    once: bool = False
    threads: int = THREADS
    again_after: float | None = None
    with_text: bool = False
    line: Line = field(default_factory=ConcernLine)
    forecaster: Forecaster | None = None
    on_bad: Callable[[BadRow], None] = lambda row: None
    on_progress: Callable[[int], None] = lambda count: None
    on_idle: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.time


@dataclass(slots=True)
class Counts:
    """What was done so far.

    Attributes:
        messages: How many messages were judged.
        alerts: How many threads people were told of.
        bad: How many rows could not be read, or judged.
        edited: How many messages were edited.
        deleted: How many were deleted.
    """

    messages: int = 0
    alerts: int = 0
    bad: int = 0
    edited: int = 0
    deleted: int = 0
