"""A file of JSON lines that grows, is cut off, or makes room for the next one."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from tonecheck.messages import BadRow
from tonecheck.watch.jsonl import LineReader, Splitter, Spot
from tonecheck.watch.source import CONTEXT, Anew, Arrival, Reading, Source

_PORTION = 256 * 1024
_PRINT = 256  # bytes that tell one file from another
_KEPT_PAST = 20  # files that made room for the next, which may lie beside it under other names

_Past = tuple[int, str, str]  # the size of a file, and its prints


class Lines(Source):
    """Follows a file of JSON lines as it grows.

    It goes on where it stopped if the file still is what it was up to there. Another file in its
    place that begins otherwise is the next one of a series (as logs are rotated): the old one is
    read to its end, then the new one. One that begins in the same way was written anew.
    """

    def __init__(self, path: Path, name: str, reading: Reading) -> None:
        """Begin to follow a file.

        Args:
            path: The file.
            name: What to call it.
            reading: How it is read.

        Raises:
            OSError: If it cannot be opened.
        """
        self.name = name
        self._path, self._only_new = path, reading.only_new
        self._lines = LineReader(name, reading)
        self._file: IO[bytes] = path.open("rb")
        self._next: IO[bytes] | None = None
        self._drained = False
        self._done = Spot()
        self._prints = ("", "")  # of its start, and of what stands before _done
        self._splitter = Splitter(self._done)
        self._past: deque[_Past] = deque(maxlen=_KEPT_PAST)
        self._latest: deque[Spot] = deque(maxlen=CONTEXT)
        self._context: deque[Arrival] = deque(maxlen=CONTEXT)

    def resume(self, position: Mapping[str, Any] | None) -> Iterator[BadRow]:
        """Go on where an earlier watcher stopped; yield what there is to say about it.

        Args:
            position: What `position` returned then, or None.
        """
        if position is None:
            if self._only_new:
                self._pass_over()
            return
        self._done = Spot(position["offset"], position["line"])
        self._prints = (position["start"], position["end"])
        self._past.extend((size, start, end) for size, start, end in position["past"])
        if self._fits(self._file):
            self._look_back(Spot(position["back"], position["back_line"]))
            self._splitter = Splitter(self._done)
        else:
            yield self._anew("since the last run")

    def arrivals(self) -> Iterator[Arrival | BadRow | Anew]:
        """Yield what was written since, and of the next file where this one made room for it."""
        if self._next is not None and self._drained:
            yield from self._switch(self._next)
        elif not self._fits(self._file):  # cut off, or written anew in its place
            yield from self._restart(self._file)
        while data := self._portion():
            for spot, line in self._splitter.feed(data):
                yield from self._lines.read(spot, line)
        for spot, line in self._splitter.end():
            yield from self._lines.read(spot, line)
        if self._next is None:
            self._next = self._newer()
        else:
            self._drained = True  # whoever wrote into the old file has had time to end
        self.more = self._next is not None

    def took(self, arrival: Arrival) -> None:
        """Note that a message was judged."""
        self._done = arrival.mark
        self._latest.append(arrival.mark)

    def finish(self) -> None:
        """Note that all complete lines were judged."""
        self._done = self._splitter.spot
        self._prints = _prints(self._file, self._done.offset)

    def position(self) -> Mapping[str, Any]:
        """Return how far it was judged, and how to tell whether the file still is the same."""
        back = self._latest[0] if self._latest else self._done
        start, end = _prints(self._file, self._done.offset)
        return {
            "offset": self._done.offset,
            "line": self._done.line,
            "back": back.offset,
            "back_line": back.line,
            "start": start,
            "end": end,
            "past": list(self._past),
        }

    def was(self, path: Path) -> bool:
        """Return whether a file, by what it holds, is this one under another name, or was once."""
        known = [*self._past, (self._done.offset, *self._prints)]
        size = path.stat().st_size
        with path.open("rb") as file:
            return any(
                0 < offset <= size and _prints(file, offset) == (start, end)
                for offset, start, end in known
            )

    def context(self, thread: bytes) -> Sequence[Arrival]:
        """Return what was read of a thread before the restart."""
        return [arrival for arrival in self._context if arrival.thread == thread]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._next is not None:
            self._next.close()

    def _portion(self) -> bytes:
        # Between two portions, what was judged is committed, which looks elsewhere in the file.
        self._file.seek(self._splitter.spot.offset + len(self._splitter.rest))
        return self._file.read(_PORTION)

    def _switch(self, newer: IO[bytes]) -> Iterator[BadRow | Anew]:
        """Go on in the file that took the place of this one."""
        older, self._file, self._next, self._drained = self._file, newer, None, False
        older.close()
        if self._fits(newer):
            return  # the same content, and maybe more
        self._past.append((self._done.offset, *self._prints))
        if self._splitter.rest.strip():
            place = f"{self.name}:{self._splitter.spot.line + 1}"
            yield BadRow(place=place, reason="the last line breaks off, so it is lost.")
        yield from self._restart(newer)

    def _restart(self, file: IO[bytes]) -> Iterator[BadRow | Anew]:
        rewritten = _prints(file, self._done.offset)[0] == self._prints[0]
        yield self._anew("written anew" if rewritten else "by a new file")
        if rewritten:
            yield Anew()

    def _anew(self, how: str) -> BadRow:
        self._done, self._prints = Spot(), ("", "")
        self._splitter = Splitter(self._done)
        self._latest.clear()
        self._context.clear()
        how = how if how.startswith("written") else f"replaced {how}"
        reason = f"was {how}, so it is read from its start."
        return BadRow(place=self.name, reason=reason, kind="notice")

    def _fits(self, file: IO[bytes]) -> bool:
        """Return whether a file still is, up to where it was judged, what it was."""
        if not self._done.offset:
            return True
        size = os.fstat(file.fileno()).st_size
        return size >= self._done.offset and _prints(file, self._done.offset) == self._prints

    def _newer(self) -> IO[bytes] | None:
        """Return the file that lies at the path now, if it is another one."""
        try:
            there, here = self._path.stat(), os.fstat(self._file.fileno())
            if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                return None
            return self._path.open("rb")
        except OSError:
            return None  # between the old one and the new one

    def _pass_over(self) -> None:
        """Count what is there as read."""
        splitter = Splitter(Spot())
        spots: deque[Spot] = deque([Spot()], maxlen=CONTEXT)
        while data := self._file.read(_PORTION):
            spots.extend(spot for spot, _ in splitter.feed(data))
        self._done = splitter.spot
        self._look_back(spots[0])
        self._splitter = Splitter(self._done)
        self._prints = _prints(self._file, self._done.offset)

    def _look_back(self, back: Spot) -> None:
        """Read again what may stand before a new message, from a spot on."""
        splitter = Splitter(back)
        self._file.seek(back.offset)
        while left := min(_PORTION, self._done.offset - self._file.tell()):
            data = self._file.read(left)
            if not data:
                return
            for spot, line in splitter.feed(data):
                self._latest.append(spot)
                self._context.extend(
                    row for row in self._lines.read(spot, line) if isinstance(row, Arrival)
                )


def _prints(file: IO[bytes], offset: int) -> tuple[str, str]:
    """Return the prints of a file's start, and of what stands before an offset."""
    file.seek(0)
    start = file.read(min(_PRINT, offset))
    file.seek(max(0, offset - _PRINT))
    return _print(start), _print(file.read(min(_PRINT, offset)))


def _print(data: bytes) -> str:
    return blake2b(data, digest_size=8).hexdigest()
