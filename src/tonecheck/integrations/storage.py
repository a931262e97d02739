"""Finds the shards of an export, on this disk or in an object store, and fetches them."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tonecheck.errors import InputError, require

ENDINGS = (".parquet", ".jsonl", ".ndjson", ".csv", ".tsv")
"""What shards in a folder are called; other files there are left alone."""

_CHUNK = 1024**2
_KNOWN = "Give a path, or an address such as s3://bucket/folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A file that holds part of an export, or all of it.

    Attributes:
        root: The path or address that it was found under, which may hold secrets.
        path: Where it lies in that file system.
        size: Its size in bytes.
        mtime_ns: When it was changed last, in nanoseconds.
        table: Which of the given paths it was found under; the shards of one are one table.
    """

    root: str
    path: str
    size: int
    mtime_ns: int
    table: int

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return PurePosixPath(self.path).name

    @property
    def shown(self) -> str:
        """Return where it lies, in words that may be shown and stored."""
        if "://" not in self.root:
            return self.path
        return f"{urlsplit(self.root).scheme}://{self.path.lstrip('/')}"


def find_shards(places: Sequence[str]) -> list[Shard]:
    """Return the files at paths and addresses, those in a folder by the order of their paths.

    In a folder, files that end in one of `ENDINGS` count, and names that begin with "." or "_" do
    not: that is how Spark and Hive mark what is no data.

    Raises:
        InputError: If there is nothing at one of them, or it cannot be asked.
        MissingExtraError: If pyarrow is not installed.
    """
    shards = [shard for table, place in enumerate(places) for shard in _found(place, table)]
    seen: set[str] = set()
    for shard in shards:
        if shard.shown in seen:
            raise InputError(
                "is given twice, and its messages would count twice. Give every export once.",
                place=shard.shown,
            )
        seen.add(shard.shown)
    return shards


@contextmanager
def fetched(shard: Shard) -> Iterator[Path]:
    """Give a shard as a file of this machine: itself, or a copy that goes away again.

    Raises:
        InputError: If it cannot be read.
    """
    if "://" not in shard.root:
        yield Path(shard.path)
        return
    system, _ = _system(shard.root)
    with TemporaryDirectory(prefix="tonecheck-") as folder:
        copy = Path(folder) / shard.name
        try:
            # as it is: readers find out themselves how it is packed
            stream = system.open_input_stream(shard.path, compression=None)
            with stream as source, copy.open("wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
        except OSError as err:
            raise _unreachable(shard.shown, err) from err
        yield copy


def _found(place: str, table: int) -> list[Shard]:
    fs = require("pyarrow.fs", extra="ray")
    system, path = _system(place)
    try:
        (about,) = system.get_file_info([path])
        if about.type == fs.FileType.Directory:
            inside = system.get_file_info(fs.FileSelector(path, recursive=True))
            files = [file for file in inside if file.is_file and _is_shard(path, file.path)]
        else:
            files = [about] if about.is_file else []
    except OSError as err:
        raise _unreachable(_bare(place), err) from err
    if about.type == fs.FileType.NotFound:
        raise InputError("there is no such file. Check the path.", place=_bare(place))
    if not files:
        raise InputError(
            f"holds no shards: no file whose name ends in {', '.join(ENDINGS)}.",
            place=_bare(place),
        )
    return [
        Shard(
            root=place,
            path=file.path,
            size=file.size or 0,
            mtime_ns=file.mtime_ns or 0,
            table=table,
        )
        for file in sorted(files, key=lambda file: file.path)
    ]


def _is_shard(folder: str, path: str) -> bool:
    parts = PurePosixPath(path.removeprefix(folder)).parts
    return path.endswith(ENDINGS) and not any(part.startswith((".", "_")) for part in parts)


def _system(place: str) -> tuple[Any, str]:
    """Return the file system of a path or address, and where it points there.

    pyarrow knows disks, S3 and what speaks its protocol, and Google's and Azure's stores; what
    else fsspec knows is taken from there.
    """
    fs = require("pyarrow.fs", extra="ray")
    if "://" not in place:
        return fs.LocalFileSystem(), Path(place).absolute().as_posix()
    try:
        system, path = fs.FileSystem.from_uri(place)
    except (ValueError, NotImplementedError):  # a scheme that pyarrow does not know
        fsspec = require("fsspec.core", extra="ray")
        try:
            other, path = fsspec.url_to_fs(place)
        except (ValueError, ImportError) as err:
            raise InputError(f"cannot be asked for: {err}. {_KNOWN}", place=_bare(place)) from err
        system = fs.PyFileSystem(fs.FSSpecHandler(other))
    except OSError as err:
        raise _unreachable(_bare(place), err) from err
    return system, str(path)


def _bare(place: str) -> str:
    """Return an address without keys and options, which do not belong in messages and files."""
    if "://" not in place:
        return place
    parts = urlsplit(place)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _unreachable(place: str, err: OSError) -> InputError:
    reason = " ".join(str(err).split())[:300].rstrip(".")
    return InputError(
        f"cannot be read: {reason}. Check the address, and who may read there.", place=place
    )
