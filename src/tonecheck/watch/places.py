"""What there is to watch at a place: a file, the files of a folder, or standard input."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports import sniff
from tonecheck.exports.rows import PARQUET_MAGIC
from tonecheck.exports.streams import head, json_shape
from tonecheck.messages import BadRow
from tonecheck.watch.export import Export
from tonecheck.watch.lines import Lines
from tonecheck.watch.pipe import Pipe
from tonecheck.watch.source import Reading, Source
from tonecheck.watch.state import State

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp")
_LINED = (".jsonl", ".ndjson")


class Place:
    """The sources at a place, as they come and go."""

    def __init__(self, place: str, reading: Reading, *, state: State) -> None:
        """Begin to watch a place.

        Args:
            place: A file, a folder, or `-` for standard input.
            reading: How files are read.
            state: What earlier watchers left.

        Raises:
            InputError: If there is no such file or folder.
        """
        self._reading, self._state = reading, state
        self._path = Path(place)
        self._sources: dict[str, Source] = {}
        self._absent: set[str] = set()
        self._waiting: dict[Path, int] = {}  # sizes of files whose kind cannot be told yet
        if place == "-":
            self._sources["-"] = Pipe(sys.stdin.fileno(), reading, patience=reading.every)
        elif not self._path.exists():
            raise InputError("there is no such file or folder. Check the path.", place=place)

    @property
    def waits(self) -> bool:
        """Return whether reading waits by itself for something to arrive."""
        return "-" in self._sources

    @property
    def ended(self) -> bool:
        """Return whether nothing will ever arrive again."""
        return self.waits and all(source.ended for source in self._sources.values())

    def sources(self) -> Iterator[Source | BadRow]:
        """Yield every source that is there now, and what there is to say about new ones."""
        if self.waits:
            yield from self._sources.values()
            return
        found = dict(self._files())
        for name in [name for name in self._sources if name not in found]:
            if name in self._absent:
                self._leave(name)
            else:
                self._absent.add(name)
                yield self._sources[name]  # what was written before it went
        self._absent &= self._sources.keys() - found.keys()
        for name, path in found.items():
            if name not in self._sources:
                yield from self._begin(name, path)
            if name in self._sources:
                yield self._sources[name]

    def close(self) -> None:
        """Close what is open."""
        for source in self._sources.values():
            source.close()

    def _files(self) -> Iterator[tuple[str, Path]]:
        if not self._path.is_dir():
            if self._path.is_file():
                yield self._path.name, self._path
            elif self._path.name in self._sources:
                yield self._path.name, self._path  # on its way from the old one to the new one
            return
        for path in sorted(self._path.iterdir()):
            hidden = path.name.startswith(".") or path.name.endswith(("~", *_UNFINISHED))
            if not hidden and path.is_file():
                yield path.name, path

    def _begin(self, name: str, path: Path) -> Iterator[BadRow]:
        try:
            lined = self._is_lined(path)
            if lined is None or (lined and self._is_past(path)):
                return
            if lined:
                lines = Lines(path, name, self._reading)
                self._sources[name] = lines
                yield from lines.resume(self._state.position(name))
            else:
                self._sources[name] = Export(path, name, self._reading, state=self._state)
        except OSError as err:
            reason = f"cannot be opened: {err.strerror}. Check who may read it."
            yield BadRow(place=name, reason=reason, kind="rest")

    def _is_lined(self, path: Path) -> bool | None:
        """Return whether a file is one of JSON lines, or None where it cannot be told yet."""
        start = head(path)
        size = path.stat().st_size
        settled = self._waiting.get(path) == size or self._reading.last
        self._waiting[path] = size
        if not start or not (b"\n" in start or settled):
            return None
        named = path.suffix.lower() in _LINED
        if self._reading.format not in (None, "table") or not _may_be_lines(start, named=named):
            return False
        if self._reading.format or self._reading.columns:
            return True
        try:
            return sniff(path).name == "table"
        except InputError:
            return named

    def _is_past(self, path: Path) -> bool:
        """Return whether a file was read under another name, before it made room for the next."""
        known = [source for source in self._sources.values() if isinstance(source, Lines)]
        return any(source.was(path) for source in known)

    def _leave(self, name: str) -> None:
        source = self._sources.pop(name)
        if isinstance(source, Export):
            source.forget()
        source.close()


def _may_be_lines(start: bytes, *, named: bool) -> bool:
    if start.startswith((PARQUET_MAGIC, b"\xff\xfe", b"\xfe\xff")):
        return False  # UTF-16, which has other line breaks, is read whole
    text = start.decode("utf-8-sig", "replace").lstrip()
    if named:
        return not text.startswith("[")  # the first line of all may be the broken one
    shape = json_shape(text)
    return text.startswith("{") and shape is not None and shape.lists == 0
