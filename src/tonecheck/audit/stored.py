"""How a message lies in the spool, and how it comes out again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tonecheck.messages import Message
from tonecheck.prepare import MAX_CHARS

# Every answer comes with its own copy of what it answers and of its title, so one huge post would
# fill the memory. Nothing beyond `MAX_CHARS` is judged; one more tells that there was more.
_LONGEST_TEXT = MAX_CHARS + 1
LONGEST_NAME = 1_000
"""How much of a name or a title is kept, in characters."""

COLUMNS = "m.seq, m.body, m.text, p.text, t.title, m.member, a.key, a.name, t.key"
"""What `stored` takes, in this order, from the tables that `JOINS` brings together."""
JOINS = """
JOIN threads t ON t.key = m.thread
LEFT JOIN messages p ON p.seq = m.parent
LEFT JOIN members a ON a.key = p.member AND a.key NOT IN (SELECT member FROM unnamed)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message as it comes out of the spool.

    Attributes:
        turn: Where it stands in the order of judging, from 1 on.
        seq: Where it stood in the order of reading.
        message: The message, with its parent's text and its thread's title filled in. Both texts
            are cut behind `MAX_CHARS`, names and titles much sooner.
        member: The number of its author by order of appearance, or None where nobody is named.
        answers: The same number for the author of the message that it answers.
        answers_name: The name of that author, or empty.
        thread: The number of its thread, which tells threads of several exports apart.
        parent: The turn of the message that it answers, once all were judged; or None.
    """

    turn: int
    seq: int
    message: Message
    member: int | None
    answers: int | None
    answers_name: str
    thread: int
    parent: int | None = None


def stored(turn: int, row: tuple[Any, ...], *, parent_turn: int | None = None) -> Stored:
    """Return the message that a row of `COLUMNS` holds."""
    seq, body, text, parent, title, member, answers, answers_name, thread = row
    fields = json.loads(body)
    fields["title"] = fields["title"] or unpack(title)
    if fields["parent"] is None and parent is not None:
        fields["parent"] = unpack(parent)
    return Stored(
        turn=turn,
        seq=seq,
        message=from_fields({**fields, "text": unpack(text)}),
        member=member,
        answers=answers,
        answers_name=unpack(answers_name or b""),
        thread=thread,
        parent=parent_turn,
    )


def pack(text: str) -> bytes:
    """Return text as bytes, because SQLite refuses the lone surrogates that exports may hold."""
    return text.encode("utf-8", "surrogatepass")


def unpack(value: bytes) -> str:
    """Return the text that a BLOB column of the spool holds."""
    return value.decode("utf-8", "surrogatepass")


def cut(message: Message) -> Message:
    """Return a message with no more than can be judged and shown of it."""
    return replace(
        message,
        text=message.text[:_LONGEST_TEXT],
        parent=None if message.parent is None else message.parent[:_LONGEST_TEXT],
        title=message.title[:LONGEST_NAME],
        author=message.author[:LONGEST_NAME],
    )


def to_fields(message: Message) -> dict[str, Any]:
    """Return a message as JSON values."""
    fields = {name: getattr(message, name) for name in Message.__slots__}
    fields["time"] = message.time.isoformat() if message.time else None
    return fields


def from_fields(fields: Mapping[str, Any]) -> Message:
    """Return the message of which `to_fields` gave these values."""
    time = datetime.fromisoformat(fields["time"]) if fields["time"] else None
    return Message(**{**fields, "time": time})


def to_json(message: Message) -> str:
    """Return all but the text, which answers are given without the rest."""
    fields = to_fields(message)
    del fields["text"]
    return json.dumps(fields)


def seconds(time: datetime | None) -> float | None:
    """Return seconds since 1970 in UTC, or None for a moment that no chat can be from.

    Exports write "no date" as 1970 or as year 1; one of them would stretch the timeline by decades.
    """
    if time is None or not 1990 <= time.year < 2200:
        return None
    return (time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
