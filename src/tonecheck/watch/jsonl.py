"""JSON lines that come in pieces."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tonecheck.exports.base import MAX_RECORD
from tonecheck.exports.rows import json_lines
from tonecheck.exports.streams import Decoded
from tonecheck.exports.table import TableLines
from tonecheck.messages import BadRow
from tonecheck.watch.source import Arrival, Change, Reading, key_of, thread_of

_LONG = f"this line is longer than {MAX_RECORD:,} bytes, so it was passed over."


@dataclass(frozen=True, slots=True)
class Spot:
    """A place between two lines: the offset in bytes, and how many lines stand before it."""

    offset: int = 0
    line: int = 0


class Splitter:
    """Cuts bytes into lines as they come, and holds no more than one line.

    Attributes:
        spot: The place behind the last line.
        rest: What stands behind it, which is no line yet.
    """

    def __init__(self, spot: Spot) -> None:
        self.spot = spot
        self.rest = b""
        self._passing = False  # over a line that is too long
        self._closed = False  # the last line was taken before its line break came

    def feed(self, data: bytes) -> Iterator[tuple[Spot, bytes | None]]:
        """Yield each complete line and the spot behind it; None for one that is too long."""
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            yield from self._next(line, 1)
        if len(self.rest) > MAX_RECORD:
            self.spot = replace(self.spot, offset=self.spot.offset + len(self.rest))
            self.rest, self._passing = b"", True

    def end(self, *, anyhow: bool = False) -> Iterator[tuple[Spot, bytes | None]]:
        """Yield a last line without a line break, if it is complete, or anyhow."""
        line = self.rest
        # An object that is closed has nothing to wait for.
        if line.strip() and (anyhow or (line.rstrip().endswith(b"}") and _is_whole(line))):
            self.rest = b""
            yield from self._next(line, 0)
            self._closed = True

    def _next(self, line: bytes, ending: int) -> Iterator[tuple[Spot, bytes | None]]:
        counts = not self._closed or bool(line.strip())
        self.spot = Spot(self.spot.offset + len(line) + ending, self.spot.line + counts)
        passed, self._passing, self._closed = self._passing, False, False
        if passed or len(line) > MAX_RECORD:
            yield self.spot, None
        elif line.strip():
            yield self.spot, line


class LineReader:
    """Reads the messages of JSON lines, one line at a time."""

    def __init__(self, name: str, reading: Reading) -> None:
        self._name = name
        self._table = TableLines(reading.columns)
        self._noticed = False

    def read(self, spot: Spot, line: bytes | None) -> Iterator[Arrival | BadRow]:
        """Yield the message of a line, or what is wrong with it.

        A line with an "id" and `"deleted": true` says that the message is gone.
        """
        place = f"{self._name}:{spot.line}"
        if line is None:
            yield BadRow(place=place, reason=_LONG)
            return
        for row in json_lines(Decoded(io.BytesIO(line)), self._name):
            if isinstance(row, BadRow):
                if row.kind != "notice" or not self._noticed:
                    yield replace(row, place=place)
                self._noticed = self._noticed or row.kind == "notice"
                continue
            gone = row.cells.get("deleted") is True
            if gone:
                row = replace(row, cells={**row.cells, "text": ""})
            message = self._table.message(replace(row, place=place))
            if isinstance(message, BadRow):
                yield message
                continue
            yield from self._table.notice(place)
            thread = thread_of(message, format="table", name=self._name)
            change = Change.DELETED if gone else Change.WRITTEN
            key = key_of(message, thread)
            yield Arrival(message=message, thread=thread, key=key, mark=spot, change=change)


def _is_whole(line: bytes) -> bool:
    rows = list(json_lines(Decoded(io.BytesIO(line)), ""))
    return bool(rows) and not isinstance(rows[0], BadRow)
