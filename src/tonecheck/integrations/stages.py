"""What each machine of a cluster does of an audit, as functions of tables; no Ray in here.

Three stages give what one machine would have said, with nothing but a few shards in memory:
`read_shard` reads with the readers that a local audit uses; `link` gives answers the text that
they answer, for those messages that were sorted into one bucket; and `Judge` judges.

A message that answers another goes to the bucket of what it answers. A thread of any length is
thus spread over buckets, and an id that another thread uses is found, as well.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from tonecheck import __version__
from tonecheck.audit.engine import source_of
from tonecheck.audit.stored import cut, pack, to_json
from tonecheck.checker import ToneChecker, load
from tonecheck.errors import InputError, ModelError
from tonecheck.exports import read_export
from tonecheck.integrations.storage import Shard, fetched
from tonecheck.messages import BadRow, Message

SHARD_BITS = 40
"""A row is numbered by its shard, and in these bits by its place there: the order of reading."""

READ = pa.schema(
    [
        ("number", pa.int64()),
        ("bucket", pa.int32()),
        ("link", pa.string()),  # what a row is looked up by: the id that it has, or answers
        ("own", pa.bool_()),  # whether it is to be judged, or handed on
        ("said", pa.bool_()),  # whether others may answer it
        ("body", pa.string()),
    ]
)
"""What `read_shard` gives. A message that answers one and has an id is there twice."""

LINKED = pa.schema([("number", pa.int64()), ("body", pa.string()), ("parent", pa.string())])
"""What `link` gives. Texts are JSON, because Arrow refuses the lone surrogates of some exports."""

JUDGED = pa.schema([("number", pa.int64()), ("body", pa.string()), ("verdict", pa.string())])
"""What `Judge` gives; the verdict is null for what is no message."""

_ROWS = 1_000  # a table
_KEPT = 2  # uses of an id: the first, and the next for where the first is the answer itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be read, and how.

    Attributes:
        shards: The files, in order.
        format: The name of their format, or None to find out of each.
        columns: For tables, which column holds what.
        buckets: Into how many parts messages are sorted.
        done: How many shards an earlier run has judged: they are read for what others answer.
    """

    shards: Sequence[Shard]
    format: str | None
    columns: Mapping[str, str] | None
    buckets: int
    done: int = 0


def read_shard(plan: Plan, position: int) -> Iterator[pa.Table]:
    """Yield the rows of a shard as tables of `READ`.

    What cannot be read is a row as well, so that it is told where it stands and nothing before it
    is lost.
    """
    rows = _rows(plan, position)
    while some := list(islice(rows, _ROWS)):
        yield pa.Table.from_pylist(some, schema=READ)


def link(bucket: pa.Table) -> pa.Table:
    """Return the messages of a bucket of `READ`, with what they answer, as a table of `LINKED`.

    An id that stands twice means its first use; the same thread wins, as in the spool.
    """
    rows = bucket.sort_by("number").to_pylist()
    bodies = [json.loads(row["body"]) for row in rows]
    uses = _Uses()
    for row, body in zip(rows, bodies, strict=True):
        if row["said"]:
            uses.add(row["link"], row["number"], body)
    linked = [
        {
            "number": row["number"],
            "body": row["body"],
            "parent": _parent(row, body, uses),
        }
        for row, body in zip(rows, bodies, strict=True)
        if row["own"]
    ]
    return pa.Table.from_pylist(linked, schema=LINKED)


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
    """Judges tables of messages; it is made once a process, and loads the model then."""

    def __init__(self, model: Model) -> None:
        self._checker = model.unpack()

    def __call__(self, linked: pa.Table) -> pa.Table:
        """Return the verdicts on a table of `LINKED`, as one of `JUDGED`."""
        rows = linked.to_pylist()
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
                "verdict": _compact(next(verdicts).to_dict()) if "message" in body else None,
            }
            for row, body in zip(rows, bodies, strict=True)
        ]
        return pa.Table.from_pylist(judged, schema=JUDGED)


def row_of(body: str) -> Message | BadRow:
    """Return the row that a body holds.

    Raises:
        InputError: If it holds why a shard cannot be read at all.
    """
    held = json.loads(body)
    if "error" in held:
        raise InputError(held["error"])
    return BadRow(**held["bad"]) if "bad" in held else message_of(held["message"])


