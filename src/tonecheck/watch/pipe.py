"""JSON lines that come on standard input."""

import os
import select
import sys
from collections.abc import Iterator

from tonecheck.messages import BadRow
from tonecheck.watch.jsonl import LineReader, Splitter, Spot
from tonecheck.watch.source import Anew, Arrival, Reading, Source

_PORTION = 64 * 1024


class Pipe(Source):
    """Reads JSON lines as they come; whoever writes them waits while we are busy."""

    name = "standard input"

    def __init__(self, descriptor: int, reading: Reading, *, patience: float) -> None:
        """Begin to read.

        Args:
            descriptor: The number of the open file.
            reading: How it is read.
            patience: How many seconds to wait for something to arrive before doing other things.
        """
        self._patience = patience
        self._descriptor = descriptor
        self._lines = LineReader(self.name, reading)
        self._splitter = Splitter(Spot())

    def arrivals(self) -> Iterator[Arrival | BadRow | Anew]:
        """Wait a while for something to arrive, and yield it and what came meanwhile."""
        wait = self._patience
        while not self.ended and _ready(self._descriptor, wait):
            wait = 0.0
            data = os.read(self._descriptor, _PORTION)
            found = self._splitter.feed(data) if data else self._splitter.end(anyhow=True)
            for spot, line in found:
                yield from self._lines.read(spot, line)
            self.ended = not data

    def took(self, arrival: Arrival) -> None:
        """Do nothing: what came through a pipe cannot be read again."""

    def finish(self) -> None:
        """Do nothing, either."""


def _ready(descriptor: int, wait: float) -> bool:
    """Return whether there is something to read, or comes within some seconds."""
    if sys.platform == "win32":
        return wait > 0  # which cannot be told there: reading waits itself, once
    return bool(select.select([descriptor], [], [], wait)[0])
