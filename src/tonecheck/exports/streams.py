"""Text and JSON out of byte streams that may be broken, huge or in the wrong encoding."""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import ijson
from ijson.common import ObjectBuilder

from tonecheck.errors import InputError
from tonecheck.exports.base import MAX_DEPTH, MAX_RECORD, SNIFF_BYTES

# "utf-8-sig" also reads UTF-8 without the mark. UTF-32 comes first: its mark begins like UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A byte that is not UTF-8 arrives as one of these, and is read as Windows-1252 instead: that is
# what spreadsheets and old forum software write. Its five unused codes become U+FFFD.
_ESCAPED = re.compile("[\udc80-\udcff]")
_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
# yajl refuses half a surrogate pair and the rest of the file with it; exports that cut texts at a
# fixed length hold them. So it does with \x1F, as Telegram writes control characters. Backslash
# pairs are matched first, so that an escaped one is not misread.
_ESCAPES = re.compile(
    r"\\\\|\\u(?i:d[89ab][0-9a-f]{2})\\u(?i:d[c-f][0-9a-f]{2})|\\u(?i:d[89a-f][0-9a-f]{2})"
    r"|\\x[0-9a-fA-F]{2}"
)
_ESCAPE_LENGTH = 12
TOO_DEEP = f"it nests deeper than {MAX_DEPTH} levels. Take this message out, or export again."
_KINDS = {"array": "list", "map": "object"}
# What reading a damaged archive raises, or one that is a bomb.
_FAILURES = (InputError, OSError, EOFError, zlib.error, zipfile.BadZipFile)
_ENDS = ("\n", "\r")
_BROKEN = "the JSON is broken from here on, so the rest was not read. Export again, or repair it."
_CUT = "the file breaks off here, so the rest is missing. Export or download it again."


class _Spared(io.BufferedIOBase):
    """Bytes that end where they cannot be read on, so that all before that place is kept.

    A text layer above drops what it has read of a portion when the rest of it fails.

    Attributes:
        failure: Why they end, or None.
    """

    def __init__(self, binary: IO[bytes]) -> None:
        # What fills a buffer of its own drops it in the same way, so no more than one read.
        self._read: Callable[[int], bytes] = getattr(binary, "read1", binary.read)
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        if self.failure is not None:
            return b""
        try:
            return self._read(size)
        except _FAILURES as err:
            self.failure = err
            return b""


class Decoded:
    """The text of a stream, whatever its encoding: UTF-8, UTF-16 or UTF-32 with a mark.

    Where the stream fails, as a damaged archive does, what stands before is read first.

    Attributes:
        notice: What had to be guessed so far, as a sentence; empty while nothing was.
    """

    def __init__(self, binary: IO[bytes]) -> None:
        start = binary.read(4)
        binary.seek(0)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8-sig")
        errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
        self._bytes = _Spared(binary)
        self._stream = io.TextIOWrapper(
            cast("IO[bytes]", self._bytes), encoding=encoding, errors=errors, newline=""
        )
        self.notice = ""

    def __enter__(self) -> "Decoded":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.detach()  # whoever opened the bytes closes them

    def read(self, size: int) -> str:
        """Return up to `size` characters, or an empty string at the end.

        Raises:
            InputError, OSError, EOFError, zlib.error, zipfile.BadZipFile: Where the stream fails.
        """
        return self._repaired(self._stream.read(size))

    def readline(self, size: int) -> str:
        """Return the next line with its ending, or its first `size` characters.

        Raises:
            InputError, OSError, EOFError, zlib.error, zipfile.BadZipFile: Where the stream fails.
        """
        line = self._stream.readline(size)
        if self._bytes.failure is not None and len(line) < size and not line.endswith(_ENDS):
            raise self._bytes.failure  # half a line might be taken for a whole one
        return self._repaired(line)

    def _repaired(self, text: str) -> str:
        if not text and self._bytes.failure is not None:
            raise self._bytes.failure
        if text.isascii() or not _ESCAPED.search(text):
            return text
        self.notice = (
            "some bytes are not UTF-8 and were read as Windows-1252. "
            "If letters look wrong, save the file as UTF-8 and read it again."
        )
        return text.translate(_WINDOWS)


