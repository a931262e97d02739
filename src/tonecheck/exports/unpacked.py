"""Packed streams that are read forwards and not trusted: nothing is unpacked to disk."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from tonecheck.errors import InputError, MissingExtraError, require
from tonecheck.exports.base import MAX_ZIP_RATIO

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_UNPACK = "Unpack it first: zstd -d --long=31 FILE"
_SKIP = 64 * 1024


class Source(Protocol):
    """Whatever gives unpacked bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, or none at the end."""
        ...


class Limited:
    """Unpacked bytes, up to as many as an honest file of its size would give."""

    def __init__(self, source: Source, path: Path, *, seekable: IO[bytes] | None = None) -> None:
        """Read from a source.

        Args:
            source: What gives the bytes.
            path: The packed file.
            seekable: The same source where it can be sought in, as it is not packed at all.
        """
        self._source = source
        self._path = path
        self._size = path.stat().st_size
        self._left = MAX_ZIP_RATIO * self._size
        self._seekable = seekable

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, or none at the end.

        Raises:
            InputError: If there are more than `MAX_ZIP_RATIO` times the size of the file.
        """
        data = self._source.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"unpacks to more than {MAX_ZIP_RATIO} times its size, as a bomb does. "
                "Export a shorter period, or fewer channels.",
                place=str(self._path),
            )
        return data

    def skip(self, size: int) -> None:
        """Pass over bytes.

        Raises:
            EOFError: If there are fewer.
        """
        if self._seekable is not None:
            at = self._seekable.tell() + size
            if at > self._size:
                raise EOFError("the file breaks off")
            self._seekable.seek(at)
            return
        while size:
            data = self.read(min(size, _SKIP))
            if not data:
                raise EOFError("the file breaks off")
            size -= len(data)

    def finish(self) -> None:
        """Pass over what is left; the checksum of a packed file stands at its very end."""
        while self._seekable is None and self.read(_SKIP):
            pass


class Part(io.RawIOBase):
    """The next bytes of a source, or all of them; they can be read once."""

    def __init__(self, source: Source, size: int | None = None) -> None:
        self._source = source
        self._ends = size is not None
        self._size = sys.maxsize if size is None else size
        self._at = 0

    @property
    def left(self) -> int:
        """Return how many bytes were not read."""
        return self._size - self._at

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be sought in: within the buffer around it, as `Decoded` does."""
        return True

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer as far as there are bytes, and return how far.

        Raises:
            EOFError: If the source ends before its time.
        """
        wanted = min(len(buffer), self.left)
        data = self._source.read(wanted) if wanted else b""
        if wanted and not data and self._ends:
            raise EOFError("the file breaks off")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


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
        stream = io.BufferedReader(Part(Limited(pa.CompressedInputStream(file, "zstd"), path)))
        try:
            stream.peek(1)
        except OSError:
            raise InputError(
                "cannot be unpacked here: it is damaged, or was packed with a window of over 128 "
                f"MB, as most dumps of Reddit are. {_UNPACK}",
                place=str(path),
            ) from None
        yield stream
