"""Rows of Parquet files, a few at a time: a small file can unpack to any size."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tonecheck.errors import InputError
from tonecheck.exports.base import MAX_RECORD, MAX_ZIP_MEMBER, MAX_ZIP_RATIO, Row
from tonecheck.messages import BadRow

_BATCH = 200
_TEXTS = frozenset(
    ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
)
_BOMB = (
    f"unpacks to more than {MAX_ZIP_RATIO} times its size, as a bomb does. "
    "Write it again with shorter texts."
)
_TOO_LONG = (
    f"this row is longer than {MAX_RECORD:,} characters, so it was passed over. "
    "Shorten it, or leave it out."
)


def parquet_rows(path: Path) -> Iterator[Row | BadRow]:
    """Yield the rows of a Parquet file; a place counts rows from 1.

    Columns of lists and records are left out: nothing that a message needs is one. A row over
    `MAX_RECORD` is a `BadRow`.

    Raises:
        InputError: If the file is not complete, or would unpack as a bomb does; the second may
            show only while reading.
    """
    number = 0
    try:
        for row in _read(path):
            number += 1
            place = f"{path.name}:{number}"
            yield BadRow(place=place, reason=_TOO_LONG) if row is None else Row(place, row)
    except (pa.ArrowException, OSError, ValueError) as err:
        if isinstance(err, InputError):
            raise
        if not number:
            raise InputError(
                "is not a complete Parquet file. Write or download it again.", place=str(path)
            ) from err
        yield BadRow(
            place=f"{path.name}:{number + 1}",
            reason="the file is damaged from here on, so the rest was not read. Write it again.",
            kind="rest",
        )


def _read(path: Path) -> Iterator[dict[str, Any] | None]:
    """Yield the cells of each row, or None for one that is too long."""
    kinds = {
        field.name: getattr(field.type, "value_type", field.type)  # what a dictionary holds
        for field in pq.read_schema(path)
        if not pa.types.is_nested(field.type)
    }
    # As a dictionary, a long text that many rows share takes its place once and not once a row.
    texts = [name for name, kind in kinds.items() if str(kind) in _TEXTS]
    with pq.ParquetFile(path, read_dictionary=texts) as table:
        _check(path, table.metadata)
        names = [name for name, kind in kinds.items() if name in texts or _is_value(kind)]
        total, size = 0, path.stat().st_size
        for batch in table.iter_batches(batch_size=_BATCH, columns=names):
            sizes = _sizes(batch)
            total += sum(sizes)
            if _is_bomb(total, size):  # a text that many rows share is stored, and counted, once
                raise InputError(_BOMB, place=str(path))
            yield from _cells(batch, sizes)


def _check(path: Path, metadata: pq.FileMetaData) -> None:
    """Refuse what says that it unpacks as a bomb does.

    Raises:
        InputError: If a column does.
    """
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    for group, column in itertools.product(groups, range(metadata.num_columns)):
        size = group.column(column).total_uncompressed_size
        if _is_bomb(size, path.stat().st_size):
            raise InputError(_BOMB, place=str(path))


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > MAX_ZIP_MEMBER and unpacked > MAX_ZIP_RATIO * packed


def _sizes(batch: pa.RecordBatch) -> list[int]:
    """Return how long the texts of each row are in all."""
    sizes = [0] * batch.num_rows
    for column in batch.columns:
        for row, length in enumerate(_lengths(column)):
            sizes[row] += length
    return sizes


def _cells(batch: pa.RecordBatch, sizes: list[int]) -> Iterator[dict[str, Any] | None]:
    if sum(sizes) <= MAX_RECORD:
        yield from batch.to_pylist()
        return
    for row, size in enumerate(sizes):
        yield None if size > MAX_RECORD else batch.slice(row, 1).to_pylist()[0]


def _lengths(column: pa.Array) -> list[int]:
    """Return how long each text of a column is, before any of them is made a Python string."""
    is_dictionary = isinstance(column, pa.DictionaryArray)
    values = column.dictionary if is_dictionary else column
    if str(values.type) not in _TEXTS:
        return []
    measure = pc.utf8_length if "string" in str(values.type) else pc.binary_length
    lengths = measure(values)
    if is_dictionary:
        lengths = lengths.take(column.indices)
    return list(pc.fill_null(lengths, 0).to_pylist())


def _is_value(kind: pa.DataType) -> bool:
    """Return whether cells of a type are single values of a few bytes."""
    return bool(pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))
