"""Reddit: dumps of comments and submissions, one JSON object a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE
from tonecheck.exports.base import SNIFF_BYTES, Reader, Row, Times, name_of, need
from tonecheck.exports.rows import json_lines, messages, rows
from tonecheck.exports.streams import Decoded, head, head_text, json_shape
from tonecheck.exports.unpacked import ZSTD_MAGIC, unzstd
from tonecheck.messages import BadRow, Message

_SHAPES = (
    frozenset(("body", "link_id", "created_utc")),
    frozenset(("title", "selftext", "created_utc")),
)
# What dumps are called, for those that cannot be looked into.
_DUMP = re.compile(r"R[CS]_\d{4}-\d\d\.zst|.+_(?:comments|submissions)\.zst", re.ASCII)
_KIND = re.compile(r"t[1-6]_", re.ASCII)
_COMMENT, _SUBMISSION = "t1", "t3"
_GONE = re.compile(
    r"\[ ?(?:deleted|removed)(?: by (?:user|moderators?|reddit\b[^\[\]\n]{0,80}?))? ?\]",
    re.IGNORECASE,
)
_MACHINE = "AutoModerator"  # the site's own; other bots cannot be told from people
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ADVICE = "Use seconds since 1970, as Reddit does."


class Reddit(Reader):
    """Reads comments and submissions of Reddit as archives keep them, also in one file.

    A thread is a submission with its comments; a submission's text is its title and what stands
    below. What was deleted or removed is left out, and so is AutoModerator; replies to it keep
    their link. Ids get their kind (`t1_` for a comment, `t3_` for a submission), because one of
    each may share a number.
    """

    name = "reddit"
    title = "Reddit dump"
    how_to = (
        "Get the comments and the submissions of a subreddit from an archive of Reddit, such as "
        "the download tool of Arctic Shift; they are two files with one JSON object a line. "
        "Give tonecheck both, so that comments find the posts that they answer. Dumps that end "
        "in .zst mostly have to be unpacked first: zstd -d --long=31 FILE."
    )
    files = (".jsonl", ".ndjson", ".json", ".zst")

    def sniff(self, path: Path) -> bool:
        """Return whether a file begins with a comment or a submission, or is called a dump."""
        try:
            text = _start(path)
        except (InputError, *DAMAGE):
            return _DUMP.fullmatch(path.name) is not None
        shape = json_shape(text)
        if shape is None or shape.lists > 1:
            return False
        return any(keys <= set(shape.keys) for keys in _SHAPES)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the comments and submissions, in the order of the file."""
        dump = _Dump()
        is_packed = head(path).startswith(ZSTD_MAGIC)
        yield from messages(_packed_rows(path) if is_packed else rows(path), dump.message)
        yield from dump.times.notice(path.name, _ADVICE)


def is_gone(text: str) -> bool:
    """Return whether a text is what Reddit shows in the place of a deleted or removed one."""
    return _GONE.fullmatch(text.strip()) is not None


def _start(path: Path) -> str:
    if not head(path).startswith(ZSTD_MAGIC):
        return head_text(path)
    with unzstd(path) as file, Decoded(file) as source:
        return source.read(SNIFF_BYTES)


def _packed_rows(path: Path) -> Iterator[Row | BadRow]:
    place = path.name
    try:
        with unzstd(path) as file, Decoded(file) as source:
            for row in json_lines(source, path.name):
                place = row.place
                yield row
    except DAMAGE:
        yield BadRow(
            place=place,
            reason="the packed file is damaged or breaks off after this line, so the rest of it "
            "was not read. Download it again.",
            kind="rest",
        )


@dataclass(slots=True)
class _Dump:
    """What has been read of one file."""

    times: Times = field(default_factory=Times)

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where it is gone or a machine speaks."""
        cells = row.cells
        if cells.get("author") == _MACHINE:
            return None
        if cells.get("body") is not None:
            return self._comment(row)
        if cells.get("title") is not None:
            return self._submission(row)
        raise InputError(
            'it is no comment (with a "body") and no submission (with a "title"). '
            "Give the dump of comments or of submissions."
        )

    def _comment(self, row: Row) -> Message | None:
        body, link = need(row.cells, "body", str), _full_name(row.cells, "link_id", _SUBMISSION)
        key, answered = _full_name(row.cells, "id", _COMMENT), _answered(row.cells, link)
        if is_gone(body):
            return None
        return self._message(row, id=key, text=_unescaped(body), thread=link, reply_to=answered)

    def _submission(self, row: Row) -> Message | None:
        cells = row.cells
        title, key = need(cells, "title", str), _full_name(cells, "id", _SUBMISSION)
        below = need(cells, "selftext", str) if cells.get("selftext") is not None else ""
        if is_gone(title) or is_gone(below) or cells.get("removed_by_category"):
            return None
        title, below = _unescaped(title).strip(), _unescaped(below).strip()
        text = "\n\n".join(filter(None, (title, below)))
        return self._message(row, id=key, text=text, thread=key, title=title)

    def _message(
        self, row: Row, *, id: str, text: str, thread: str, title: str = "", reply_to: str = ""
    ) -> Message:
        author = name_of(row.cells, "author")
        return Message(
            text=text,
            id=id,
            author="" if is_gone(author) else author,
            time=self.times.read(row.cells.get("created_utc")),
            thread=thread,
            title=title,
            reply_to=reply_to,
            place=row.place,
        )


def _answered(cells: dict[str, Any], link: str) -> str:
    """Return what a comment answers: another comment, or its submission."""
    parent = cells.get("parent_id")
    # The late Pushshift API left this empty right under a submission, and gave numbers elsewhere.
    if parent is None or parent == "":
        return link
    if isinstance(parent, int | float) and not isinstance(parent, bool):
        return f"{_COMMENT}_{_base36(parent)}"
    is_link = parent == _KIND.sub("", link)
    return _full_name(cells, "parent_id", _SUBMISSION if is_link else _COMMENT)


def _full_name(cells: dict[str, Any], key: str, kind: str) -> str:
    """Return an id with the kind before it, such as `t1_c0ffee`."""
    name = name_of(cells, key)
    if not name:
        raise InputError(f'"{key}" is missing. Take a dump that holds all fields.')
    return name if _KIND.match(name) else f"{kind}_{name}"


def _base36(number: float) -> str:
    """Return a number as the ids of Reddit write it."""
    if not 0 <= number < 2**63:  # which is false of what is no number, too
        raise InputError('"parent_id" must be an id such as t1_c0ffee or its number.')
    rest, digits = int(number), ""
    while rest:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _unescaped(text: str) -> str:
    """Return a text with the three characters that Reddit's API escapes; ">" marks quotes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
