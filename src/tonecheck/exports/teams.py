"""Microsoft Teams: a person's own export, and messages as Microsoft Graph gives them."""

import io
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE, until_damage
from tonecheck.exports.base import SNIFF_BYTES, Reader, Row, moment, name_of, need
from tonecheck.exports.people import Chats
from tonecheck.exports.rows import json_objects, messages
from tonecheck.exports.streams import Decoded, Item, Shape, items, json_shape
from tonecheck.exports.tar import is_tar, tar_members
from tonecheck.exports.teams_graph import LINES, graph_messages
from tonecheck.exports.teams_markup import quoted_id, teams_text
from tonecheck.messages import BadRow, Message

_MEMBER = "messages.json"
_WANTED = re.compile(rf"(?:.*/)?{re.escape(_MEMBER)}", re.DOTALL)
_CHAT = "conversations.item"
_MESSAGES = f"{_CHAT}.MessageList.item"
_ABOUT = (f"{_CHAT}.id", f"{_CHAT}.displayName", _MESSAGES)
# What people write. The others are calls, members who come and go, files, pictures and cards.
_PLAIN, _LINES = "Text", "RichText"  # in the second a line break is one, in HTML it is a space
_WRITTEN = frozenset((_PLAIN, _LINES, "RichText/Html"))
_PERSON, _BOT = "8:", "28:"
_LOGS, _NOTES = "48:", "48:notes"  # lists of calls and copies of mentions; notes to oneself
_GRAPH = frozenset(("createdDateTime", "body"))
_GRAPH_ONLY = frozenset(("messageType", "replyToId", "chatId", "channelIdentity"))  # not of mail
_OTHER = (
    "holds no messages of Teams. Give the .tar of the export or the messages.json inside it, or "
    "messages as Microsoft Graph gives them, with their body and createdDateTime."
)

_BROKEN = "the archive breaks off or is damaged here. Download it again."


class Teams(Reader):
    """Reads a person's own export (a .tar, or its messages.json) and lists of Graph chatMessages.

    Those stand under `value`, in a list or one in a line. In a channel a post with its replies is a
    thread, elsewhere a chat is one. A message that quotes another answers it; what it quotes stays
    in it as a quote. Messages keep the order of the file, which is often newest first. Events,
    calls, cards, bots and deleted messages are left out. The file is read twice, and never held.
    """

    name = "teams"
    title = "Microsoft Teams"
    how_to = (
        "For one's own chats in Teams (free), follow Microsoft's page “Export or delete your data "
        "in Microsoft Teams (free)”, ask for the chat history and give tonecheck the .tar that "
        "comes. In a school, an administrator can save messages from Microsoft Graph as JSON, such "
        "as /teams/ID/channels/ID/messages?$expand=replies or /chats/ID/messages. The command "
        "`m365 teams message list --output json` gives such a list, but without the replies."
    )
    files = (".tar", ".json", ".jsonl")

    def sniff(self, path: Path) -> bool:
        """Return whether a file is an export of Teams, or begins as messages from Graph do."""
        try:
            return bool(_kind(path))
        except InputError:
            return True  # reading says what is wrong with it

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages in the order of the file, replies behind the post that holds them.

        Raises:
            InputError: If it holds no messages of Teams, or too large a file of them.
        """
        kind = _kind(path)
        if not kind:
            raise InputError(_OTHER, place=str(path))
        yield from _own(path) if kind == _CHAT else graph_messages(path, kind)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Decoded, str]]:
    """Open the text of a file, or of the messages in a tar, with what places call it.

    A tar without messages has no text.

    Raises:
        InputError: If it is a tar with too much in it.
    """
    if not is_tar(path):
        with path.open("rb") as file, Decoded(file) as source:
            yield source, path.name
        return
    with closing(tar_members(path, _WANTED)) as members:
        inside: IO[bytes] = io.BytesIO()
        with suppress(*DAMAGE):
            inside = next((file for _, file in members), inside)
        with Decoded(inside) as source:
            yield source, _MEMBER


def _kind(path: Path) -> str:
    """Return where the messages stand in the JSON of a file, or nothing where it is not ours."""
    text = ""
    with _opened(path) as (source, _), suppress(*DAMAGE):
        text = source.read(SNIFF_BYTES)
    shape = json_shape(text) or Shape(2, ())
    keys = frozenset(shape.keys)
    if not shape.lists and "conversations" in keys and keys & {"userId", "exportDate"}:
        return _CHAT
    if not shape.lists and "value" in keys:
        parts = (f'"{key}"' in text for key in (*_GRAPH, "messageType"))
        return "value.item" if all(parts) else ""
    if shape.lists > 1 or not (keys >= _GRAPH and keys & _GRAPH_ONLY):
        return ""
    return "item" if shape.lists else LINES


def _own(path: Path) -> Iterator[Message | BadRow]:
    """Yield the messages of a person's own export."""
    export = _Export()
    with _opened(path) as (source, _), suppress(InputError, *DAMAGE):
        for item in items(source, _ABOUT):
            export.note(item)
    with _opened(path) as (source, name):
        rows = until_damage(json_objects(source, name, [_MESSAGES]), name, _BROKEN)
        yield from messages(rows, export.message)


@dataclass(slots=True)
class _Export:
    """What has to be known of a person's own export before its messages can be read."""

    chats: Chats = field(default_factory=Chats)
    chat: str = ""

    def note(self, item: Item) -> None:
        """Take in what a chat is called, or who wrote a message in it."""
        match item.path.rpartition(".")[2], item.value:
            case "id", str():
                self.chat = item.value
            case "displayName", str():
                self.chats.names[self.chat] = item.value
            case _, {"messagetype": str(kind), "from": str(sender), **cells} if kind in _WRITTEN:
                name = cells.get("displayName")
                self.chats.note(_short(sender), name if isinstance(name, str) else "", self.chat)

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where nobody wrote it or it was deleted."""
        cells = row.cells
        kind, sender = need(cells, "messagetype", str), _short(name_of(cells, "from"))
        chat, _, root = need(cells, "conversationid", str).partition(";messageid=")
        is_log = chat.startswith(_LOGS) and chat != _NOTES
        properties = cells.get("properties")
        gone = isinstance(properties, dict) and properties.get("deletetime")
        if kind not in _WRITTEN or sender.startswith(_BOT) or is_log or gone:
            return None
        content = need(cells, "content", str)
        if not content:
            return None  # what a message holds after it was deleted
        key = need(cells, "id", str)
        answered = quoted_id(content) or (root if root != key else "")
        return Message(
            text=_readable(content, kind),
            id=f"{chat}/{key}",
            author=self.chats.author(sender, name_of(cells, "displayName")),
            time=moment(need(cells, "originalarrivaltime", str)),
            thread=f"{chat}/{root}" if root else chat,
            title=self.chats.title(chat),
            reply_to=f"{chat}/{answered}" if answered else "",
            place=row.place,
        )


def _short(sender: str) -> str:
    """Return an id without the address that may stand before it, and without the kind `8:`."""
    return sender.rpartition("/")[2].removeprefix(_PERSON)


def _readable(content: str, kind: str) -> str:
    if kind == _PLAIN:
        return content
    return teams_text(content.replace("\n", "<br>") if kind == _LINES else content)
