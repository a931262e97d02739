"""Which export formats there are, and which of them a file is."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tonecheck.errors import InputError
from tonecheck.exports.archive import opened
from tonecheck.exports.base import Reader
from tonecheck.exports.canvas import Canvas
from tonecheck.exports.convokit import ConvoKit
from tonecheck.exports.discord import Discord
from tonecheck.exports.discord_csv import DiscordCsv
from tonecheck.exports.discourse import Discourse
from tonecheck.exports.discourse_archive import DiscourseArchive
from tonecheck.exports.discourse_explorer import DiscourseExplorer
from tonecheck.exports.mattermost import Mattermost
from tonecheck.exports.mbox import Mbox
from tonecheck.exports.moodle import Moodle
from tonecheck.exports.moodle_service import MoodleService
from tonecheck.exports.openedx import OpenEdx
from tonecheck.exports.reddit import Reddit
from tonecheck.exports.rocketchat import RocketChat
from tonecheck.exports.slack import Slack
from tonecheck.exports.stackexchange import StackExchange
from tonecheck.exports.streams import head, head_text, json_shape
from tonecheck.exports.table import Table
from tonecheck.exports.teams import Teams
from tonecheck.exports.telegram import Telegram
from tonecheck.exports.unpacked import ZSTD_MAGIC
from tonecheck.exports.whatsapp import WhatsApp
from tonecheck.exports.zoom import Zoom
from tonecheck.exports.zulip import Zulip
from tonecheck.messages import BadRow, Message

READERS: tuple[Reader, ...] = (
    Zulip(),
    Mattermost(),
    RocketChat(),  # one's own data holds a channels.json, as what Slack exports does
    ConvoKit(),  # a corpus holds a users.json, as well
    Slack(),
    WhatsApp(),
    Teams(),
    Discord(),
    DiscordCsv(),
    Telegram(),
    Canvas(),
    Discourse(),
    DiscourseArchive(),
    DiscourseExplorer(),
    Moodle(),
    MoodleService(),
    OpenEdx(),
    StackExchange(),
    Reddit(),
    Mbox(),
    Zoom(),
    Table(),
)
"""Every reader; the first that recognises a file reads it, so the table comes last."""

_SHOWN = 8
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins a zip that holds nothing
_KINDS = (
    (b"\x1f\x8b", "packed with gzip: unpack it first"),
    (ZSTD_MAGIC, "packed with Zstandard: unpack it first, with zstd -d --long=31 FILE"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Office file: save it as CSV"),
)


def reader_named(name: str) -> Reader:
    """Return the reader of a format.

    Raises:
        InputError: If there is no such format.
    """
    for reader in READERS:
        if reader.name == name:
            return reader
    raise InputError(f"there is no format {name!r}. The formats are: {_names()}.")


def sniff(path: str | os.PathLike[str]) -> Reader:
    """Return the reader that recognises a file.

    Raises:
        InputError: If the file cannot be opened or none does; it says what the file looks like.
    """
    file = _openable(path)
    for reader in READERS:
        if reader.sniff(file):
            return reader
    raise InputError(
        f"this is {_description(file)}, and no format is recognised. The formats are: {_names()}. "
        "Name one with --format, or name the column with the text of a table: --map text=COLUMN.",
        place=str(path),
    )


def read_export(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Message | BadRow]:
    """Return the messages of an export, as a stream, with a `BadRow` for each unreadable one.

    Args:
        path: The file.
        format: The name of its format; recognised from the file where None.
        columns: Which column of a table holds which field, such as `{"text": "body"}`; with it
            the file is read as a table.

    Raises:
        InputError: If the file cannot be opened or is of no known format; while reading, if it is
            not what it was said to be. Once a message was read, what is wrong with the rest of the
            file is a `BadRow`.
    """
    file = _openable(path)
    if columns and format not in {None, Table.name}:
        raise InputError(
            f"columns can be mapped in tables only, not in the format {format!r}. "
            "Leave out --map, or use --format table."
        )
    if columns:
        return _kept(Table(columns).read(file), file)
    reader = sniff(file) if format is None else reader_named(format)
    return _kept(reader.read(file), file)


def _kept(rows: Iterator[Message | BadRow], file: Path) -> Iterator[Message | BadRow]:
    """Yield the rows of a file, so that a late error costs no more than what stands behind it.

    Raises:
        InputError: If there is an error before the first message.
    """
    found, problem = False, ""
    try:
        for row in rows:
            found = found or isinstance(row, Message)
            yield row
    except InputError as err:
        if not found:
            raise
        problem = str(err).removeprefix(f"{err.place}: ")
    except OSError as err:
        problem = f"cannot be read from here on: {err.strerror or err}. Copy it to another disk."
        if not found:
            raise InputError(problem, place=str(file)) from None
    if problem:
        yield BadRow(place=file.name, reason=problem, kind="rest")


def _openable(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be opened and holds something.

    Raises:
        InputError: If it is missing, a directory, empty or unreadable, or a zip that is cut
            off or too large.
    """
    file, place = Path(path), str(path)
    if file.is_dir():
        raise InputError("is a directory. Give the exported file itself.", place=place)
    if not file.exists():
        raise InputError("there is no such file. Check the path.", place=place)
    if not file.is_file():
        raise InputError("is not a regular file. Save the export to a file first.", place=place)
    try:
        start = head(file)
    except OSError as err:
        raise InputError(
            f"cannot be opened: {err.strerror}. Check who may read it.", place=place
        ) from None
    if not start:
        raise InputError("is empty. Export or download it again.", place=place)
    if start.startswith(_ZIP):
        with opened(file):
            pass  # it is complete, and within the limits
    return file


def _description(file: Path) -> str:
    """Return what a file looks like, for someone who expected it to be recognised."""
    start = head(file)
    for magic, kind in _KINDS:
        if start.startswith(magic):
            return kind
    if start.startswith(_ZIP):
        with opened(file) as archive:
            names = archive.namelist()
        if "[Content_Types].xml" in names:
            return "an Office file: save it as CSV"
        return f"a zip without users.json and channels.json (it holds {_some(names)})"
    text = head_text(file)
    if "\0" in text:
        return "binary data"
    shape = json_shape(text)
    if shape is None:
        return "text without columns"
    return f"JSON with {'the keys ' + _some(list(shape.keys)) if shape.keys else 'no objects'}"


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name)[1:-1][:60] for name in names[:_SHOWN])
    return (shown or "nothing") + (", …" if len(names) > _SHOWN else "")


def _names() -> str:
    return ", ".join(f"{reader.name} ({reader.title})" for reader in READERS)
