"""Reads and links messages on the machines of a cluster, as functions of tables; no Ray in here.

Three stages give what one machine would have said, with nothing but a few shards in memory:
`read_shard` reads with the readers that a local audit uses; `link` gives answers the text that
they answer, for those messages that were sorted into one bucket; and `judging.Judge` judges.

A message that answers another goes to the bucket of what it answers. A thread of any length is
thus spread over buckets, and an id that another thread uses is found, as well.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

import pyarrow as pa

from tonecheck.audit.engine import source_of
from tonecheck.audit.stored import cut, pack, to_fields
from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.integrations.judging import compact
from tonecheck.integrations.storage import Shard, fetched
from tonecheck.messages import Message

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
    fields = to_fields(message)
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
        "body": compact(body),
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
