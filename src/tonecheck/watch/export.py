"""An export that can only be read whole, and is read again whenever it changed."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tonecheck.errors import ToneCheckError
from tonecheck.exports import read_export, sniff
from tonecheck.messages import BadRow, Message
from tonecheck.watch.source import (
    CONTEXT,
    Anew,
    Arrival,
    Change,
    Reading,
    Source,
    key_of,
    thread_of,
)
from tonecheck.watch.state import State, digest

_PORTION = 10_000  # messages that are put in order together

_Stamp = tuple[int, int, int]


class Export(Source):
    """Reads an export again when it changed, and finds what is new, edited or gone.

    It waits until a file stays as it is for one look, so that no half of one is read. What is new
    arrives in the order of time, in portions that fit into memory.
    """

    def __init__(self, path: Path, name: str, reading: Reading, *, state: State) -> None:
        """Begin to watch an export.

        Args:
            path: The file.
            name: What to call it.
            reading: How it is read.
            state: Knows which messages were read.
        """
        self.name = name
        self._path, self._reading, self._state = path, reading, state
        self._file = digest(name)
        known = state.position(name)
        self._round: int = known["round"] if known else 0
        self._read: _Stamp | None = tuple(known["stamp"]) if known and known["stamp"] else None
        self._is_done = True
        self._looked: _Stamp | None = None
        self._context: deque[Arrival] = deque(maxlen=CONTEXT)

    def arrivals(self) -> Iterator[Arrival | BadRow | Anew]:
        """Yield what changed in the export, if it did and now stays as it is."""
        stamp = self._stamp()
        settled = stamp == self._looked or self._reading.last
        self._looked = stamp
        if stamp is None or stamp == self._read or not settled or not stamp[1]:
            return
        self._read, self._is_done = stamp, False
        self._round += 1
        pass_over = self._reading.only_new and self._round == 1
        complete, rows = True, self._rows(pass_over=pass_over)
        try:
            while portion := list(itertools.islice(rows, _PORTION)):
                bad = [row for row in portion if isinstance(row, BadRow)]
                complete = complete and all(row.kind != "rest" for row in bad)
                yield from bad
                if len(portion) < _PORTION and complete:
                    yield from self._gone()  # before what is new, which might make too much of it
                yield from _in_order(row for row in portion if isinstance(row, Arrival))
        except (ToneCheckError, OSError) as err:
            yield BadRow(place=self.name, reason=_reason(err), kind="rest")
            return
        if complete:
            yield from self._gone()

    def took(self, arrival: Arrival) -> None:
        """Note that a message was judged as it is now."""
        if arrival.change is Change.WRITTEN:
            self._state.see(arrival.key, arrival.mark, file=self._file, round=self._round)

    def finish(self) -> None:
        """Note that it was read to its end."""
        self._is_done = True

    def position(self) -> Mapping[str, Any]:
        """Return how often it was read, and what tells whether it changed since."""
        return {"round": self._round, "stamp": self._read if self._is_done else None}

    def context(self, thread: bytes) -> Sequence[Arrival]:
        """Return what the export holds of a thread that was read before."""
        return _in_order(arrival for arrival in self._context if arrival.thread == thread)

    def forget(self) -> None:
        """Forget what was read, since the file is no longer there."""
        for _ in self._state.unseen(self._file, before=self._round + 1):
            pass

    def _stamp(self) -> _Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _rows(self, *, pass_over: bool) -> Iterator[Arrival | BadRow]:
        """Yield what is new or edited."""
        self._context.clear()
        reading = self._reading
        columns = reading.columns or None
        name = reading.format or ("table" if columns else sniff(self._path).name)
        rows = read_export(self._path, format=name, columns=columns)
        for row in rows:
            if isinstance(row, BadRow):
                yield row
                continue
            arrival = self._arrival(row, name)
            before = self._state.seen(arrival.key)
            if pass_over or before == arrival.mark:
                self._context.append(arrival)
                self.took(arrival)
                continue
            if before is not None:  # it is still there, if not as it was
                self.took(replace(arrival, mark=before))
            yield arrival

    def _arrival(self, message: Message, format: str) -> Arrival:
        thread = thread_of(message, format=format, name=self.name)
        key = key_of(message, thread) or digest(thread.hex(), *_identity(message))
        return Arrival(message=message, thread=thread, key=key, mark=digest(message.text))

    def _gone(self) -> Iterator[Arrival]:
        """Yield what the export no longer holds."""
        for key in self._state.unseen(self._file, before=self._round):
            yield Arrival(message=Message(text=""), thread=b"", key=key, change=Change.MISSING)


def _identity(message: Message) -> tuple[str, ...]:
    """Return what tells a message without an id from the others of its thread."""
    if message.time is None:
        return ("place", message.place, message.text)
    return ("time", message.time.isoformat(), message.author, message.text)


def _in_order(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """Return arrivals in the order of time, or as they are where one has none.

    A message that stands there twice counts as it was read last.
    """
    latest = list({arrival.key: arrival for arrival in arrivals}.values())
    dated = {one.key: one.message.time for one in latest if one.message.time is not None}
    if len(dated) < len(latest):
        return latest
    return sorted(latest, key=lambda arrival: dated[arrival.key])


def _reason(err: Exception) -> str:
    return str(err).removeprefix(f"{getattr(err, 'place', '')}: ") or type(err).__name__
