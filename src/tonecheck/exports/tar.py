"""Files inside tar archives, read in place and not trusted: nothing is ever unpacked to disk.

The standard library's reader is not used: it takes extended headers into memory whole, and crafted
ones keep it busy for ever in the oldest Pythons that tonecheck runs on (CVE-2024-6232,
CVE-2025-8194). Exports need plain headers only.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from tonecheck.errors import InputError
from tonecheck.exports.base import MAX_ZIP_MEMBER

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ENTRIES = 100_000
"""How many files of a tar are looked at."""

_BLOCK = 512
_CHECKSUM = slice(148, 156)
_OCTAL = re.compile(rb"[ \0]*([0-7]{1,12})[ \0]*")  # larger sizes are written in another way
_FILES = (
    b"0",
    b"\0",
    b"7",
)  # anything else is a link, a folder, a device or a note on what follows


def member(archive: IO[bytes], name: str, *, place: str = "") -> IO[bytes] | None:
    """Return the first file of this name in a tar, in any folder, or None where there is none.

    It is read from the archive, which has to stay open. `place` is what errors call that.

    Raises:
        InputError: If it is larger than `MAX_ZIP_MEMBER`.
    """
    for entry in _entries(archive):
        if PurePosixPath(entry.name).name != name:
            continue
        if entry.size > MAX_ZIP_MEMBER:
            raise InputError(
                f"holds a file of {entry.size:,} bytes; at most {MAX_ZIP_MEMBER:,} are read. "
                f"Unpack it, and give {name} itself.",
                place=place,
            )
        return io.BufferedReader(_Part(archive, entry.start, entry.size))
    return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in a tar: its name, and where its bytes begin and how many they are."""

    name: str
    start: int
    size: int


def _entries(archive: IO[bytes]) -> Iterator[_Entry]:
    """Yield the files of a tar up to its end, or to the first header that is damaged."""
    at = 0
    for _ in range(MAX_ENTRIES):
        archive.seek(at)
        block = archive.read(_BLOCK)
        size, checksum = _number(block[124:136]), _number(block[_CHECKSUM])
        if size is None or checksum is None or checksum != _sum(block):
            return
        if block[156:157] in _FILES:
            name = block[:100].partition(b"\0")[0].decode("utf-8", "replace")
            yield _Entry(name, at + _BLOCK, size)
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _number(field: bytes) -> int | None:
    match = _OCTAL.fullmatch(field)
    return int(match[1], 8) if match else None


def _sum(block: bytes) -> int:
    """Return the sum that the header of a file should have; the sum itself counts as spaces."""
    return sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")


class _Part(io.RawIOBase):
    """Some bytes in the middle of a file."""

    def __init__(self, archive: IO[bytes], start: int, size: int) -> None:
        self._archive = archive
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        self._archive.seek(self._start + self._at)
        found = self._archive.read(max(0, min(len(view), self._size - self._at)))
        view[: len(found)] = found
        self._at += len(found)
        return len(found)
