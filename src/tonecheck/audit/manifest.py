"""What an audit is of: by this a later run knows whether unfinished work is its own."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from tonecheck import __version__

SCHEMA = 1
"""The version of the manifest and of the spool beside it; unfinished work of another is dropped."""

_WHAT = {
    "exports": "other exports",
    "options": "other options",
    "checker": "another model or other thresholds",
    "version": "another version of tonecheck",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An exported file as it was when the audit began.

    Attributes:
        path: Where it lies.
        name: What the report calls it.
        size: Its size in bytes.
        mtime_ns: When it was changed last, in nanoseconds.
        format: The name of its format.
    """

    path: str
    name: str
    size: int
    mtime_ns: int
    format: str

    @classmethod
    def of(cls, path: Path, *, format: str) -> Self:
        """Return what there is to say about a file."""
        stat = path.stat()
        return cls(
            path=str(path.absolute()),
            name=path.resolve().name,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            format=format,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an audit is of and what it is made with, as JSON values.

    Attributes:
        exports: The files, in order.
        options: Every option that matters.
        checker: The model with its thresholds and what its card states.
        made_on: The date to print on the report, or None. A run that goes on keeps the first one.
        version: The schema of the unfinished work, and the version of tonecheck.
    """

    exports: tuple[Export, ...]
    options: Mapping[str, Any]
    checker: Mapping[str, Any]
    made_on: str | None
    version: str = f"{SCHEMA}/{__version__}"

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the manifest in a file, or None where there is none that can be read."""
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            exports = tuple(Export(**export) for export in row.pop("exports"))
            return cls(exports=exports, **row)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, path: Path) -> None:
        """Write the manifest to a file, whole or not at all."""
        fresh = path.with_name(f"{path.name}.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def differences(self, earlier: "Manifest", *, read: int | None) -> list[str]:
        """Return in words what keeps this audit from going on with the work of an earlier one.

        Args:
            earlier: The manifest of the earlier one.
            read: How many exports it had read, where it was still reading: later ones may have
                changed since, such as one that could not be read. None means all count.
        """
        ours, theirs = replace(self, made_on=None), replace(earlier, made_on=None)
        if read is not None and len(ours.exports) >= read:
            ours = replace(ours, exports=ours.exports[:read])
            theirs = replace(theirs, exports=theirs.exports[:read])
        return [what for key, what in _WHAT.items() if getattr(ours, key) != getattr(theirs, key)]


def plain(value: object) -> Any:  # noqa: ANN401  JSON
    """Return options as JSON values that are the same in every run; secrets become their digest.

    Raises:
        TypeError: If there is a value that has no such form.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in fields(value)
            if field.compare
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value))
    if isinstance(value, bytes):
        return blake2b(value, digest_size=16).hexdigest()
    if isinstance(value, str | date | Path):
        return str(value)
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if value is None or isinstance(value, int | float):
        return value
    raise TypeError(f"an option cannot be kept as JSON: {type(value).__name__}")
