"""JSON lines that come on standard input."""

import os
import select
import sys
from collections.abc import Iterator

from tonecheck.messages import BadRow
from tonecheck.watch.lines import LineReader, Splitter, Spot
from tonecheck.watch.source import Anew, Arrival, Reading, Source

_PORTION = 64 * 1024


class Pipe(Source):
    """Reads JSON lines as they come; whoever writes them waits while we are busy."""

    name = "standard input"

    def __init__(self, descriptor: int, reading: Reading) -> None:
        """Begin to read.

        Args:
            descriptor: The number of the open file.
            reading: How it is read.
        """
        self._descriptor = descriptor
        self._lines = LineReader(self.name, reading)
        self._splitter = Splitter(Spot())

    def arrivals(self) -> Iterator[Arrival | BadRow | Anew]:
        """Wait for something to arrive, and yield it and what came meanwhile."""
        while not self.ended:
            data = os.read(self._descriptor, _PORTION)
            found = self._splitter.feed(data) if data else self._splitter.end(anyhow=True)
            for spot, line in found:
                yield from self._lines.read(spot, line)
            self.ended = not data
            if not _ready(self._descriptor):
                return

    def took(self, arrival: Arrival) -> None:
        """Do nothing: what came through a pipe cannot be read again."""

    def finish(self) -> None:
        """Do nothing, either."""


def _ready(descriptor: int) -> bool:
    """Return whether reading would not have to wait; where that cannot be told, that it would."""
    if sys.platform == "win32":
        return False
    return bool(select.select([descriptor], [], [], 0)[0])
