"""Writes verdicts as a Parquet table, one row a message. It needs the extra `reports`."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tonecheck.audit.flat import about_audit, keepable
from tonecheck.labels import TONES
from tonecheck.verdict import Verdict

# A group of rows is held in memory until it is written, and texts may be long. As Python objects
# rows take ten times the room that they take in a batch.
_BATCH_ROWS = 512
_GROUP_ROWS = 16_384
_GROUP_CHARS = 16_000_000

_EVIDENCE = pa.struct(
    {
        "tone": pa.string(),
        "start": pa.int32(),
        "stop": pa.int32(),
        "text": pa.string(),
        "cue": pa.string(),
        "weight": pa.float64(),
    }
)
_TONES = {
    f"{tone}{part}": kind
    for tone in TONES
    for part, kind in {"": pa.float64(), "_decision": pa.string(), "_severity": pa.string()}.items()
}
_FIELDS = {
    "message": pa.int64(),
    "id": pa.string(),
    "thread": pa.string(),
    "thread_key": pa.int64(),
    "title": pa.string(),
    "author": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "place": pa.string(),
    "answers": pa.int64(),
    "answer": pa.string(),
    "answers_author": pa.string(),
    **_TONES,
    "explanation": pa.string(),
    "evidence": pa.list_(_EVIDENCE),
    "note": pa.string(),
    "judged": pa.bool_(),
    "truncated": pa.bool_(),
    "model": pa.string(),
    "text": pa.string(),
}
_NEVER_NONE = {"message", "thread_key", *_TONES, "explanation", "evidence"} | {
    *("judged", "truncated", "model", "text")
}
_REPEATED = ["thread", "title", "author", "answers_author", "answer", "note", "model"] + [
    name for name in _TONES if _TONES[name] == pa.string()
]
# by these a reader skips groups; the ends of texts would only make the file's directory long
_SOUGHT = ["message", "thread_key", "time", "answers", *map(str, TONES)]


class VerdictParquet:
    """Writes `verdicts.parquet`, a group of rows at a time. Use it as a context manager."""

    def __init__(self, path: Path, checker: Mapping[str, Any]) -> None:
        """Begin the file.

        Args:
            path: Where to write it.
            checker: The `checker` of the audit's manifest.
        """
        thresholds = json.dumps(checker["thresholds"])
        about = {f"tonecheck.{key}": value for key, value in about_audit(checker).items()}
        self._schema = pa.schema(
            [pa.field(name, kind, name not in _NEVER_NONE) for name, kind in _FIELDS.items()],
            metadata={**about, "tonecheck.thresholds": thresholds},
        )
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._waiting = self._chars = 0
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            use_dictionary=_REPEATED,
            write_statistics=_SOUGHT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._file.close()

    def write(self, row: Mapping[str, Any], verdict: Verdict) -> None:
        """Write what `flat` returns, with the tones of the verdict and their evidence."""
        self._rows.append({**row, **_tones(verdict), "evidence": _evidence(verdict)})
        self._waiting += 1
        self._chars += sum(len(value) for value in row.values() if isinstance(value, str))
        if self._waiting >= _GROUP_ROWS or self._chars >= _GROUP_CHARS:
            self._flush()
        elif len(self._rows) >= _BATCH_ROWS:
            self._pack()

    def _pack(self) -> None:
        self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def _flush(self) -> None:
        self._pack()
        if self._waiting:
            table = pa.Table.from_batches(self._batches, schema=self._schema)
            self._file.write_table(table, row_group_size=self._waiting)
        self._batches, self._waiting, self._chars = [], 0, 0


def _tones(verdict: Verdict) -> dict[str, str | float]:
    cells: dict[str, str | float] = {}
    for tone, score in verdict.tones.items():
        cells[str(tone)] = score.probability
        cells[f"{tone}_decision"] = str(score.decision)
        cells[f"{tone}_severity"] = str(score.severity)
    return cells


def _evidence(verdict: Verdict) -> list[dict[str, str | int | float]]:
    return [
        {
            "tone": str(tone),
            "start": evidence.start,
            "stop": evidence.end,
            "text": keepable(evidence.text),
            "cue": evidence.cue,
            "weight": evidence.weight,
        }
        for tone in TONES
        for evidence in verdict.tones[tone].evidence
    ]
