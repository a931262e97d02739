"""Judges tables of messages on the machines of a cluster; no Ray in here."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from tonecheck import __version__
from tonecheck.audit.stored import from_fields
from tonecheck.checker import ToneChecker, load
from tonecheck.errors import InputError, ModelError
from tonecheck.messages import BadRow, Message

JUDGED = pa.schema([("number", pa.int64()), ("body", pa.string()), ("verdict", pa.string())])
"""What `Judge` gives; the verdict is null for what is no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as it travels to other machines.

    Attributes:
        name: The name of a shipped model, or of the folder.
        files: What the folder holds, by path, or nothing for a shipped model.
        settings: The content of a `tonecheck.toml`, or None.
        label: The `name@version` that it must turn out to be.
        version: The version of tonecheck that it must be used with.
    """

    name: str
    files: Mapping[str, bytes] = field(repr=False)
    settings: bytes | None
    label: str
    version: str = __version__

    @classmethod
    def pack(cls, model: str, settings: Path | None, *, label: str) -> "Model":
        """Return a model ready to travel; see `tonecheck.load` for the arguments."""
        folder = Path(model)
        files = {}
        if folder.is_dir():
            paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        own = settings.read_bytes() if settings else None
        return cls(name=model, files=files, settings=own, label=label)

    def unpack(self) -> ToneChecker:
        """Return the checker.

        Raises:
            ModelError: If this machine has another version of tonecheck or of the model.
        """
        if self.version != __version__:
            raise ModelError(
                f"a machine of the cluster has tonecheck {__version__}, and the audit was started "
                f"with {self.version}. Install the same version everywhere."
            )
        with TemporaryDirectory(prefix="tonecheck-") as scratch:
            folder = Path(scratch) / (Path(self.name).name or "model")
            for name, content in self.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            settings = Path(scratch) / "tonecheck.toml" if self.settings is not None else None
            if settings:
                settings.write_bytes(self.settings or b"")
            checker = load(str(folder) if self.files else self.name, settings=settings)
        if checker.model != self.label:
            raise ModelError(
                f"a machine of the cluster has the model {checker.model}, and the audit was "
                f"started with {self.label}. Install the same version everywhere."
            )
        return checker


class Judge:
    """Judges tables of messages; it is made once a process, and loads the model then.

    A model that cannot be used here is told in every row: what an actor raises while it is made
    does not get through to the command.
    """

    def __init__(self, model: Model) -> None:
        self._problem = ""
        try:
            self._checker = model.unpack()
        except ModelError as err:
            self._problem = str(err)

    def __call__(self, linked: pa.Table) -> pa.Table:
        """Return the verdicts on a table of `LINKED`, as one of `JUDGED`."""
        rows = linked.to_pylist()
        if self._problem:
            body = compact({"model_error": self._problem})
            failed = [{"number": r["number"], "body": body, "verdict": None} for r in rows]
            return pa.Table.from_pylist(failed, schema=JUDGED)
        bodies = [json.loads(row["body"]) for row in rows]
        messages = [
            message_of(body["message"], parent=row["parent"])
            for row, body in zip(rows, bodies, strict=True)
            if "message" in body
        ]
        verdicts = self._checker.check_many(messages)
        judged = [
            {
                "number": row["number"],
                "body": row["body"],
                "verdict": compact(next(verdicts).to_dict()) if "message" in body else None,
            }
            for row, body in zip(rows, bodies, strict=True)
        ]
        return pa.Table.from_pylist(judged, schema=JUDGED)


def row_of(body: str) -> Message | BadRow:
    """Return the row that a body holds.

    Raises:
        InputError: If it holds why a shard cannot be read at all.
        ModelError: If it holds why a machine cannot use the model.
    """
    held = json.loads(body)
    if "model_error" in held:
        raise ModelError(held["model_error"])
    if "error" in held:
        raise InputError(held["error"])
    return BadRow(**held["bad"]) if "bad" in held else message_of(held["message"])


def message_of(fields: Mapping[str, Any], *, parent: str | None = None) -> Message:
    """Return the message that a body holds, and, where it is given, with what it answers."""
    text = fields["parent"] if parent is None else json.loads(parent)
    return from_fields({**fields, "parent": text})


def in_order(tables: Iterable[pa.Table]) -> Iterator[tuple[int, str, str | None]]:
    """Yield the number, the body and the verdict of every row of tables of `JUDGED`."""
    for table in tables:
        columns = (table[name].to_pylist() for name in JUDGED.names)
        yield from zip(*columns, strict=True)


def compact(value: Mapping[str, Any]) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
