"""What people wrote: a message, the thread that it stands in, and a row that could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tonecheck.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, as its author wrote it.

    Attributes:
        text: What the author wrote, in plain text or light markup. Offsets point into this string.
        id: The platform's own id, or empty.
        author: Whoever wrote it (a name or handle), or empty.
        time: When, with a time zone, or None where the source does not say.
        thread: The id of the thread that it stands in, or empty.
        title: The thread's title or the channel's name, or empty.
        reply_to: The id of the message that it answers, or empty.
        parent: The text of the message that it answers, or None.
        place: Where it was read, such as `general/2026-09-01.json:3`, or empty.
        inferred: Whether what it answers was worked out from quotes, mentions or times, because the
            source does not say it.
    """

    text: str
    id: str = ""
    author: str = ""
    time: datetime | None = None
    thread: str = ""
    title: str = ""
    reply_to: str = ""
    parent: str | None = None
    place: str = ""
    inferred: bool = False

    @classmethod
    def from_dict(cls, row: Mapping[str, Any], *, place: str = "") -> "Message":
        """Return the message that a `score` input line holds.

        Args:
            row: `{"id"?, "text", "parent"?, "thread"?, "author"?, "time"?}`; other keys are left
                alone. Null reads as absent, except for `text`.
            place: Where the row stood, for error messages.

        Raises:
            InputError: If `text` is missing or a value has the wrong type.
        """
        text = row.get("text")
        if not isinstance(text, str):
            found = "nothing" if text is None else type(text).__name__
            raise InputError(
                f'"text" must be a string, got {found}. Give every row a "text".', place=place
            )
        parent = row.get("parent")
        if parent is not None and not isinstance(parent, str):
            raise InputError(
                f'"parent" must be a string or null, got {type(parent).__name__}. '
                "Give the text of the message that is answered.",
                place=place,
            )
        return cls(
            text=text,
            id=_name(row, "id", place),
            author=_name(row, "author", place),
            time=parse_time(row.get("time"), place),
            thread=_name(row, "thread", place),
            parent=parent,
            place=place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Messages that belong together, oldest first."""

    id: str
    title: str = ""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that could not be read, or what else a reader has to say about a file.

    Attributes:
        place: Where it stood.
        reason: What was wrong with it.
        kind: What was lost: `row` for one row, `rest` for the rest of a file from here on, and
            `notice` where nothing was, as for a guessed encoding.
    """

    place: str
    reason: str
    kind: str = "row"


def parse_time(value: object, place: str = "") -> datetime | None:
    """Return the moment that a value names: ISO 8601, or seconds since 1970. None stays None.

    A time without a zone is taken as UTC.

    Raises:
        InputError: If the value is neither.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise InputError(
        f"{str(value)[:40]!r} is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, "
        "or seconds since 1970.",
        place=place,
    )


def _name(row: Mapping[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(
            f'"{key}" must be a string or a whole number, got {type(value).__name__}.', place=place
        )
    return str(value)