def head(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(SNIFF_BYTES)


def head_text(path: Path) -> str:
    """Return the text that a file begins with."""
    return Decoded(io.BytesIO(head(path))).read(SNIFF_BYTES)


def limited_line(source: Decoded) -> tuple[str, bool]:
    """Return the next line, and whether all of it: no more than `MAX_RECORD` of it is kept."""
    line = source.readline(MAX_RECORD)
    if len(line) < MAX_RECORD or line.endswith(_ENDS):
        return line, True
    rest = source.readline(SNIFF_BYTES)
    whole = not rest
    while rest and not rest.endswith(_ENDS):
        rest = source.readline(SNIFF_BYTES)  # passed over, never held
    return line, whole


@dataclass(frozen=True, slots=True)
class Item:
    """A value found in JSON.

    Attributes:
        path: Where it stands, such as `messages.item`.
        value: The value, or None where it nests too deep.
        number: Which entry of the outermost list it belongs to, from 1; 0 where that is an object.
        problem: Why the value is missing; empty where it is not.
    """

    path: str
    value: Any
    number: int
    problem: str = ""


def items(source: Decoded, wanted: Collection[str]) -> Iterator[Item]:
    """Yield the values that stand at the wanted paths, in the order of the file.

    Memory is bounded by the largest wanted value, which is at most about `MAX_RECORD` bytes.

    Raises:
        InputError: Where the outermost value is of the wrong kind, the JSON is broken or breaks
            off, or a value is too long; everything before that place has been yielded.
    """
    stream, walk = _Utf8(source), _Walk(wanted)
    try:
        # use_float: with Decimals and long integers, an error inside yajl's callback can crash
        # the interpreter (ijson 3.6); with floats yajl itself refuses numbers out of range.
        for event, value in ijson.basic_parse(stream, use_float=True):
            item = walk.step(event, value)
            if item is not None:
                yield item
            if not walk.inside:
                stream.mark()
    except (ijson.JSONError, ValueError) as err:
        if isinstance(err, InputError):
            raise
        # The library's own message quotes the text around the place, which may be private.
        cut = "premature EOF" in str(err) or "Incomplete" in str(err)
        raise InputError(_CUT if cut else _BROKEN) from None


def leading_items(path: Path, wanted: Collection[str]) -> Iterator[Item]:
    """Yield the values of a file up to the first problem, for a look ahead of the real reading."""
    with path.open("rb") as file, Decoded(file) as source:
        try:
            yield from items(source, wanted)
        except InputError:
            return  # the real reading reports it


@dataclass(frozen=True, slots=True)
class Shape:
    """What the beginning of a JSON file shows.

    Attributes:
        lists: How many lists stand around the first object: 0, 1 or 2.
        keys: The keys of the first object, as far as they were seen.
    """

    lists: int
    keys: tuple[str, ...]


def json_shape(text: str) -> Shape | None:
    """Return the shape of the JSON that a text begins with, or None where it is not JSON."""
    lists, depth, found = 0, 0, False
    keys: list[str] = []
    try:
        for event, value in ijson.basic_parse(io.BytesIO(text.encode()), use_float=True):
            depth += event.startswith("start_")
            depth -= event.startswith("end_")
            if not depth and not event.startswith("end_"):
                return None  # a bare number or string: not an export
            if event == "start_array" and not keys and lists == depth - 1:
                lists, found = depth, True
            elif event == "start_map" and depth == lists + 1:
                found = True
            elif event == "map_key" and depth == lists + 1:
                keys.append(value)
            elif event == "end_map" and depth == lists:
                break
            if lists > 2:
                break
    except (ijson.JSONError, ValueError):
        pass  # the head of a file nearly always breaks off
    return Shape(lists, tuple(keys)) if found else None


class _Utf8:
    """Decoded text as the UTF-8 that the JSON parser takes, in bounded portions."""

    def __init__(self, source: Decoded) -> None:
        self._source = source
        self._since = 0

    def mark(self) -> None:
        self._since = 0

    def read(self, size: int) -> bytes:
        if self._since > MAX_RECORD:
            raise InputError(
                f"a value here is longer than {MAX_RECORD:,} characters, so the rest was not read. "
                "Take it out, or export again without it."
            )
        text = self._source.read(size)
        while "\\" in text[-_ESCAPE_LENGTH:] and len(text) < 2 * SNIFF_BYTES:
            more = self._source.read(_ESCAPE_LENGTH)  # not to cut an escape in two
            if not more:
                break
            text += more
        self._since += len(text)
        return _ESCAPES.sub(_whole, text).encode("utf-8", "replace")


def _whole(match: re.Match[str]) -> str:
    if match.group().startswith(r"\x"):
        return rf"\u00{match.group()[2:]}"
    return r"\ufffd" if len(match.group()) == 6 else match.group()


class _Walk:
    """Follows the events of the parser and builds the wanted values, without recursion."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._roots = {"array" if name.startswith("item") else "map" for name in wanted}
        self._open: list[tuple[str, bool]] = []  # containers on the way to a wanted value
        self._key = ""
        self._number = 0
        self._path = ""
        self._level = 0  # how deep inside a value that is built or passed over
        self._builder: ObjectBuilder | None = None
        self._problem = ""

    @property
    def inside(self) -> bool:
        """Return whether the last event was inside a value that is built."""
        return self._builder is not None

    def step(self, event: str, value: object) -> Item | None:
        if self._level:
            return self._inside(event, value)
        if event == "map_key":
            self._key = str(value)
        elif event in {"end_map", "end_array"}:
            self._open.pop()
        else:
            return self._begin(event, value)
        return None

    def _begin(self, event: str, value: object) -> Item | None:
        path = self._here()
        opens = event.startswith("start_")
        if not path and event.removeprefix("start_") not in self._roots:
            raise InputError(f"it must hold a JSON {_KINDS[min(self._roots)]}, and holds none.")
        if path in self._wanted:
            if not opens:
                return Item(path, value, self._number)
            self._path, self._level, self._builder = path, 1, ObjectBuilder()
            self._builder.event(event, value)
        elif opens:
            if not path or any(name.startswith(path + ".") for name in self._wanted):
                self._open.append((path, event == "start_array"))
            else:
                self._level = 1
        return None

    def _here(self) -> str:
        if not self._open:
            return ""
        outer, is_list = self._open[-1]
        if is_list and len(self._open) == 1:
            self._number += 1
        step = "item" if is_list else self._key
        return f"{outer}.{step}" if outer else step

    def _inside(self, event: str, value: object) -> Item | None:
        self._level += event.startswith("start_")
        self._level -= event.startswith("end_")
        if self._builder is not None:
            if self._level > MAX_DEPTH:
                self._builder = None
                self._problem = TOO_DEEP
            else:
                self._builder.event(event, value)
        if self._level:
            return None
        return self._finish()

    def _finish(self) -> Item | None:
        builder, problem = self._builder, self._problem
        self._builder, self._problem = None, ""
        if builder is None and not problem:
            return None
        return Item(self._path, builder.value if builder else None, self._number, problem)
