"""Discord: the CSV that DiscordChatExporter writes, one channel or thread a file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, Times, name_of, need
from tonecheck.exports.discord import shown
from tonecheck.exports.inferred import Replies
from tonecheck.exports.people import People
from tonecheck.exports.rows import csv_rows, header, messages
from tonecheck.messages import BadRow, Message

_COLUMNS = frozenset(("authorid", "author", "date", "content", "attachments", "reactions"))
# "Learning R - Course - help [900] (after 2026-09-01) [part 2]": the exporter's own file names.
_FILE = re.compile(
    r"(?P<name>.{1,300}?)(?: \[(?P<id>\d{1,20})\])?(?: \([^()]{1,60}\))?(?: \[part \d{1,9}\])?",
    re.ASCII,
)
# What the exporter writes where the system speaks. Nothing else in a row tells.
_SYSTEM = re.compile(
    r"(?:Joined the server|Pinned a message|Started a thread|Changed the channel icon"
    r"|Changed the channel name(?:: .{1,100})?|Started a call that lasted [\d,]{1,20} minutes"
    r"|(?:Added|Removed) a recipient|Added .{1,100} to the group|Left the group"
    r"|Removed .{1,100} from the group)\.?"
)
_ADVICE = "Export again with a newer DiscordChatExporter, which writes times in ISO 8601."


class DiscordCsv(Reader):
    """Reads a channel or thread exported by DiscordChatExporter as CSV.

    The file says neither which message answers which nor what their ids are, so a whole channel is
    one thread, replies are inferred from quotes, mentions and times (see `inferred.Replies`), and a
    message is called by its channel and time. Bots cannot be told from people; lines of the system
    are known by their words and left out. The channel's name and id are taken from the name that
    the exporter gave the file. The file is read twice, and never held.
    """

    name = "discord-csv"
    title = "DiscordChatExporter CSV"
    how_to = (
        "Choose JSON in DiscordChatExporter if you can, because a CSV does not say who answers "
        "whom. To get the CSV, choose the channels, set the format to CSV and export. "
        "Give tonecheck the .csv files under the names that they were saved by, because those "
        "tell the channel."
    )
    files = (".csv",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file has the columns that the exporter writes."""
        mark, first = header(path)
        return {name.strip() for name in first.replace('"', "").lower().split(mark)} >= _COLUMNS

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the messages of a channel or thread.

        Raises:
            InputError: If the file lacks the columns.
        """
        if not self.sniff(path):
            raise InputError(
                "lacks the columns AuthorID, Author, Date, Content, Attachments and Reactions, "
                "so DiscordChatExporter did not write it. Give the .csv as it was exported.",
                place=str(path),
            )
        channel = _Channel.of(path)
        for row in csv_rows(path):
            if isinstance(row, Row):
                channel.note(row)
        yield from messages(csv_rows(path), channel.message)
        yield from channel.times.notice(path.name, _ADVICE)


@dataclass(slots=True)
class _Channel:
    """What has to be known of a whole file before its messages can be read."""

    id: str
    name: str
    names: dict[str, str] = field(default_factory=dict)  # of the people who write, by their ids
    people: People = field(default_factory=People)
    times: Times = field(default_factory=Times)
    replies: Replies = field(default_factory=Replies)
    moment: str = ""
    at_moment: int = 0  # how many messages were read of this moment

    @classmethod
    def of(cls, path: Path) -> "_Channel":
        """Return the channel that the name of a file tells."""
        found = _FILE.fullmatch(path.stem)
        name = found["name"] if found else path.stem
        key = found["id"] if found else None
        # Without an id in the brackets a person has named the file, and a dash may mean anything.
        return cls(id=key or name, name=name.rpartition(" - ")[2] if key else name)

    def note(self, row: Row) -> None:
        """Take in who wrote a message."""
        cells = _cells(row)
        key, name = name_of(cells, "authorid"), name_of(cells, "author")
        self.names.setdefault(key, name)
        self.people.note(key, name)

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where the system speaks."""
        cells = _cells(row)
        text = shown(need(cells, "content", str), self.names)
        time = self.times.read(cells.get("date"))
        key = self._key(time, name_of(cells, "date"))
        if _SYSTEM.fullmatch(text):
            return None
        author = self.people.label(name_of(cells, "authorid"), name_of(cells, "author"))
        answered = self.replies.answered(key, text, author=author, time=time)
        return Message(
            text=text,
            id=key,
            author=author,
            time=time,
            thread=self.id,
            title=f"#{self.name}",
            reply_to=answered,
            place=row.place,
            inferred=bool(answered),
        )

    def _key(self, time: datetime | None, date: str) -> str:
        """Return an id; the author's stays out of it, as reports may hide who wrote what."""
        # In UTC, as the exporter writes the times of whichever zone it ran in.
        moment = time.astimezone(UTC).isoformat() if time and 1 < time.year < MAXYEAR else date
        self.at_moment = self.at_moment + 1 if moment == self.moment else 1
        self.moment = moment
        return f"{self.id}/{moment}" + (f"-{self.at_moment}" if self.at_moment > 1 else "")


def _cells(row: Row) -> dict[str, object]:
    """Return the cells by the plain names of their columns."""
    return {name.strip().lower(): cell for name, cell in row.cells.items()}
