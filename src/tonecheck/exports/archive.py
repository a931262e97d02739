"""Zip archives that are read in place and not trusted: nothing is ever unpacked to disk."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports.base import (
    MAX_ZIP_MEMBER,
    MAX_ZIP_RATIO,
    MAX_ZIP_TOTAL,
    SNIFF_BYTES,
    Row,
)
from tonecheck.exports.streams import Decoded
from tonecheck.messages import BadRow

MAX_ZIP_FILES = 500_000
"""How many files a zip may list; each takes some memory before anything of it is read."""

_METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
_INCOMPLETE = (
    "is not a complete zip: the list of files at its end is missing or damaged. "
    "Download the export again, and check that it is the .zip itself."
)
_DAMAGED = (
    "this file of the zip is damaged or encrypted, so the rest of it was not read. "
    "Download the export again."
)

# The list at the end of a zip: an entry of it, its end, and where the end of a large one is named.
_ENTRY, _END, _LARGE_END = b"PK\1\2", b"PK\5\6", b"PK\6\7"
_ENTRY_SIZE, _END_SIZE, _LARGE_END_SIZE, _LONGEST_NOTE = 46, 22, 76, 65_535

_LOOKED_INTO = 8  # files of a zip, to tell what it is

UNOPENED = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
"""What opening a file that is no complete zip may raise."""

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
    UnicodeDecodeError,  # of a name that differs from the one in the list
)
"""What reading a damaged, encrypted or oddly packed member may raise."""


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, after a look at how large it says that it is.

    Raises:
        InputError: If it is not a complete zip, lists too much, or would unpack to more than the
            limits.
    """
    try:
        archive = open_zip(path)
    except UNOPENED as err:
        if isinstance(err, InputError):
            raise
        raise InputError(_INCOMPLETE, place=str(path)) from None
    with archive:
        _check(path, archive)
        yield archive


def open_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip whose list of files fits into memory, for sniffing; `opened` looks closer.

    Raises:
        InputError: If it lists more than `MAX_ZIP_FILES`.
        BadZipFile, OSError, ValueError, NotImplementedError: If it is none; see `UNOPENED`.
    """
    if _lists_too_much(path):
        raise InputError(
            f"lists more than {MAX_ZIP_FILES:,} files. Zip the files with messages alone, without "
            "what is attached to them, and give that.",
            place=str(path),
        )
    return zipfile.ZipFile(path)


def member_rows(
    archive: zipfile.ZipFile,
    name: str,
    parse: Callable[[Decoded], Iterator[Row | BadRow]],
    *,
    shown: str,
) -> Iterator[Row | BadRow]:
    """Yield the rows of one file of a zip, and a `BadRow` where it is damaged.

    Args:
        archive: The zip.
        name: The file in it.
        parse: Yields the rows of its text.
        shown: What places call the file.
    """
    try:
        with archive.open(name) as file, Decoded(file) as source:
            yield from until_damage(parse(source), shown, _DAMAGED)
    except DAMAGE:
        yield BadRow(place=f"{shown}:1", reason=_DAMAGED, kind="rest")


def until_damage(rows: Iterator[Row | BadRow], name: str, reason: str) -> Iterator[Row | BadRow]:
    """Yield rows, and a `BadRow` where what they are read from is damaged.

    Args:
        rows: The rows.
        name: What places begin with.
        reason: What to say of the damage.
    """
    number = 0
    try:
        for row in rows:
            number += 1
            yield row
    except DAMAGE:
        yield BadRow(place=f"{name}:{number + 1}", reason=reason, kind="rest")


def member_heads(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    """Yield what some files of a zip begin with, for sniffing: never raises, and reads little.

    Args:
        path: The file, which may be no zip.
        is_wanted: Returns whether to look into a file of this name.
    """
    try:
        with open_zip(path) as archive:
            entries = [entry for entry in archive.infolist() if is_wanted(entry.filename)]
            for entry in entries[:_LOOKED_INTO]:
                if entry.compress_type in _METHODS:
                    with archive.open(entry) as file:
                        start = io.BytesIO(file.read(SNIFF_BYTES))
                    yield Decoded(start).read(SNIFF_BYTES)
    except (*UNOPENED, *DAMAGE):
        return


def _lists_too_much(path: Path) -> bool:
    """Count what a zip lists, as the library takes in the whole list at once."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _END_SIZE - _LONGEST_NOTE))
        tail = file.read()
        is_bare = tail[-_END_SIZE:].startswith(_END) and tail.endswith(b"\0\0")
        end = len(tail) - _END_SIZE if is_bare else tail.rfind(_END)
        length = int.from_bytes(tail[end + 12 : end + 16], "little")
        large = max(0, end - _LARGE_END_SIZE)
        if tail[max(0, end - 20) :].startswith(_LARGE_END):
            length = int.from_bytes(tail[large + 40 : large + 48], "little")
            end = large
        if end < 0 or length <= MAX_ZIP_FILES * _ENTRY_SIZE:
            return False
        file.seek(max(0, size - len(tail) + end - length))
        for _ in range(MAX_ZIP_FILES + 1):
            entry = file.read(_ENTRY_SIZE)
            if not entry.startswith(_ENTRY) or len(entry) < _ENTRY_SIZE:
                return False
            # how long its name is, and what more is said of it
            more = (int.from_bytes(entry[at : at + 2], "little") for at in (28, 30, 32))
            file.seek(sum(more), io.SEEK_CUR)
    return True


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    size = path.stat().st_size
    if not all(0 <= entry.header_offset < size for entry in entries):
        raise InputError(_INCOMPLETE, place=str(path))
    # Others can ask for gigabytes of memory before the first byte comes out.
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise InputError(
            "is not packed as platforms pack exports (deflate). Unpack it and zip it again.",
            place=str(path),
        )
    problem = ""
    if unpacked > MAX_ZIP_TOTAL:
        problem = f"holds {unpacked:,} bytes once unpacked; at most {MAX_ZIP_TOTAL:,} are read"
    elif largest > MAX_ZIP_MEMBER:
        problem = f"holds a file of {largest:,} bytes; at most {MAX_ZIP_MEMBER:,} are read"
    elif unpacked > MAX_ZIP_RATIO * max(min(packed, size), 1):  # files may overlap
        problem = f"unpacks to more than {MAX_ZIP_RATIO} times its size, as a zip bomb does"
    if problem:
        raise InputError(f"{problem}. Export a shorter period, or fewer channels.", place=str(path))
