"""Messages of Teams as Microsoft Graph gives them: `chatMessage`."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Row, moment, name_of, need, titled, topic_of
from tonecheck.exports.people import Chats
from tonecheck.exports.rows import json_rows, jsonl_rows, messages, nested
from tonecheck.exports.teams_markup import quoted_id, teams_text
from tonecheck.messages import BadRow, Message

LINES = "lines"
"""In place of a path in the JSON of a file: it holds one message on each line."""

_REFERENCE = "messageReference"


def graph_messages(path: Path, wanted: str) -> Iterator[Message | BadRow]:
    """Yield the messages of a file, reading it twice.

    Args:
        path: The file.
        wanted: Where they stand in its JSON; `LINES` where each is a line.
    """
    graph = _Graph()
    for row in _posts(path, wanted):
        if isinstance(row, Row):
            with suppress(InputError):  # the real reading reports it
                graph.note(row)
    yield from messages(_posts(path, wanted), graph.message)


def _posts(path: Path, wanted: str) -> Iterator[Row | BadRow]:
    """Yield the chatMessages of a file, and behind each the replies that it holds."""
    rows = jsonl_rows(path) if wanted == LINES else json_rows(path, [wanted])
    for row in rows:
        yield row
        if isinstance(row, Row):
            yield from _replies(row)


def _replies(post: Row) -> Iterator[Row | BadRow]:
    for reply in nested(post, "replies"):
        if isinstance(reply, Row) and not reply.cells.get("replyToId"):
            reply.cells["replyToId"] = post.cells.get("id")
        yield reply


@dataclass(slots=True)
class _Graph:
    """What has to be known of the whole of a list before its messages can be read."""

    chats: Chats = field(default_factory=Chats)
    answered: set[str] = field(default_factory=set)  # posts that have replies
    titles: dict[str, str] = field(default_factory=dict)  # of those

    def note(self, row: Row) -> None:
        """Take in who wrote a message, and which thread it begins or answers."""
        cells = row.cells
        if not _is_written(cells):
            return
        where, is_chat = _where(cells)
        self.chats.note(*_user(cells), where)
        root = name_of(cells, "replyToId")
        top = _joined(where, root or need(cells, "id", str))
        if root:
            self.answered.add(top)
        elif top in self.answered and not is_chat:
            self.titles[top] = _title(cells, _body(cells)[0])

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where nobody wrote it or it was deleted."""
        cells = row.cells
        if not _is_written(cells):
            return None
        where, is_chat = _where(cells)
        key, root = need(cells, "id", str), name_of(cells, "replyToId")
        text, quoted = _body(cells)
        top, answered = _joined(where, root or key), quoted or root
        if is_chat:
            title = self.chats.title(where)
        elif root:
            title = self.titles.get(top, "")
        else:
            title = _title(cells, text)
            if top in self.answered:
                self.titles[top] = title
        return Message(
            text=text,
            id=_joined(where, key),
            author=self.chats.author(*_user(cells)),
            time=moment(need(cells, "createdDateTime", str)),
            thread=where if is_chat else top,
            title=title,
            reply_to=_joined(where, answered) if answered else "",
            place=row.place,
        )


def _is_written(cells: dict[str, Any]) -> bool:
    """Return whether a person wrote a chatMessage, and left it there."""
    sender = cells.get("from")
    is_bot = isinstance(sender, dict) and not sender.get("user") and sender.get("application")
    is_event = name_of(cells, "messageType") not in {"", "message"}
    return not (is_bot or is_event or cells.get("deletedDateTime"))


def _where(cells: dict[str, Any]) -> tuple[str, bool]:
    """Return the chat or the channel of a chatMessage, as far as it says, and whether a chat."""
    if chat := name_of(cells, "chatId"):
        return chat, True
    channel = cells.get("channelIdentity")
    return name_of(channel, "channelId") if isinstance(channel, dict) else "", False


def _joined(where: str, key: str) -> str:
    return f"{where}/{key}" if where else key  # ids are unique in one channel only


def _user(cells: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the name of whoever wrote a chatMessage, empty where they are gone."""
    user = need(cells, "from", dict).get("user") if cells.get("from") is not None else None
    return (
        (name_of(user, "id"), name_of(user, "displayName")) if isinstance(user, dict) else ("", "")
    )


def _title(cells: dict[str, Any], text: str) -> str:
    return topic_of(name_of(cells, "subject")) or titled("", text)


def _body(cells: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a chatMessage and the id of what it quotes."""
    body = need(cells, "body", dict)
    content = need(body, "content", str)
    attachments = cells.get("attachments")
    quoted = [
        str(entry.get("id"))
        for entry in (attachments if isinstance(attachments, list) else ())
        if isinstance(entry, dict) and entry.get("contentType") == _REFERENCE
    ]
    reference = quoted[0] if len(quoted) == 1 else ""
    if name_of(body, "contentType").lower() == "text":
        return content, reference
    return teams_text(content), quoted_id(content) or reference