def message_of(fields: Mapping[str, Any], *, parent: str | None = None) -> Message:
    """Return the message that a body holds, and, where it is given, with what it answers."""
    time = datetime.fromisoformat(fields["time"]) if fields["time"] else None
    text = fields["parent"] if parent is None else json.loads(parent)
    return Message(**{**fields, "time": time, "parent": text})


def _rows(plan: Plan, position: int) -> Iterator[dict[str, Any]]:
    shard = plan.shards[position]
    try:
        with fetched(shard) as path:
            found = read_export(path, format=plan.format, columns=plan.columns)
            source = source_of(plan.format or "table", shard.table)
            for nth, row in enumerate(found):
                number = position << SHARD_BITS | nth
                if isinstance(row, Message):
                    yield from _message_rows(plan, row, number, source=source)
                elif position >= plan.done:
                    bad = {"place": row.place, "reason": row.reason, "kind": row.kind}
                    yield _handed_on(plan, number, {"bad": bad})
    except InputError as err:
        last = (position + 1 << SHARD_BITS) - 1
        yield _handed_on(plan, last, {"error": f"{shard.shown}: {_about(err, shard)}"})


def _message_rows(
    plan: Plan, message: Message, number: int, *, source: str
) -> Iterator[dict[str, Any]]:
    own = number >> SHARD_BITS >= plan.done
    digest = blake2b(pack(message.text), digest_size=16).hexdigest()
    message = cut(message)
    fields = {**json.loads(to_json(message)), "text": message.text}
    answers = own and bool(message.reply_to)
    said = {"thread": message.thread, "text": message.text, "digest": digest}
    if message.id:
        body = said if answers else {"message": fields, "digest": digest}
        link = _hash(source, message.id)
        yield _row(plan, number, body, link=link, own=own and not answers, said=True)
    elif own and not answers:
        yield _handed_on(plan, number, {"message": fields})
    if answers:
        link = _hash(source, message.reply_to)
        yield _row(plan, number, {"message": fields}, link=link, own=True, said=False)


def _handed_on(plan: Plan, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that answers nothing and is not answered; it goes to any bucket."""
    return _row(plan, number, body, link=_hash("", str(number)), own=True, said=False)


def _row(
    plan: Plan, number: int, body: Mapping[str, Any], *, link: str, own: bool, said: bool
) -> dict[str, Any]:
    return {
        "number": number,
        "bucket": int(link[:8], 16) % plan.buckets,
        "link": link,
        "own": own,
        "said": said,
        "body": _compact(body),
    }


class _Uses:
    """Where ids are used in a bucket, as far as `link` may need to know."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()
        self._texts: dict[tuple[str, str | None], list[tuple[int, str]]] = {}

    def add(self, link: str, number: int, body: Mapping[str, Any]) -> None:
        """Note a message that may be answered; they come in the order of reading."""
        said = body.get("message", body)
        thread, use = said["thread"], (link, said["thread"], body["digest"])
        if use in self._seen:
            return  # the same message again, which an audit leaves out
        self._seen.add(use)
        for key in ((link, thread), (link, None)):
            texts = self._texts.setdefault(key, [])
            if len(texts) < _KEPT:
                texts.append((number, said["text"]))

    def find(self, link: str, thread: str, *, other_than: int) -> str | None:
        """Return the text that an id means in a thread, or else anywhere."""
        for key in ((link, thread), (link, None)):
            for number, text in self._texts.get(key, ()):
                if number != other_than:
                    return text
        return None


def _parent(row: Mapping[str, Any], body: Mapping[str, Any], uses: _Uses) -> str | None:
    message = body.get("message")
    if message is None or not message["reply_to"] or message["parent"] is not None:
        return None
    text = uses.find(row["link"], message["thread"], other_than=row["number"])
    return None if text is None else json.dumps(text)


def _hash(source: str, id: str) -> str:
    return blake2b(pack(f"{source}\0{id}"), digest_size=16).hexdigest()


def _about(err: InputError, shard: Shard) -> str:
    """Return what is wrong with a shard, without the name of its copy on this machine."""
    text = str(err)
    return text.removeprefix(f"{err.place}: ") if shard.name in err.place else text


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def in_order(tables: Iterable[pa.Table]) -> Iterator[tuple[int, str, str | None]]:
    """Yield the number, the body and the verdict of every row of tables of `JUDGED`."""
    for table in tables:
        columns = (table[name].to_pylist() for name in JUDGED.names)
        yield from zip(*columns, strict=True)
