"""Packed files that are no zips, read forwards and not trusted: nothing is unpacked to disk."""

import gzip
import io
import re
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from tonecheck.errors import InputError, MissingExtraError, require
from tonecheck.exports.base import MAX_ZIP_MEMBER, MAX_ZIP_RATIO, MAX_ZIP_TOTAL

MAX_TAR_MEMBERS = 500_000
"""How many files and folders a tar may list; an export has one for every picture in it."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"
_UNPACK = "Unpack it first: zstd -d --long=31 FILE"
_BLOCK = 512
_SKIP = 64 * 1024
_FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE))
# What has a size and no bytes: links, devices and folders. They are never followed or made.
_EMPTY = frozenset(
    (
        *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE),
        *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
    )
)


class _Source(Protocol):
    """Whatever gives unpacked bytes."""

    def read(self, size: int, /) -> bytes: ...


class _Limited:
    """Unpacked bytes, up to as many as an honest file of its size would give."""

    def __init__(self, source: _Source, path: Path) -> None:
        self._source = source
        self._path = path
        self._left = MAX_ZIP_RATIO * path.stat().st_size

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"unpacks to more than {MAX_ZIP_RATIO} times its size, as a bomb does. "
                "Export a shorter period, or fewer channels.",
                place=str(self._path),
            )
        return data


class _Part(io.RawIOBase):
    """The next bytes of a source, or all of them; they can be read once."""

    def __init__(self, source: _Source, size: int | None = None) -> None:
        self._source = source
        self._ends = size is not None
        self._size = sys.maxsize if size is None else size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True  # within the buffer around it, which is all that `Decoded` asks for

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._at)
        data = self._source.read(wanted) if wanted else b""
        if wanted and not data and self._ends:
            raise EOFError("the file breaks off")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def skip(self, padding: int) -> None:
        """Pass over what was not read, and over what fills the last block."""
        self._size += padding
        while self._at < self._size:
            data = self._source.read(min(_SKIP, self._size - self._at))
            if not data:
                raise EOFError("the file breaks off")
            self._at += len(data)


def tar_members(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the files of a tar or tar.gz whose whole names match, in its order.

    Each has to be read before the next one is asked for. All others, and links, are passed over.

    Raises:
        InputError: If it is no tar, lists too much, or a wanted file is too large; while reading,
            if it unpacks as a bomb does.
        OSError, EOFError, zlib.error: Where it is damaged; see `archive.DAMAGE`.
    """
    total = 0
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        source = _Limited(gzip.GzipFile(fileobj=file) if packed else file, path)
        for entry in _entries(source, path):
            size = 0 if entry.type in _EMPTY else entry.size
            part = _Part(source, size)
            if entry.type in _FILES and wanted.fullmatch(entry.name):
                total += size
                _check(path, size, total)
                yield entry.name, io.BufferedReader(part)
            part.skip(-size % _BLOCK)


def _entries(source: _Source, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield what a tar lists; whoever takes an entry reads its bytes before the next."""
    for number in range(MAX_TAR_MEMBERS):
        block = _block(source)
        if not block.strip(b"\0"):
            while source.read(_SKIP):
                pass  # the checksum of a gzip stands at its very end
            return
        try:
            # The library's own reader would hold all of the list, and any extended header whole.
            entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if entry.size < 0 or entry.type == tarfile.GNUTYPE_SPARSE:
                raise tarfile.ReadError("cannot be followed")
        except (tarfile.TarError, ValueError):
            if number:
                raise OSError("the tar is damaged") from None
            raise InputError(
                "is not a tar archive. Download the export again, and give it as it is.",
                place=str(path),
            ) from None
        yield entry
    raise InputError(
        f"lists more than {MAX_TAR_MEMBERS:,} files. Pack the JSON files alone, and give that.",
        place=str(path),
    )


def _block(source: _Source) -> bytes:
    block = b""
    while len(block) < _BLOCK:
        data = source.read(_BLOCK - len(block))
        if not data:
            raise EOFError("the file breaks off")
        block += data
    return block


def _check(path: Path, size: int, total: int) -> None:
    problem = ""
    if size > MAX_ZIP_MEMBER:
        problem = f"holds a file of {size:,} bytes; at most {MAX_ZIP_MEMBER:,} are read"
    elif total > MAX_ZIP_TOTAL:
        problem = f"holds {total:,} bytes of messages; at most {MAX_ZIP_TOTAL:,} are read"
    if problem:
        raise InputError(f"{problem}. Export a shorter period, or fewer channels.", place=str(path))


@contextmanager
def unzstd(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is packed with Zstandard, for which Python 3.11 has nothing of its own.

    Raises:
        InputError: If pyarrow is not installed, the file is damaged at its start, or unpacking
            takes more memory than pyarrow allows; while reading, if it unpacks as a bomb does.
        OSError: While reading, where it is damaged.
    """
    try:
        require("pyarrow", extra="reports")
    except MissingExtraError as err:
        raise InputError(
            f"is packed with Zstandard. {_UNPACK} (or let tonecheck do it: {err})", place=str(path)
        ) from None
    import pyarrow as pa

    with path.open("rb") as file:
        stream = io.BufferedReader(_Part(_Limited(pa.CompressedInputStream(file, "zstd"), path)))
        try:
            stream.peek(1)
        except OSError:
            raise InputError(
                "cannot be unpacked here: it is damaged, or was packed with a window of over 128 "
                f"MB, as most dumps of Reddit are. {_UNPACK}",
                place=str(path),
            ) from None
        yield stream
