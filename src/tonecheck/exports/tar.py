"""Files inside tar archives, packed with gzip or not, read forwards and not trusted.

Nothing is ever unpacked to disk. Of the standard library only the reading of a plain header is
used: its reader of archives holds the whole list and any extended header in memory, and crafted
ones keep it busy for ever in the oldest Pythons that tonecheck runs on (CVE-2024-6232,
CVE-2025-8194). Exports need plain headers only.
"""

import gzip
import io
import re
import tarfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE
from tonecheck.exports.base import MAX_ZIP_MEMBER, MAX_ZIP_TOTAL
from tonecheck.exports.unpacked import Limited, Part

MAX_TAR_MEMBERS = 500_000
"""How many files and folders a tar may list; an export has one for every picture in it."""

_GZIP = b"\x1f\x8b"
_BLOCK = 512
_FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE))
# What has a size and no bytes: links, devices and folders. They are never followed or made.
_EMPTY = frozenset(
    (
        *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE),
        *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
    )
)


def is_tar(path: Path) -> bool:
    """Return whether a file begins as a tar or tar.gz does; never raises."""
    try:
        with path.open("rb") as file:
            return _entry(_block(_source(file, path))) is not None
    except (InputError, *DAMAGE):
        return False


def tar_members(
    path: Path, wanted: re.Pattern[str]
) -> Generator[tuple[str, IO[bytes]], None, None]:
    """Yield the files of a tar or tar.gz whose whole names match, in its order.

    Each has to be read before the next one is asked for. All others, and links, are passed over.

    Raises:
        InputError: If it is no tar, lists too much, or a wanted file is too large; while reading,
            if it unpacks as a bomb does.
        OSError, EOFError, zlib.error: Where it is damaged; see `archive.DAMAGE`.
    """
    total = 0
    with path.open("rb") as file:
        source = _source(file, path)
        for entry in _entries(source, path):
            size = 0 if entry.type in _EMPTY else entry.size
            part = Part(source, size)
            if entry.type in _FILES and wanted.fullmatch(entry.name):
                total += size
                _check(path, size, total)
                yield entry.name, io.BufferedReader(part)
            source.skip(part.left + -size % _BLOCK)


def _source(file: IO[bytes], path: Path) -> Limited:
    is_packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    if is_packed:
        return Limited(gzip.GzipFile(fileobj=file), path)
    return Limited(file, path, seekable=file)


def _entries(source: Limited, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield what a tar lists; whoever takes an entry passes over its bytes before the next."""
    for number in range(MAX_TAR_MEMBERS):
        block = _block(source)
        if not block.strip(b"\0"):
            source.finish()
            return
        entry = _entry(block)
        if entry is None and number:
            raise OSError("the tar is damaged")
        if entry is None:
            raise InputError(
                "is not a tar archive. Download the export again, and give it as it is.",
                place=str(path),
            )
        yield entry
    raise InputError(
        f"lists more than {MAX_TAR_MEMBERS:,} files. Pack the JSON files alone, and give that.",
        place=str(path),
    )


def _entry(block: bytes) -> tarfile.TarInfo | None:
    """Return what a header says, or None where it is none or cannot be followed."""
    try:
        entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return None
    return None if entry.size < 0 or entry.type == tarfile.GNUTYPE_SPARSE else entry


def _block(source: Limited) -> bytes:
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
